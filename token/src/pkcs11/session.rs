//! One session on a token, for one thread, with the keys that it has found.
//!
//! A call that failed without doing anything is repeated after its cause was mended, by the table of [`Class`]; what
//! is left over is a suspicion that the host's token manager looks into. Sessions close only by [`Pkcs11Token::close`]: once
//! a module was loaded again, an old handle may be another's session.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use cryptoki::mechanism::MechanismType;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use hsm_config::{Flaw, KeyType};

use super::code::{Class, Failure};
use super::find::Key;
use super::sign::{self, Hashing};
use super::survey::Labelled;
use super::template::NewKey;
use super::{ContextLogin, Module, Names, certificate, find, generate, names, survey, writing};
use crate::lane::{Attestation, Fault, KeyReport, TokenReport};
use crate::message::Composed;
use crate::traits::{Attest, Provision, Token};
use crate::writes::{Call, Write};
use crate::{KeyId, KeyRef, PublicKey, random};

/// The wait before a token that ran out of sessions is asked again.
const CROWDED_WAIT: Duration = Duration::from_millis(50);

/// A session on a token.
pub struct Pkcs11Token {
    module: Module,
    slot: Slot,
    session: Session,
    hashing: Hashing,
    names: Arc<Names>,
    context_login: Option<Arc<ContextLogin>>,
    keys: HashMap<KeyRef, Key>,
    suspicion: Option<Class>,
    spent: bool,
}

impl Pkcs11Token {
    /// Opens a session on a token to which the process is logged in; where a key wants the PIN for each signature, with
    /// what gives it.
    pub fn open(
        module: &Module,
        slot: Slot,
        names: Arc<Names>,
        context_login: Option<Arc<ContextLogin>>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            module: module.clone(),
            slot,
            session: writing::open_to_stay(&Write::begin(Call::Session), &module.context, slot)?,
            hashing: Hashing::of(&module.context, slot),
            names,
            context_login,
            keys: HashMap::new(),
            suspicion: None,
            spent: false,
        })
    }

    /// Closes the session; only as long as the module was not loaded again since.
    pub fn close(self) {
        // A session that is gone already needs no closing.
        let _ = writing::close(&Write::begin(Call::Session), self.session);
    }

    /// The class of the last failure that was not mended, once.
    pub fn take_suspicion(&mut self) -> Option<Class> {
        self.suspicion.take()
    }

    /// Whether the session is of no use any more, or nobody knows of what use it is.
    pub fn is_spent(&self) -> bool {
        self.spent
    }

    fn with_retries<T>(&mut self, mut work: impl FnMut(&mut Self) -> Result<T, Failure>) -> Result<T, Fault> {
        let mut tries = 0;
        loop {
            let (class, code) = match work(self) {
                Ok(done) => return Ok(done),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::Code(class, code)) => (class, code),
            };
            tracing::warn!(?class, code, tries, "a PKCS#11 call failed");
            if tries >= class.tries() || !class.is_the_sessions() {
                self.give_up(class);
                return Err(class.fault(code));
            }
            if self.mend(class).is_err() {
                (self.suspicion, self.spent) = (Some(class), true);
                return Err(class.fault(code));
            }
            tries += 1;
        }
    }

    /// After a device that failed, the next question gets a new session: nobody knows what is left of this one. Where
    /// memory is short, each session that closes gives some back.
    fn give_up(&mut self, class: Class) {
        self.suspicion = Some(class);
        self.spent |= matches!(class, Class::Device | Class::Memory);
    }

    fn mend(&mut self, class: Class) -> Result<(), Failure> {
        self.keys.clear();
        match class {
            Class::Key => return Ok(()),
            Class::Crowded => thread::sleep(CROWDED_WAIT),
            _ => {}
        }
        let write = Write::begin(Call::Session);
        let fresh = writing::open_to_stay(&write, &self.module.context, self.slot)?;
        // The old session may be what is broken; that it cannot be closed changes nothing.
        let _ = writing::close(&write, std::mem::replace(&mut self.session, fresh));
        Ok(())
    }

    fn found(&mut self, key: &KeyRef) -> Result<&Key, Failure> {
        if !self.keys.contains_key(key) {
            let found = find::pinned(&self.session, key)?;
            self.keys.insert(*key, found);
        }
        self.keys.get(key).ok_or(Failure::Fault(Fault::KeyMissing))
    }

    fn sign_with_pin(&mut self, key: ObjectHandle, message: &Composed) -> Result<Vec<u8>, Failure> {
        let login = self.context_login.clone().ok_or(Fault::Locked)?;
        let signed = login.sign(&self.session, key, self.hashing, message);
        // What was begun stays with the session, which is closed for that.
        self.spent |= signed.is_err();
        signed
    }

    fn labelled(&mut self, key: &KeyRef, label: &str) -> Result<&Key, Failure> {
        self.names.check(key.id, label)?;
        self.found(key)?.labelled(label)
    }
}

impl Pkcs11Token {
    /// Describes the token and the keys that `find` finds, from the one that `from` counts on.
    fn tell(
        &mut self,
        find: impl Fn(&Session, &Names) -> Result<Vec<Labelled>, Failure>,
        from: usize,
    ) -> Result<(TokenReport, Vec<KeyReport>), Fault> {
        self.with_retries(|token| {
            let report = survey::token(&token.module, &token.session, token.slot)?;
            let found = find(&token.session, &token.names)?;
            Ok((report, survey::keys(&token.session, token.hashing, &token.names, &found, from)?))
        })
    }
}

impl Token for Pkcs11Token {
    fn key(&mut self, key: &KeyRef, label: &str) -> Result<&PublicKey, Fault> {
        self.with_retries(|token| token.labelled(key, label).map(|_| ()))?;
        self.keys.get(key).map(|found| &found.public).ok_or(Fault::KeyMissing)
    }

    fn sign(&mut self, key: &KeyRef, label: &str, message: &Composed) -> Result<Vec<u8>, Fault> {
        self.with_retries(|token| {
            let found = token.labelled(key, label)?;
            let (private, wants_pin) = (found.private, found.wants_pin);
            if wants_pin {
                return token.sign_with_pin(private, message);
            }
            let _others = token.context_login.as_deref().map(ContextLogin::among_others);
            sign::sign(&token.session, private, token.hashing, message)
        })
    }

    fn certificates(&mut self, key: &KeyRef) -> Result<Vec<Vec<u8>>, Fault> {
        if names::is_named(key.id) {
            return Ok(Vec::new());
        }
        self.with_retries(|token| certificate::read(&token.session, key))
    }

    fn survey(&mut self, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault> {
        self.tell(survey::ours, from)
    }

    fn search(&mut self, label: &str, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault> {
        self.tell(|session, names| survey::labelled(session, names, label), from)
    }
}

impl Provision for Pkcs11Token {
    fn identify(&mut self, label: &str, _: KeyType) -> Result<KeyId, Fault> {
        self.names.ours(label)?;
        Ok(KeyId(random()))
    }

    fn ledger_kind(&mut self) -> Result<KeyType, Fault> {
        let (context, slot) = (&self.module.context, self.slot);
        let has = |mechanism| context.get_mechanism_info(slot, mechanism).is_ok();
        let has_edwards = has(MechanismType::EDDSA) && has(MechanismType::ECC_EDWARDS_KEY_PAIR_GEN);
        Ok(if has_edwards { KeyType::Ed25519 } else { KeyType::P256 })
    }

    fn generate(
        &mut self,
        id: KeyId,
        label: &str,
        kind: KeyType,
        exceptions: &[Flaw],
    ) -> Result<KeyReport, Fault> {
        self.names.ours(label)?;
        self.with_retries(|token| {
            token.names.check(id, label)?;
            let new = NewKey { id, label, kind, hashing: token.hashing };
            generate::generate(&token.session, &new, exceptions)
        })
    }

    fn store_certificate(&mut self, key: &KeyRef, label: &str, certificate: &[u8]) -> Result<(), Fault> {
        if names::is_named(key.id) {
            return Err(Fault::Permanent(
                "the certificate of a key that key_ids names is kept in the state directory: what lies beside it on the \
                 token is not Kunci's"
                    .into(),
            ));
        }
        self.with_retries(|token| {
            token.labelled(key, label)?;
            certificate::store(&token.session, key, label, certificate)
        })
    }

    fn destroy(&mut self, key: &KeyRef) -> Result<(), Fault> {
        self.with_retries(|token| {
            token.found(key)?;
            token.keys.clear();
            generate::destroy(&token.session, key)
        })
    }
}

impl Attest for Pkcs11Token {
    fn attestation(&mut self, _: &KeyRef, _: &str) -> Result<Option<Attestation>, Fault> {
        // PKCS#11 has no call for it; makers have tools of their own.
        Ok(None)
    }
}
