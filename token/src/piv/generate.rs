//! A key's birth in a slot that is free, with the policies of the configuration.
//!
//! Nothing is ever made over a key: on a YubiKey that would destroy the one before without a word. The new key is read
//! back; one that is not as it was asked for is reported and not used, since not every firmware can remove it.

use hsm_config::{Flaw, KeyType, PinPolicy, PivSlot, TouchPolicy};
use yubikey::piv;

use super::object::in_the_way;
use super::slot::{self, Occupant};
use super::{Card, sign};
use crate::KeyId;
use crate::lane::{Fault, KeyReport};
use crate::pkcs11::Failure;
use crate::writes::Write;

/// When a new key wants the PIN and a touch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policies {
    pub(super) pin: PinPolicy,
    pub(super) touch: TouchPolicy,
}

impl Card {
    /// Why no key is made in a slot; nothing of the kind where nothing is in it. Firmware that does not tell is not believed
    /// when it shows nothing, unless the operator named the slot.
    pub(super) fn taken(&mut self, slot: PivSlot, named: bool) -> Result<Option<Fault>, Failure> {
        Ok(match self.occupant(slot)? {
            Occupant::None if named || self.has_metadata() => None,
            Occupant::Certificate => Some(in_the_way(slot, "a certificate and no key that is seen")),
            Occupant::None | Occupant::Key(_) | Occupant::Other(_) => Some(Fault::Slot(format!(
                "slot {slot} is not empty, and nothing is ever made over a key: adopt it (`kunci token check` tells its digest), \
                 name another slot, or empty it with ykman"
            ))),
        })
    }

    /// Makes a key in a free slot and reads it back. The management key was authenticated.
    pub(super) fn generate(
        &mut self,
        _: &Write,
        slot: PivSlot,
        (id, label): (KeyId, &str),
        kind: KeyType,
        (policies, exceptions): (Policies, &[Flaw]),
    ) -> Result<KeyReport, Failure> {
        self.makes(kind)?;
        let (pin, touch) = policies.of_the_crate();
        piv::generate(&mut self.key, slot::id(slot)?, sign::algorithm(kind), pin, touch)
            .map_err(Self::failed("GENERATE ASYMMETRIC KEY PAIR"))?;
        let report = self.describe(slot, id, label)?.ok_or(Fault::KeyMissing)?;
        let fails = |flaw: &&Flaw| !(exceptions.contains(*flaw) && flaw.may_be_born_with());
        let mut wrong: Vec<_> = report.flaws.iter().filter(fails).map(|flaw| flaw.code()).collect();
        if let Occupant::Key(key) = self.occupant(slot)?
            && key.policy.is_some_and(|policy| policy != (pin, touch))
        {
            wrong.push("wrong-policy");
        }
        if report.kind != Some(kind) {
            wrong.push("wrong-type");
        }
        if wrong.is_empty() {
            return Ok(report);
        }
        Err(Fault::Attributes(format!(
            "the key in slot {slot} is not as it was asked for: {}",
            wrong.join(", ")
        ))
        .into())
    }

    /// Refuses what the firmware cannot do, or does badly.
    pub(super) fn makes(&self, kind: KeyType) -> Result<(), Failure> {
        let version = self.key.version();
        let why = match kind {
            KeyType::P256 => return Ok(()),
            KeyType::Ed25519 => "no Ed25519 key is made on a YubiKey: use p-256".to_owned(),
            KeyType::Rsa3072 | KeyType::Rsa4096 if !self.has_large_rsa() => {
                format!("{kind} keys come with firmware 5.7, and this YubiKey has {version}: use rsa-2048")
            }
            _ if !self.makes_sound_rsa() => {
                format!(
                    "firmware {version} makes RSA keys that can be factored (CVE-2017-15361): use another YubiKey"
                )
            }
            _ => return Ok(()),
        };
        Err(Fault::Slot(why).into())
    }
}

impl Policies {
    /// Whether a touch is wanted, as the card says it.
    pub(super) fn touch(self) -> yubikey::TouchPolicy {
        self.of_the_crate().1
    }

    fn of_the_crate(self) -> (yubikey::PinPolicy, yubikey::TouchPolicy) {
        let pin = match self.pin {
            PinPolicy::Once => yubikey::PinPolicy::Once,
            PinPolicy::Always => yubikey::PinPolicy::Always,
        };
        let touch = match self.touch {
            TouchPolicy::Never => yubikey::TouchPolicy::Never,
            TouchPolicy::Always => yubikey::TouchPolicy::Always,
            TouchPolicy::Cached => yubikey::TouchPolicy::Cached,
        };
        (pin, touch)
    }
}
