//! A kind of token, as the lanes know it: what answers a question on a token that is served.
//!
//! A kind brings an implementation of [`Token`](crate::traits::Token), [`Provision`](crate::traits::Provision) and
//! [`Attest`](crate::traits::Attest), a [`Backend`] that lets lanes have one in turns, and a loop that finds, logs in and
//! watches ([`super::pkcs11`], [`super::yubikey`]), which the token manager begins. Lanes, latch and protocol know no
//! kind.

use super::shared::Shared;
use crate::lane::{Done, Fault, Work};
use crate::pkcs11::Class;

/// A token that the process is logged in to.
pub(super) trait Backend: Send + Sync {
    /// Does what a question asks. For its turn it waits no longer than half of what the front waits for the answer.
    fn answer(&self, shared: &Shared, work: &Work) -> Served;

    /// Gives back memory that no lane needs at the moment.
    fn close_idle(&self) {}
}

/// What came of a question, and what is suspected of the token.
pub(super) struct Served {
    pub(super) outcome: Result<Done, Fault>,
    pub(super) class: Option<Class>,
}

impl Served {
    /// What the matter is. A token that nobody is logged in to hides its private keys, and one that is being logged in to
    /// is not served.
    pub(super) fn failure_class(&self) -> Option<Class> {
        match self.outcome {
            Err(Fault::KeyMissing | Fault::Starting) => Some(Class::Login),
            _ => self.class,
        }
    }
}
