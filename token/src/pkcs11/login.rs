//! The process's one login to a token, and the session that holds it.
//!
//! PKCS#11 ends a login with the token's last session, so the [`Anchor`] stays open as long as the token is served.
//! A login that is there already counts as success, and nothing here ever logs out (PKCS#11 v3.1 section 5.6.8).

use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};

use super::code::{Class, Failure, name};
use super::module::Found;
use super::{Module, Names, survey, writing};
use crate::control::LoginOutcome;
use crate::pin::Pin;
use crate::writes::{Call, Write};

/// Codes that by their definition speak of the moment when the call was made, before any PIN was looked at: no try of it is
/// spent. Only those that C_Login and C_InitToken may answer and that no module can come upon later (PKCS#11 v3.1 section
/// 5.1). CKR_DEVICE_REMOVED and CKR_SESSION_CLOSED speak of what happened *during* the call, so they are not among them.
const BEFORE_THE_PIN: [RvError; 12] = [
    RvError::CryptokiNotInitialized,
    RvError::FunctionNotSupported,
    RvError::SlotIdInvalid,
    RvError::TokenNotPresent,
    RvError::SessionHandleInvalid,
    RvError::SessionExists,
    RvError::SessionReadOnlyExists,
    RvError::UserAlreadyLoggedIn,
    RvError::UserAnotherAlreadyLoggedIn,
    RvError::UserPinNotInitialized,
    RvError::UserTypeInvalid,
    RvError::OperationNotInitialized,
];

/// An open session that keeps the process's login alive.
pub struct Anchor {
    session: Session,
    /// Dropped after the session, which closes meanwhile.
    closing: Option<Write>,
}

impl Anchor {
    /// Opens the session; whoever drops it closes it.
    pub fn open(module: &Module, token: &Found) -> Result<Self, Failure> {
        let write = Write::begin(Call::Session);
        Ok(Self { session: writing::open(&write, &module.context, token.slot)?, closing: None })
    }

    /// Whether the process is logged in to the token.
    pub fn is_logged_in(&self) -> Result<bool, Failure> {
        let state = self.session.get_session_info()?.session_state();
        Ok(matches!(state, SessionState::RoUser | SessionState::RwUser))
    }

    /// Whether one of these keys wants the PIN for each signature.
    pub fn has_key_that_wants_pin(&self, names: &Names, labels: &[String]) -> bool {
        // What cannot be searched is not served either.
        survey::wants_pin(&self.session, names, labels).unwrap_or(false)
    }

    /// Calls C_Login, once.
    pub fn login(&self, write: &Write, pin: &Pin) -> LoginOutcome {
        judge(&writing::login(write, &self.session, UserType::User, pin))
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        self.closing = Some(Write::begin(Call::Session));
    }
}

/// What a call that was given a PIN says of it. Where a code does not tell, a try counts as spent: a token that fails
/// halfway may have counted it.
pub(super) fn judge(called: &Result<(), Error>) -> LoginOutcome {
    match called {
        Ok(()) => LoginOutcome::Accepted,
        Err(error) if Class::of(error) == Class::Pin => LoginOutcome::Refused(name(error)),
        // The module has no such function, so nothing was called.
        Err(error @ Error::NullFunctionPointer) => LoginOutcome::NotGiven(name(error)),
        Err(error @ Error::Pkcs11(code, _)) if BEFORE_THE_PIN.contains(code) => {
            LoginOutcome::NotJudged(name(error))
        }
        Err(error) => LoginOutcome::Unclear(name(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    fn outcome(code: RvError) -> LoginOutcome {
        judge(&Err(Error::Pkcs11(code, Function::Login)))
    }

    #[test]
    fn a_code_that_does_not_tell_is_no_proof_that_no_try_was_spent() {
        for code in [
            RvError::DeviceError,
            RvError::FunctionFailed,
            RvError::GeneralError,
            RvError::DeviceMemory,
            RvError::HostMemory,
            RvError::FunctionCanceled,
            RvError::VendorDefined(0x8000_0001),
            // The token went, or the session closed, while the call was under way.
            RvError::DeviceRemoved,
            RvError::SessionClosed,
            // Not of these calls by the standard, or no more than a token's own account of what it did.
            RvError::TokenNotRecognized,
            RvError::TokenWriteProtected,
            RvError::UserTooManyTypes,
            RvError::OperationActive,
        ] {
            assert!(matches!(outcome(code), LoginOutcome::Unclear(_)), "{code:?}");
        }
    }

    #[test]
    fn only_what_comes_before_any_pin_leaves_it_unjudged() {
        for code in [
            RvError::TokenNotPresent,
            RvError::SessionHandleInvalid,
            RvError::UserPinNotInitialized,
            RvError::UserAlreadyLoggedIn,
        ] {
            assert!(matches!(outcome(code), LoginOutcome::NotJudged(_)), "{code:?}");
        }
        assert!(matches!(judge(&Err(Error::NullFunctionPointer)), LoginOutcome::NotGiven(_)));
        for code in [RvError::PinIncorrect, RvError::PinLocked] {
            assert!(matches!(outcome(code), LoginOutcome::Refused(_)), "{code:?}");
        }
    }
}
