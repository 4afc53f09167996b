//! What is on a token: the token itself, and every private key that carries a label of Kunci's.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use hsm_config::KeyType;

use super::code::Failure;
use super::sign::Hashing;
use super::{Module, attributes, find, public};
use crate::lane::{Fault, Finding, KeyReport, TokenReport};
use crate::{KeyId, PublicKey, Sha256};

/// What every label of ours begins with.
const LABEL_PREFIX: &[u8] = b"kunci:";

/// Describes the token and Kunci's keys on it.
pub(super) fn survey(
    module: &Module,
    session: &Session,
    slot: Slot,
    hashing: Hashing,
) -> Result<(TokenReport, Vec<KeyReport>), Failure> {
    let token = module.list()?.tokens.into_iter().find(|token| token.slot == slot);
    let token = token.ok_or_else(|| Fault::TokenMissing("its information cannot be read".into()))?;
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
    let mut keys = Vec::new();
    for object in session.find_objects(&template)? {
        if label(session, object).starts_with(LABEL_PREFIX) {
            keys.push(key(session, object, hashing)?);
        }
    }
    Ok((token.report, keys))
}

/// Describes one private key.
pub(super) fn key(session: &Session, private: ObjectHandle, hashing: Hashing) -> Result<KeyReport, Failure> {
    let id = public::bytes(session, private, AttributeType::Id).and_then(|id| id.try_into().ok()).map(KeyId);
    let public = match id {
        Some(id) => find::public_key(session, id, private)?,
        None => public::of_object(session, private),
    };
    let kind = public.as_ref().map(PublicKey::kind);
    let attributes = attributes::read(session, private);
    let mut findings = attributes::findings(&attributes, kind);
    findings.extend(hashing_finding(kind, hashing));
    Ok(KeyReport {
        id,
        label: String::from_utf8_lossy(&label(session, private)).into_owned(),
        spki: public.map_or_else(Vec::new, |public| public.spki().to_vec()),
        kind,
        attributes,
        findings,
        certificate_sha256: certificate_digest(session, id)?,
    })
}

fn label(session: &Session, object: ObjectHandle) -> Vec<u8> {
    public::bytes(session, object, AttributeType::Label).unwrap_or_default()
}

fn certificate_digest(session: &Session, id: Option<KeyId>) -> Result<Option<Sha256>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let stored = find::objects(session, ObjectClass::CERTIFICATE, id)?.pop();
    Ok(stored
        .and_then(|object| public::bytes(session, object, AttributeType::Value))
        .map(|der| Sha256::of(&der)))
}

fn hashing_finding(kind: Option<KeyType>, hashing: Hashing) -> Option<Finding> {
    let message =
        "the token has only bare CKM_RSA_PKCS: RS256, certificates and requests sign a digest of the host's";
    (hashing == Hashing::Host && kind != Some(KeyType::P256))
        .then(|| attributes::finding("bare-rsa-pkcs", message))
}
