//! One thread's use of the card in a cell, with the keys that it has found there.
//!
//! A key is found by the place that its identifier says and compared with its pin; where the configuration gives the
//! connector a slot, no other will do. What a failure leaves over is a suspicion that the host's token manager looks into.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hsm_config::{Flaw, KeyType, PivSlot};
use yubikey::{PinPolicy, TouchPolicy};

use super::generate::Policies;
use super::object::{Stored, in_the_way};
use super::slot::{Occupant, SlotKey};
use super::{Card, CardCallbacks, CardCell, encoding};
use crate::control::{HostConfig, label};
use crate::lane::{Attestation, Fault, KeyReport, SURVEY_KEYS, TokenReport};
use crate::message::Composed;
use crate::pkcs11::{Class, Failure};
use crate::traits::{Attest, Provision, Token};
use crate::writes::{Call, Write};
use crate::{KeyId, KeyLocation, KeyRef, PublicKey, random};

/// A card in a cell, as one thread works with it.
pub struct PivToken {
    cell: Arc<CardCell>,
    callbacks: Arc<dyn CardCallbacks>,
    settings: Settings,
    keys: HashMap<KeyRef, SlotKey>,
    suspicion: Option<Class>,
}

/// What the configuration says of the card.
struct Settings {
    serial: u32,
    /// By label.
    slots: BTreeMap<String, PivSlot>,
    policies: Policies,
    allow_factory: bool,
}

impl PivToken {
    /// A use of the card by this configuration.
    pub fn new(
        cell: Arc<CardCell>,
        callbacks: Arc<dyn CardCallbacks>,
        config: &HostConfig,
        serial: u32,
    ) -> Self {
        let token = &config.token;
        let settings = Settings {
            serial,
            slots: token.slots.iter().map(|(connector, slot)| (label(connector), *slot)).collect(),
            policies: Policies {
                pin: token.pin_policy.unwrap_or_default(),
                touch: token.touch_policy.unwrap_or_default(),
            },
            allow_factory: token.allow_factory_secrets == Some(true),
        };
        Self { cell, callbacks, settings, keys: HashMap::new(), suspicion: None }
    }

    /// The class of the last failure, once.
    pub fn take_suspicion(&mut self) -> Option<Class> {
        self.suspicion.take()
    }

    /// Works with the card. Nothing is repeated here: a card that failed is opened anew first.
    fn with<T>(&mut self, work: impl FnOnce(&mut Self, &mut Card) -> Result<T, Failure>) -> Result<T, Fault> {
        let cell = Arc::clone(&self.cell);
        let mut held = cell.hold();
        let done = held.card().and_then(|card| work(self, card));
        done.map_err(|failure| {
            if let Failure::Code(class, code) = &failure {
                tracing::warn!(?class, code, "a call to the YubiKey failed");
                self.suspicion = Some(*class);
                self.keys.clear();
            }
            failure.into_fault()
        })
    }

    /// The pinned key, found in its place.
    fn found(&mut self, card: &mut Card, key: &KeyRef) -> Result<(PivSlot, &SlotKey), Failure> {
        let slot = self.settings.slot_of(key.id)?;
        if !self.keys.contains_key(key) {
            let found = match card.occupant(slot)? {
                Occupant::Key(found) if found.public.sha256() == key.spki_sha256 => found,
                Occupant::None => return Err(Fault::KeyMissing.into()),
                Occupant::Key(_) | Occupant::Other(_) | Occupant::Certificate => {
                    return Err(Fault::KeyMismatch.into());
                }
            };
            self.keys.insert(*key, *found);
        }
        Ok((slot, self.keys.get(key).ok_or(Fault::KeyMissing)?))
    }

    fn labelled(
        &mut self,
        card: &mut Card,
        key: &KeyRef,
        label: &str,
    ) -> Result<(PivSlot, &SlotKey), Failure> {
        self.settings.check_label(key.id, label)?;
        self.found(card, key)
    }

    /// Authenticates with the management key, works, and takes all authentication back: what else reaches pcscd shares it.
    fn managed<T>(
        &mut self,
        card: &mut Card,
        call: Call,
        work: impl FnOnce(&mut Card, &Write) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let secret = self.callbacks.management_key()?;
        let write = Write::begin(call);
        card.authenticate(secret.as_deref(), self.settings.allow_factory)?;
        let done = work(card, &write);
        card.forget()?;
        // The PIN's attempt is a call of its own, which does not begin when we leave.
        drop(write);
        self.callbacks.verify(&mut |pin, write| card.verify(write, pin))?;
        done
    }
}

impl Token for PivToken {
    fn key(&mut self, key: &KeyRef, label: &str) -> Result<&PublicKey, Fault> {
        self.with(|token, card| token.labelled(card, key, label).map(|_| ()))?;
        self.keys.get(key).map(|found| &found.public).ok_or(Fault::KeyMissing)
    }

    fn sign(&mut self, key: &KeyRef, label: &str, message: &Composed) -> Result<Vec<u8>, Fault> {
        let callbacks = Arc::clone(&self.callbacks);
        self.with(|token, card| {
            let untold = (PinPolicy::Once, token.settings.policies.touch());
            let (slot, found) = token.labelled(card, key, label)?;
            let kind = found.public.kind();
            let (pin, touch) = found.policy.unwrap_or(untold);
            let (encoded, waits) = (encoding::encode(message, kind)?, found.waits_for(touch));
            if pin == PinPolicy::Always {
                callbacks.verify(&mut |pin, write| card.verify(write, pin))?;
            }
            if waits {
                callbacks.touch(true);
            }
            let mut signed = card.sign(slot, kind, &encoded);
            if pin == PinPolicy::Once && card.has_forgotten(&signed) {
                let given =
                    callbacks.verify(&mut |pin, write| card.verify(write, pin)).map_err(Failure::from);
                signed = given.and_then(|()| card.sign(slot, kind, &encoded));
            }
            if waits {
                callbacks.touch(false);
            }
            match signed {
                Ok(signature) => {
                    token.keys.get_mut(key).filter(|_| waits).into_iter().for_each(SlotKey::was_touched);
                    Ok(signature)
                }
                Err(failure) if touch == TouchPolicy::Never => Err(failure),
                Err(failure) => Err(untouched(card, failure, pin)),
            }
        })
    }

    fn certificates(&mut self, key: &KeyRef) -> Result<Vec<Vec<u8>>, Fault> {
        self.with(|token, card| {
            let slot = token.settings.slot_of(key.id)?;
            match card.certificate(slot)? {
                Stored::Certificate(stored) if certifies(&stored, key) => Ok(vec![stored]),
                // It may be this key's, and the one that customers hold.
                Stored::Unread => Err(unread(slot).into()),
                Stored::Nothing | Stored::Certificate(_) => Ok(Vec::new()),
            }
        })
    }

    fn survey(&mut self, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault> {
        self.with(|token, card| {
            let mut keys = Vec::new();
            for slot in PivSlot::all() {
                let id = KeyLocation::Slot { serial: token.settings.serial, slot }.id([0; 8]);
                keys.extend(card.describe(slot, id, token.settings.label_of(slot))?);
            }
            Ok((card.report(), keys.into_iter().skip(from).take(SURVEY_KEYS).collect()))
        })
    }

    /// Slots have no labels, and are few.
    fn search(&mut self, _: &str, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault> {
        self.survey(from)
    }
}

impl Provision for PivToken {
    fn identify(&mut self, label: &str, kind: KeyType) -> Result<KeyId, Fault> {
        self.with(|token, card| {
            card.makes(kind)?;
            let slot = token.settings.choose(card, label)?;
            Ok(KeyLocation::Slot { serial: token.settings.serial, slot }.id(random()))
        })
    }

    /// No touch: nobody is there each second. Ed25519 only comes with firmware 5.7, and a P-256 key on any.
    fn ledger_kind(&mut self) -> Result<KeyType, Fault> {
        if self.settings.policies.touch() != TouchPolicy::Never {
            let why = "each checkpoint would want a touch: set touch_policy = \"never\" for a YubiKey that has the ledger's key, or \
                       give the ledger another token";
            return Err(Fault::Slot(why.into()));
        }
        Ok(KeyType::P256)
    }

    fn generate(
        &mut self,
        id: KeyId,
        label: &str,
        kind: KeyType,
        exceptions: &[Flaw],
    ) -> Result<KeyReport, Fault> {
        self.with(|token, card| {
            token.settings.check_label(id, label)?;
            let (slot, policies) = (token.settings.slot_of(id)?, token.settings.policies);
            if let Some(taken) = card.taken(slot, token.settings.slots.contains_key(label))? {
                return Err(taken.into());
            }
            token.managed(card, Call::Generate, |card, write| {
                card.generate(write, slot, (id, label), kind, (policies, exceptions))
            })
        })
    }

    fn store_certificate(&mut self, key: &KeyRef, label: &str, certificate: &[u8]) -> Result<(), Fault> {
        self.with(|token, card| {
            let (slot, _) = token.labelled(card, key, label)?;
            if !certifies(certificate, key) {
                return Err(Fault::CertificateMismatch.into());
            }
            match card.certificate(slot)? {
                Stored::Certificate(stored) if stored == certificate => return Ok(()),
                Stored::Certificate(stored) if !certifies(&stored, key) => {
                    return Err(in_the_way(slot, "a certificate of another key").into());
                }
                Stored::Unread => return Err(unread(slot).into()),
                Stored::Nothing | Stored::Certificate(_) => {}
            }
            token.managed(card, Call::Store, |card, write| card.store(write, slot, certificate))
        })
    }

    fn destroy(&mut self, key: &KeyRef) -> Result<(), Fault> {
        self.with(|token, card| {
            let (slot, _) = token.found(card, key)?;
            token.keys.clear();
            let stored = card.certificate(slot)?.certificate();
            let is_its = stored.is_some_and(|stored| certifies(&stored, key));
            token.managed(card, Call::Destroy, |card, write| {
                // The key first: what is left of a kill in between cannot sign.
                card.delete(write, slot)?;
                if is_its { card.empty(write, slot) } else { Ok(()) }
            })
        })
    }
}

impl Attest for PivToken {
    fn attestation(&mut self, key: &KeyRef, label: &str) -> Result<Option<Attestation>, Fault> {
        self.with(|token, card| {
            let (slot, _) = token.labelled(card, key, label)?;
            card.attestation(slot)
        })
    }
}

impl Settings {
    /// The slot that an identifier says, on this very card.
    fn slot_of(&self, id: KeyId) -> Result<PivSlot, Failure> {
        match KeyLocation::of(id) {
            Some(KeyLocation::Slot { serial, slot }) if serial == self.serial => Ok(slot),
            _ => Err(Fault::KeyMissing.into()),
        }
    }

    /// One connector's message is not signed in another's slot.
    fn check_label(&self, id: KeyId, label: &str) -> Result<(), Failure> {
        let slot = self.slot_of(id)?;
        let own = self.slots.get(label).is_none_or(|own| *own == slot);
        let others = self.slots.iter().any(|(other, own)| *own == slot && other != label);
        if own && !others { Ok(()) } else { Err(Fault::KeyMismatch.into()) }
    }

    /// Whose slot it is by the configuration; nobody's by name otherwise.
    fn label_of(&self, slot: PivSlot) -> &str {
        self.slots.iter().find(|(_, own)| **own == slot).map_or("", |(label, _)| label)
    }

    /// The slot for a new key: the one that is named for it, else the first that is free.
    fn choose(&self, card: &mut Card, label: &str) -> Result<PivSlot, Failure> {
        if let Some(slot) = self.slots.get(label) {
            return card.taken(*slot, true)?.map_or(Ok(*slot), |taken| Err(taken.into()));
        }
        if !card.has_metadata() {
            let why = "firmware before 5.3 does not tell which slots are free: name one in slots";
            return Err(Fault::Slot(why.into()).into());
        }
        for slot in PivSlot::free_choice().filter(|slot| self.label_of(*slot).is_empty()) {
            if card.taken(slot, false)?.is_none() {
                return Ok(slot);
            }
        }
        Err(Fault::Slot("none of the slots 82 to 95 is free".into()).into())
    }
}

fn certifies(certificate: &[u8], key: &KeyRef) -> bool {
    PublicKey::from_certificate(certificate).is_ok_and(|public| public.sha256() == key.spki_sha256)
}

fn unread(slot: PivSlot) -> Fault {
    in_the_way(slot, "a certificate that is packed, or something else that Kunci does not read")
}

/// A card says the same of a touch that did not come as of a PIN that is not verified.
fn untouched(card: &mut Card, failure: Failure, pin: PinPolicy) -> Failure {
    let missed = failure.class() == Some(Class::Login)
        && (pin == PinPolicy::Always || card.is_verified().is_ok_and(|verified| verified));
    if missed { Fault::Touch.into() } else { failure }
}
