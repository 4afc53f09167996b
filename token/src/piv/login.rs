//! VERIFY: the PIN given to the card, once, and what its answer says of the PIN.
//!
//! The crate keeps a copy of an accepted PIN until the card is closed, and does not wipe it; we never use that copy. An
//! error that came while the PIN was on its way does not tell whether a try was spent.

use yubikey::Error;

use super::{Card, code};
use crate::control::LoginOutcome;
use crate::pin::Pin;
use crate::pkcs11::{Class, Failure};
use crate::writes::Write;

/// The length of a PIN on a card, in bytes (SP 800-73-4, part 2, section 2.4.3; Yubico takes six to eight of any kind).
pub(super) const PIN_BYTES: std::ops::RangeInclusive<usize> = 6..=8;

impl Card {
    /// Whether a card could take this PIN at all; one of another length costs a try and cannot be right.
    pub fn takes(pin: &Pin) -> bool {
        PIN_BYTES.contains(&pin.expose_bytes().len())
    }

    /// Gives the PIN, once.
    pub fn verify(&mut self, _: &Write, pin: &Pin) -> LoginOutcome {
        if !Self::takes(pin) {
            return LoginOutcome::NotGiven("a PIN has six to eight bytes".into());
        }
        judge(self.key.verify_pin(pin.expose_bytes()))
    }

    /// Whether the card counts the PIN as given. Asking costs no try.
    pub fn is_verified(&mut self) -> Result<bool, Failure> {
        match self.key.verify_pin(&[]) {
            Ok(()) => Ok(true),
            Err(Error::WrongPin { .. } | Error::PinLocked) => Ok(false),
            Err(error) => Err(code::failure("VERIFY", error)),
        }
    }

    /// Whether the card refused because it does not count the PIN as given any more: another program selected its
    /// application. It says the same of a touch that did not come.
    pub(super) fn has_forgotten<T>(&mut self, done: &Result<T, Failure>) -> bool {
        let refused = done.as_ref().is_err_and(|failure| failure.class() == Some(Class::Login));
        refused && self.is_verified().is_ok_and(|verified| !verified)
    }

    /// Takes back what was authenticated: PIN and management key.
    pub(super) fn forget(&mut self) -> Result<(), Failure> {
        // Asking for the tries selects the application again, and that is what forgets.
        self.key.get_pin_retries().map(|_| ()).map_err(Self::failed("SELECT"))
    }
}

fn judge(called: Result<(), Error>) -> LoginOutcome {
    match called {
        Ok(()) => LoginOutcome::Accepted,
        Err(Error::WrongPin { tries: 0 } | Error::PinLocked) => {
            LoginOutcome::Refused("the PIN is blocked: no try is left".into())
        }
        Err(Error::WrongPin { tries }) => LoginOutcome::Refused(format!("wrong PIN, {tries} tries are left")),
        Err(error) => LoginOutcome::Unclear(code::text("VERIFY", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cards_own_word_is_an_outcome() {
        assert_eq!(judge(Ok(())), LoginOutcome::Accepted);
        for tries in [0, 2] {
            assert!(matches!(judge(Err(Error::WrongPin { tries })), LoginOutcome::Refused(_)));
        }
        // Also what a reader says that lost the card: VERIFY may have been on its way.
        let lost = [
            pcsc::Error::RemovedCard,
            pcsc::Error::ResetCard,
            pcsc::Error::NoSmartcard,
            pcsc::Error::NoService,
        ];
        let lost = lost.map(|inner| Error::PcscError { inner: Some(inner) });
        for error in lost.into_iter().chain([Error::GenericError, Error::PcscError { inner: None }]) {
            assert!(matches!(judge(Err(error)), LoginOutcome::Unclear(_)), "{error:?}");
        }
    }
}
