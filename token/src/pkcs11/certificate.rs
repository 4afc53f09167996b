//! The certificate beside a key: an X.509 object with the key's CKA_ID and label.
//!
//! Nothing but a certificate of the pinned key is ever stored or told. The new one is stored before the old ones go,
//! so that a kill in between leaves one too many and never none (PKCS#11 v3.1 section 4.6).

use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::{Decode, Encode};

use super::code::Failure;
use super::{find, public, writing};
use crate::lane::{Fault, MAX_CERTIFICATES};
use crate::writes::{Call, Write};
use crate::{KeyRef, PublicKey};

/// The stored certificates of the pinned key, the newest first; one that is for another key counts as none.
pub(super) fn read(session: &Session, key: &KeyRef) -> Result<Vec<Vec<u8>>, Failure> {
    Ok(told(&stored(session, key)?))
}

/// As many as an answer has room for.
fn told(stored: &[(ObjectHandle, Vec<u8>)]) -> Vec<Vec<u8>> {
    let mut told: Vec<Vec<u8>> = Vec::new();
    let mut room = MAX_CERTIFICATES;
    for (_, certificate) in stored.iter().rev() {
        if certificate.len() <= room && !told.contains(certificate) {
            room -= certificate.len();
            told.push(certificate.clone());
        }
    }
    told
}

/// Stores a certificate of the pinned key in place of earlier ones. What else has its identifier is somebody else's, and of
/// what was never told nobody has a copy.
pub(super) fn store(session: &Session, key: &KeyRef, label: &str, certificate: &[u8]) -> Result<(), Failure> {
    if !certifies(certificate, key) {
        return Err(Fault::CertificateMismatch.into());
    }
    let mut earlier = stored(session, key)?;
    let told = told(&earlier);
    earlier.retain(|(_, stored)| told.contains(stored));
    let write = Write::begin(Call::Store);
    if !earlier.iter().any(|(_, stored)| stored == certificate) {
        writing::create_object(&write, session, &template(key, label, certificate)?)?;
    }
    for (object, _) in earlier.into_iter().filter(|(_, stored)| stored != certificate) {
        writing::destroy_object(&write, session, object)?;
    }
    Ok(())
}

fn certifies(certificate: &[u8], key: &KeyRef) -> bool {
    PublicKey::from_certificate(certificate).is_ok_and(|public| public.sha256() == key.spki_sha256)
}

/// The key's own certificates, as the token lists them. One that cannot be read may be the one that customers hold.
fn stored(session: &Session, key: &KeyRef) -> Result<Vec<(ObjectHandle, Vec<u8>)>, Failure> {
    let objects = find::objects(session, ObjectClass::CERTIFICATE, key.id)?;
    let mut all = Vec::new();
    for object in objects {
        all.extend(public::told(session, object, AttributeType::Value)?.map(|value| (object, value)));
    }
    all.retain(|(_, certificate)| certifies(certificate, key));
    Ok(all)
}

fn template(key: &KeyRef, label: &str, certificate: &[u8]) -> Result<Vec<Attribute>, Failure> {
    let malformed = |_| Failure::Fault(Fault::CertificateMismatch);
    let parsed = x509_cert::Certificate::from_der(certificate).map_err(malformed)?;
    let tbs = parsed.tbs_certificate();
    Ok(vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Id(key.id.0.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Subject(tbs.subject().to_der().map_err(malformed)?),
        Attribute::Issuer(tbs.issuer().to_der().map_err(malformed)?),
        Attribute::SerialNumber(tbs.serial_number().to_der().map_err(malformed)?),
        Attribute::Value(certificate.to_vec()),
    ])
}
