//! What is in a slot: nothing, a key that we can use, or something else, be it a certificate alone.
//!
//! Firmware from 5.3 tells by GET METADATA. Before, an attestation tells of a key that was made there, and the slot's
//! certificate of one that may have been brought; a key without either cannot be seen.

use std::time::{Duration, Instant};

use hsm_config::{Flaw, PivSlot};
use yubikey::piv::{self, Origin, SlotId};
use yubikey::{Error, PinPolicy, TouchPolicy};

use der::Encode;

use super::object::Stored;
use super::{Card, code};
use crate::PublicKey;
use crate::lane::Fault;
use crate::pkcs11::Failure;
use crate::public_key::KeyError;

/// How long a touch counts where the policy is "cached": 15 s on the YubiKey, here less, so that nobody has to touch untold.
const TOUCH_COUNTS: Duration = Duration::from_secs(13);

/// What a slot holds.
pub(super) enum Occupant {
    /// Nothing.
    None,
    /// A key.
    Key(Box<SlotKey>),
    /// A key of a kind that Kunci has no use for, and what it fails.
    Other(Flaw),
    /// No key that is told of, and something in its certificate's place.
    Certificate,
}

/// A key in a slot.
pub(super) struct SlotKey {
    pub(super) public: PublicKey,
    /// Whether it was made there; unknown where only a certificate tells of it.
    pub(super) origin: Option<Origin>,
    /// When the PIN and a touch are wanted; unknown before 5.3.
    pub(super) policy: Option<(PinPolicy, TouchPolicy)>,
    /// When it was touched last, as far as we know.
    touched: Option<Instant>,
}

impl SlotKey {
    fn new(public: PublicKey, origin: Option<Origin>, policy: Option<(PinPolicy, TouchPolicy)>) -> Self {
        Self { public, origin, policy, touched: None }
    }

    /// Whether the next signature by this policy waits for a touch, and somebody has to be told.
    pub(super) fn waits_for(&self, policy: TouchPolicy) -> bool {
        let counts = self.touched.is_some_and(|touched| touched.elapsed() < TOUCH_COUNTS);
        policy != TouchPolicy::Never && !(policy == TouchPolicy::Cached && counts)
    }

    pub(super) fn was_touched(&mut self) {
        self.touched = Some(Instant::now());
    }
}

impl Card {
    /// Looks into a slot.
    pub(super) fn occupant(&mut self, slot: PivSlot) -> Result<Occupant, Failure> {
        if self.has_metadata() { self.told(slot) } else { self.guessed(slot) }
    }

    fn told(&mut self, slot: PivSlot) -> Result<Occupant, Failure> {
        let told = match piv::metadata(&mut self.key, id(slot)?) {
            Ok(told) => told,
            Err(Error::NotFound) => return self.without_key(slot),
            // An algorithm that the crate does not know.
            Err(Error::AlgorithmError | Error::ParseError | Error::InvalidObject) => {
                return Ok(Occupant::Other(Flaw::UnknownType));
            }
            Err(error) => return Err(code::failure("GET METADATA", error)),
        };
        let public = told.public.and_then(|spki| spki.to_der().ok());
        Ok(match public.map(|spki| PublicKey::from_spki(&spki)) {
            Some(Ok(public)) => Occupant::Key(Box::new(SlotKey::new(public, told.origin, told.policy))),
            Some(Err(why)) => Occupant::Other(flaw(&why)),
            None => Occupant::Other(Flaw::UnknownType),
        })
    }

    fn guessed(&mut self, slot: PivSlot) -> Result<Occupant, Failure> {
        let (certificate, origin) = match piv::attest(&mut self.key, id(slot)?) {
            Ok(attestation) => (attestation.to_vec(), Some(Origin::Generated)),
            Err(error @ Error::PcscError { .. }) => return Err(code::failure("ATTEST", error)),
            Err(_) => match self.certificate(slot)? {
                Stored::Nothing => return Ok(Occupant::None),
                Stored::Unread => return Ok(Occupant::Certificate),
                Stored::Certificate(certificate) => (certificate, None),
            },
        };
        Ok(match PublicKey::from_certificate(&certificate) {
            Ok(public) => Occupant::Key(Box::new(SlotKey::new(public, origin, None))),
            Err(why) => Occupant::Other(flaw(&why)),
        })
    }

    /// A certificate without a key is somebody's, too: making a key there would orphan it.
    fn without_key(&mut self, slot: PivSlot) -> Result<Occupant, Failure> {
        Ok(match self.certificate(slot)? {
            Stored::Nothing => Occupant::None,
            Stored::Certificate(_) | Stored::Unread => Occupant::Certificate,
        })
    }
}

/// What a key fails that cannot be used.
fn flaw(why: &KeyError) -> Flaw {
    match why {
        KeyError::OffCurve(_) => Flaw::OffCurve,
        KeyError::Malformed | KeyError::Unsupported => Flaw::UnknownType,
    }
}

/// A slot as the crate names it.
pub(super) fn id(slot: PivSlot) -> Result<SlotId, Failure> {
    SlotId::try_from(slot.number()).map_err(|_| Fault::Permanent(format!("slot {slot} is not known")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_knows_every_slot_under_its_number() {
        for slot in PivSlot::all() {
            assert_eq!(u8::from(id(slot).unwrap()), slot.number());
        }
    }
}
