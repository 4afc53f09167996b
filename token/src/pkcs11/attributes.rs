//! A private key's attributes read back, and what is wrong with them.
//!
//! Read one by one: a module that does not know one attribute must not hide the others. Some findings mean that the
//! key may leave the token or serve another use, and such a key is never kept; the others are shown to the operator.
//! PKCS#11 v3.1 sections 4.8 and 4.9.

use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use hsm_config::KeyType;

use crate::lane::{Attributes, Finding};

/// Reads every attribute that matters.
pub(super) fn read(session: &Session, key: ObjectHandle) -> Attributes {
    let flag = |attribute| flag(session, key, attribute);
    Attributes {
        sensitive: flag(AttributeType::Sensitive),
        extractable: flag(AttributeType::Extractable),
        always_sensitive: flag(AttributeType::AlwaysSensitive),
        never_extractable: flag(AttributeType::NeverExtractable),
        local: flag(AttributeType::Local),
        private: flag(AttributeType::Private),
        modifiable: flag(AttributeType::Modifiable),
        copyable: flag(AttributeType::Copyable),
        sign: flag(AttributeType::Sign),
        decrypt: flag(AttributeType::Decrypt),
        unwrap: flag(AttributeType::Unwrap),
        derive: flag(AttributeType::Derive),
        sign_recover: flag(AttributeType::SignRecover),
        key_gen_mechanism: generation(session, key),
    }
}

/// Each requirement that the attributes fail.
pub(super) fn findings(read: &Attributes, kind: Option<KeyType>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut require = |holds: bool, code: &str, message: &str| {
        if !holds {
            findings.push(finding(code, message));
        }
    };
    let (yes, no) = (Some(true), Some(false));
    require(
        read.sensitive == yes,
        "not-sensitive",
        "CKA_SENSITIVE is not true: the key can be read; make a new one",
    );
    require(
        read.extractable == no,
        "extractable",
        "CKA_EXTRACTABLE is not false: the key can be wrapped out; make a new one",
    );
    require(
        read.always_sensitive == yes,
        "once-readable",
        "CKA_ALWAYS_SENSITIVE is not true: the key was readable once",
    );
    require(
        read.never_extractable == yes,
        "once-extractable",
        "CKA_NEVER_EXTRACTABLE is not true: a copy may exist elsewhere",
    );
    require(read.local == yes, "not-local", "CKA_LOCAL is not true: the key was not made on this token");
    require(read.private != no, "not-private", "CKA_PRIVATE is false: the key works without a login");
    require(read.sign != no, "cannot-sign", "CKA_SIGN is false: the key cannot be used");
    require(read.decrypt != yes, "may-decrypt", "CKA_DECRYPT is true: one key, one use");
    require(read.unwrap != yes, "may-unwrap", "CKA_UNWRAP is true: one key, one use");
    require(read.derive != yes, "may-derive", "CKA_DERIVE is true: one key, one use");
    require(read.modifiable != yes, "modifiable", "CKA_MODIFIABLE is true: uses can be added later");
    require(read.copyable != yes, "copyable", "CKA_COPYABLE is true: the key can be copied within the token");
    require(read.sign_recover != yes, "may-sign-recover", "CKA_SIGN_RECOVER is true: one key, one use");
    require(
        made_for(read, kind),
        "generation-unknown",
        "CKA_KEY_GEN_MECHANISM is not the one of this type of key",
    );
    findings
}

/// A finding by its code.
pub(super) fn finding(code: &str, message: &str) -> Finding {
    Finding { code: code.into(), message: message.into() }
}

fn made_for(read: &Attributes, kind: Option<KeyType>) -> bool {
    let expected = match kind {
        Some(KeyType::P256) => MechanismType::ECC_KEY_PAIR_GEN,
        Some(_) => MechanismType::RSA_PKCS_KEY_PAIR_GEN,
        None => return false,
    };
    read.key_gen_mechanism == Some(*expected)
}

fn flag(session: &Session, key: ObjectHandle, attribute: AttributeType) -> Option<bool> {
    use Attribute as A;
    match session.get_attributes(key, &[attribute]).ok()?.pop()? {
        A::Sensitive(b)
        | A::Extractable(b)
        | A::AlwaysSensitive(b)
        | A::NeverExtractable(b)
        | A::Local(b) => Some(b),
        A::Private(b) | A::Modifiable(b) | A::Copyable(b) | A::Sign(b) | A::Decrypt(b) | A::Unwrap(b) => {
            Some(b)
        }
        A::Derive(b) | A::SignRecover(b) => Some(b),
        _ => None,
    }
}

fn generation(session: &Session, key: ObjectHandle) -> Option<u64> {
    match session.get_attributes(key, &[AttributeType::KeyGenMechanism]).ok()?.pop()? {
        Attribute::KeyGenMechanism(mechanism) => Some(*mechanism),
        _ => None,
    }
}
