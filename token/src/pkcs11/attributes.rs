//! A private key's attributes read back, and the requirements that they fail.
//!
//! Read one by one: a module that does not know one attribute must not hide the others. What decides whether a key can
//! leave the token or was born there has to be told; of its uses, what is not told counts as not allowed, since
//! modules leave out what their tokens cannot do. What cannot be read is another matter: it counts against the key.
//! PKCS#11 v3.1 sections 4.8 and 4.9.

use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use hsm_config::{Flaw, KeyType};

use super::code::{Class, Failure};
use super::sign::Hashing;
use crate::lane::Attributes;

/// What Kunci signs with; a key that allows more has another use.
const OURS: [MechanismType; 4] =
    [MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS, MechanismType::ECDSA, MechanismType::EDDSA];
/// What it signs with besides where a key wants its PIN each time, and so takes its message in parts.
const IN_PARTS: [MechanismType; 2] = [MechanismType::SHA256_RSA_PKCS_PSS, MechanismType::ECDSA_SHA256];

/// How often a flag is read that a token which can be read does not tell.
const TRIES: u32 = 2;

/// A key's attributes, and those of them whose reading failed: of these nobody knows what the token would have told.
pub(super) struct Read {
    pub(super) attributes: Attributes,
    failed: Vec<AttributeType>,
}

/// Reads one key's attributes.
struct Reader<'a> {
    session: &'a Session,
    key: ObjectHandle,
    failed: Vec<AttributeType>,
}

/// Reads every attribute that matters.
pub(super) fn read(session: &Session, key: ObjectHandle, hashing: Hashing) -> Result<Read, Failure> {
    let mut reader = Reader { session, key, failed: Vec::new() };
    let mut flag = |attribute| reader.flag(attribute);
    let attributes = Attributes {
        sensitive: flag(AttributeType::Sensitive)?,
        extractable: flag(AttributeType::Extractable)?,
        always_sensitive: flag(AttributeType::AlwaysSensitive)?,
        never_extractable: flag(AttributeType::NeverExtractable)?,
        local: flag(AttributeType::Local)?,
        private: flag(AttributeType::Private)?,
        modifiable: flag(AttributeType::Modifiable)?,
        copyable: flag(AttributeType::Copyable)?,
        sign: flag(AttributeType::Sign)?,
        decrypt: flag(AttributeType::Decrypt)?,
        unwrap: flag(AttributeType::Unwrap)?,
        derive: flag(AttributeType::Derive)?,
        sign_recover: flag(AttributeType::SignRecover)?,
        always_authenticate: flag(AttributeType::AlwaysAuthenticate)?,
        other_mechanisms: reader.other_mechanisms(hashing),
        key_gen_mechanism: generation(session, key),
    };
    Ok(Read { attributes, failed: reader.failed })
}

/// Whether the key wants the PIN for each signature. A module that does not know the attribute, by whatever code, has no such
/// key; one that has no session, login or token at the moment tells nothing of it.
pub(super) fn wants_pin(session: &Session, key: ObjectHandle) -> Result<bool, Failure> {
    match session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]).map_err(Failure::from) {
        Ok(told) => Ok(matches!(told.first(), Some(Attribute::AlwaysAuthenticate(true)))),
        Err(Failure::Code(Class::Device | Class::Permanent, _)) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Each requirement that the attributes fail. Of one whose reading failed, the worse is taken to hold.
pub(super) fn flaws(Read { attributes: read, failed }: &Read, kind: Option<KeyType>) -> Vec<Flaw> {
    let (yes, no) = (Some(true), Some(false));
    let was_read = |attribute| !failed.contains(&attribute);
    let is_not = |value, other, attribute| value != other && was_read(attribute);
    let required = [
        (read.sensitive == yes, Flaw::NotSensitive),
        (read.extractable == no, Flaw::Extractable),
        (read.always_sensitive == yes, Flaw::OnceReadable),
        (read.never_extractable == yes, Flaw::OnceExtractable),
        (read.local == yes, Flaw::NotLocal),
        (made_for(read, kind), Flaw::GenerationUnknown),
        (is_not(read.private, no, AttributeType::Private), Flaw::NotPrivate),
        (is_not(read.sign, no, AttributeType::Sign), Flaw::CannotSign),
        (is_not(read.decrypt, yes, AttributeType::Decrypt), Flaw::MayDecrypt),
        (is_not(read.unwrap, yes, AttributeType::Unwrap), Flaw::MayUnwrap),
        (is_not(read.derive, yes, AttributeType::Derive), Flaw::MayDerive),
        (is_not(read.sign_recover, yes, AttributeType::SignRecover), Flaw::MaySignRecover),
        (read.other_mechanisms != yes, Flaw::OtherMechanisms),
        (is_not(read.modifiable, yes, AttributeType::Modifiable), Flaw::Modifiable),
        (is_not(read.copyable, yes, AttributeType::Copyable), Flaw::Copyable),
        (kind.is_some(), Flaw::UnknownType),
    ];
    required.into_iter().filter_map(|(holds, flaw)| (!holds).then_some(flaw)).collect()
}

/// CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN or CKM_EC_EDWARDS_KEY_PAIR_GEN; that a type is not known is a flaw of its own.
fn made_for(read: &Attributes, kind: Option<KeyType>) -> bool {
    let expected = match kind {
        Some(KeyType::P256) => MechanismType::ECC_KEY_PAIR_GEN,
        Some(KeyType::Ed25519) => MechanismType::ECC_EDWARDS_KEY_PAIR_GEN,
        Some(_) => MechanismType::RSA_PKCS_KEY_PAIR_GEN,
        None => return true,
    };
    read.key_gen_mechanism == Some(*expected)
}

impl Reader<'_> {
    /// Reads a flag, and once more where that failed. `None` where the module does not tell it; where the token cannot be read
    /// at all, the survey has failed and is asked for again.
    fn flag(&mut self, attribute: AttributeType) -> Result<Option<bool>, Failure> {
        for _ in 0..TRIES {
            match self.session.get_attributes(self.key, &[attribute]).map_err(Failure::from) {
                Ok(mut told) => return Ok(told.pop().and_then(value)),
                Err(Failure::Code(Class::Permanent, _)) => return Ok(None),
                Err(Failure::Code(Class::Device, _)) => {
                    self.session.get_attributes(self.key, &[AttributeType::Class])?;
                }
                Err(failure) => return Err(failure),
            }
        }
        self.failed.push(attribute);
        Ok(None)
    }

    /// Whether CKA_ALLOWED_MECHANISMS has one that is not ours; `None` where the module tells none, or an empty list.
    fn other_mechanisms(&self, hashing: Hashing) -> Option<bool> {
        // Bare CKM_RSA_PKCS is ours only where the token has no hashed one, which is a flaw of its own.
        let in_parts = wants_pin(self.session, self.key).unwrap_or(false);
        let is_ours = |one: &MechanismType| {
            OURS.contains(one)
                || (in_parts && IN_PARTS.contains(one))
                || (hashing == Hashing::Host && *one == MechanismType::RSA_PKCS)
        };
        let asked = [AttributeType::AllowedMechanisms];
        match self.session.get_attributes(self.key, &asked) {
            Ok(told) => match told.into_iter().next()? {
                Attribute::AllowedMechanisms(told) if told.is_empty() => None,
                Attribute::AllowedMechanisms(told) => Some(!told.iter().all(is_ours)),
                _ => None,
            },
            // There is a list, with something in it that the binding does not know: that is not ours, either.
            // A module that does not know the attribute says so by whatever code: p11-kit's proxy passes no such list on.
            Err(_) => match self.session.get_attribute_info(self.key, &asked).ok()?.first()? {
                AttributeInfo::Available(length) if *length > 0 => Some(true),
                _ => None,
            },
        }
    }
}

fn value(attribute: Attribute) -> Option<bool> {
    use Attribute as A;
    match attribute {
        A::Sensitive(b)
        | A::Extractable(b)
        | A::AlwaysSensitive(b)
        | A::NeverExtractable(b)
        | A::Local(b) => Some(b),
        A::Private(b) | A::Modifiable(b) | A::Copyable(b) | A::Sign(b) | A::Decrypt(b) | A::Unwrap(b) => {
            Some(b)
        }
        A::Derive(b) | A::SignRecover(b) | A::AlwaysAuthenticate(b) => Some(b),
        _ => None,
    }
}

fn generation(session: &Session, key: ObjectHandle) -> Option<u64> {
    match session.get_attributes(key, &[AttributeType::KeyGenMechanism]).ok()?.pop()? {
        Attribute::KeyGenMechanism(mechanism) => Some(*mechanism),
        _ => None,
    }
}
