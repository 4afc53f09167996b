//! The process's one login to a token, and the session that holds it.
//!
//! PKCS#11 ends a login with the token's last session, so the [`Anchor`] stays open as long as the token is served.
//! A login that is there already counts as success, and nothing here ever logs out (PKCS#11 v3.1 section 5.6.8).

use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Module;
use super::code::{Class, Failure, name};
use super::module::Found;
use crate::control::LoginOutcome;

/// A PIN on its way to C_Login: no Debug, no Clone, wiped when dropped.
pub struct Pin(SecretString);

/// An open session that keeps the process's login alive.
pub struct Anchor {
    session: Session,
}

impl Pin {
    /// Takes a PIN out of a file's or a client's bytes: one newline at the end is not part of it. `None` where that
    /// leaves nothing, or no UTF-8.
    pub fn from_bytes(bytes: &Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() { None } else { Some(Self(SecretString::from(text))) }
    }

    pub(super) fn expose(&self) -> &SecretString {
        &self.0
    }
}

impl Anchor {
    /// Opens the session; whoever drops it closes it.
    pub fn open(module: &Module, token: &Found) -> Result<Self, Failure> {
        Ok(Self { session: module.context.open_rw_session(token.slot)? })
    }

    /// Whether the process is logged in to the token.
    pub fn is_logged_in(&self) -> Result<bool, Failure> {
        let state = self.session.get_session_info()?.session_state();
        Ok(matches!(state, SessionState::RoUser | SessionState::RwUser))
    }

    /// Calls C_Login, once.
    pub fn login(&self, pin: Pin) -> LoginOutcome {
        match self.session.login(UserType::User, Some(pin.expose())) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => LoginOutcome::Accepted,
            Err(error) if Class::of(&error) == Class::Pin => LoginOutcome::Refused(name(&error)),
            Err(error) => LoginOutcome::NotJudged(name(&error)),
        }
    }
}
