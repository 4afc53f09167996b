//! A signature by a key that wants its PIN each time (CKA_ALWAYS_AUTHENTICATE): C_SignInit, C_Login for this one operation,
//! C_SignUpdate, C_SignFinal.
//!
//! One after the other on a token, since a login whose outcome is not known yet must not be followed by another. Meanwhile no
//! other session signs: on a card, which all sessions share, that would use the login up.
//! PKCS#11 v3.1 sections 4.9, 5.6.8 and 5.13.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use hsm_config::Algorithm;

use super::code::Failure;
use super::sign::{self, Hashing};
use super::{Module, login, writing};
use crate::lane::Fault;
use crate::message::Composed;
use crate::pin::PinProvider;

/// What the sessions on a token share to sign with keys that want the PIN each time.
pub struct ContextLogin {
    broker: Arc<dyn PinProvider>,
    parts: Parts,
    /// Held by who waits for `calls`, of whom there is one at a time: else who wants it alone would always come first.
    door: Mutex<()>,
    /// Held by every signature, and alone by one with a login. Once a PIN was refused, why there is none any more.
    calls: RwLock<Option<Fault>>,
}

/// The mechanisms that the token has for messages in parts, besides that of RS256.
struct Parts {
    pss: bool,
    ecdsa: bool,
}

impl ContextLogin {
    /// For the token in this slot, as long as it is served.
    pub fn new(module: &Module, slot: Slot, broker: Arc<dyn PinProvider>) -> Self {
        let has = |mechanism| module.context.get_mechanism_info(slot, mechanism).is_ok();
        let parts =
            Parts { pss: has(MechanismType::SHA256_RSA_PKCS_PSS), ecdsa: has(MechanismType::ECDSA_SHA256) };
        Self { broker, parts, door: Mutex::default(), calls: RwLock::default() }
    }

    /// Whether some signature has a login at this moment.
    pub fn is_under_way(&self) -> bool {
        self.calls.try_read().is_err()
    }

    /// Waits for a turn among those who need no login.
    pub(super) fn among_others(&self) -> RwLockReadGuard<'_, Option<Fault>> {
        let _door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        self.calls.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> RwLockWriteGuard<'_, Option<Fault>> {
        let _door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        self.calls.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs. Where that fails, the session may be left with an operation that was begun.
    pub(super) fn sign(
        &self,
        session: &Session,
        key: ObjectHandle,
        hashing: Hashing,
        message: &Composed,
    ) -> Result<Vec<u8>, Failure> {
        let mut over = self.alone();
        if let Some(fault) = &*over {
            return Err(fault.clone().into());
        }
        let signed = self.parts.with_input(message, hashing, |mechanism, input| {
            session.sign_init(mechanism, key)?;
            self.log_in_and_finish(session, input)
        });
        if let Err(Failure::Fault(fault @ Fault::Latched(_))) = &signed {
            *over = Some(fault.clone());
        }
        signed
    }

    fn log_in_and_finish(&self, session: &Session, input: &[u8]) -> Result<Vec<u8>, Failure> {
        self.broker.verify(&mut |pin, write| {
            login::judge(&writing::login(write, session, UserType::ContextSpecific, pin))
        })?;
        session.sign_update(input).map_err(in_parts)?;
        Ok(session.sign_final()?)
    }
}

impl Parts {
    /// By the standard, only mechanisms that hash take a message in parts; where they are missing, some modules take a
    /// digest so.
    fn with_input<T>(
        &self,
        message: &Composed,
        hashing: Hashing,
        sign: impl FnOnce(&Mechanism<'_>, &[u8]) -> T,
    ) -> T {
        match message.algorithm() {
            Algorithm::PS256 if self.pss => sign(&Mechanism::Sha256RsaPkcsPss(sign::pss()), message.bytes()),
            Algorithm::ES256 if self.ecdsa => sign(&Mechanism::EcdsaSha256, message.bytes()),
            _ => sign::with_input(message, hashing, sign),
        }
    }
}

/// C_SignInit succeeded, so that no operation is there says that this mechanism takes no message in parts.
fn in_parts(error: Error) -> Failure {
    match error {
        Error::Pkcs11(RvError::OperationNotInitialized, _) => Fault::Permanent(
            "a key that wants the PIN for each signature has to take its message in parts, and by this algorithm's \
             mechanism the module does not"
                .into(),
        )
        .into(),
        other => other.into(),
    }
}
