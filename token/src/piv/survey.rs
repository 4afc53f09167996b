//! What is on a card: every key in a slot that Kunci may use, as the lanes report it.
//!
//! PIV's keys cannot be read out by any command, and what they may be used for is not theirs to say, so most of PKCS#11's
//! attributes are untold. A key that was brought, or that signs without a PIN, fails a requirement.

use hsm_config::{Flaw, PivSlot};
use yubikey::PinPolicy;
use yubikey::piv::Origin;

use super::Card;
use super::slot::{Occupant, SlotKey};
use crate::lane::{Attributes, KeyReport};
use crate::pkcs11::Failure;
use crate::{KeyId, Sha256};

impl Card {
    /// Describes the key in a slot, if there is one.
    pub(super) fn describe(
        &mut self,
        slot: PivSlot,
        id: KeyId,
        label: &str,
    ) -> Result<Option<KeyReport>, Failure> {
        let (key, unusable) = match self.occupant(slot)? {
            Occupant::None => return Ok(None),
            Occupant::Key(key) => (Some(key), None),
            Occupant::Other(flaw) => (None, Some(flaw)),
            Occupant::Certificate => (None, Some(Flaw::UnknownType)),
        };
        let certificate = self.certificate(slot)?.certificate();
        Ok(Some(KeyReport {
            id: Some(id),
            label: label.into(),
            spki: key.as_ref().map(|key| key.public.spki().to_vec()).unwrap_or_default(),
            kind: key.as_ref().map(|key| key.public.kind()),
            attributes: key.as_ref().map(|key| attributes(key)).unwrap_or_default(),
            flaws: key
                .as_ref()
                .map(|key| failed(key))
                .unwrap_or_default()
                .into_iter()
                .chain(unusable)
                .collect(),
            certificate_sha256: certificate.map(|certificate| Sha256::of(&certificate)),
        }))
    }
}

fn attributes(key: &SlotKey) -> Attributes {
    Attributes { local: key.origin.map(|origin| origin == Origin::Generated), ..Attributes::default() }
}

/// Each requirement that a key fails.
fn failed(key: &SlotKey) -> Vec<Flaw> {
    let brought = key.origin != Some(Origin::Generated);
    let open = key.policy.is_some_and(|(pin, _)| pin == PinPolicy::Never);
    let flaws = [brought.then_some(Flaw::NotLocal), open.then_some(Flaw::NotPrivate)];
    flaws.into_iter().flatten().collect()
}
