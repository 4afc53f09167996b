//! A cell for one YubiKey: empty, or holding the open card.
//!
//! A card does one thing at a time, so whoever works with it holds the cell. Closing takes the card out at once, since
//! what is dropped late would reset a card that is open again.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::Card;
use crate::lane::Fault;
use crate::pkcs11::Failure;

/// At most one open card.
#[derive(Default)]
pub struct CardCell(Mutex<Option<Card>>);

/// The cell, held.
pub struct Held<'a>(MutexGuard<'a, Option<Card>>);

impl CardCell {
    /// Puts a card in; one that was there is closed.
    pub fn put(&self, card: Card) {
        *self.lock() = Some(card);
    }

    /// Closes the card, which resets it: the PIN has to be given again.
    pub fn close(&self) {
        drop(self.lock().take());
    }

    /// Waits for the cell.
    pub fn hold(&self) -> Held<'_> {
        Held(self.lock())
    }

    /// The cell, unless somebody works with the card.
    pub fn try_hold(&self) -> Option<Held<'_>> {
        match self.0.try_lock() {
            Ok(held) => Some(Held(held)),
            Err(TryLockError::Poisoned(poisoned)) => Some(Held(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Card>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// The card, if there is one.
    pub fn card(&mut self) -> Result<&mut Card, Failure> {
        self.0.as_mut().ok_or(Failure::Fault(Fault::Starting))
    }
}
