//! A certificate as it came: its bytes, its names, its key, its extensions (RFC 5280 section 4.1).
//!
//! Holds what is parsed and judges nothing. A certificate that could be read in two ways (an extension twice, another
//! algorithm outside than inside, bytes after its end that are no filling) is not read at all.

use std::fmt;

use der::asn1::Any;
use der::{Decode, Encode, Reader, SliceReader};
use quoted::Quoted;
use x509_cert::TbsCertificate;
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

use crate::signed::Signed;
use crate::{KeyError, PublicKey, Sha256, SignatureFault, name, public_key};

/// The largest certificate, in bytes.
const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// A parsed certificate.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Signed,
    tbs: TbsCertificate,
    key: PublicKey,
}

impl Certificate {
    /// Parses one DER certificate. Filling behind it is not part of it: a TPM's memory is often larger than the certificate in
    /// it, and filled up with 0x00 or 0xff.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let der = without_filling(der);
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(der::Error::from(der::ErrorKind::Overlength).into());
        }
        let signed = Signed::from_der(der)?;
        let tbs = TbsCertificate::from_der(&signed.body)?;
        let key = public_key::of(tbs.subject_public_key_info())?;
        let parsed = Self { der: der.to_vec(), signed, tbs, key };
        match parsed.is_unambiguous() {
            true => Ok(parsed),
            false => Err(der::Error::from(der::Tag::Sequence.value_error()).into()),
        }
    }

    /// The certificate's DER, as it came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: what pins it.
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&self.der)
    }

    /// The certified key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The parsed body.
    pub fn tbs(&self) -> &TbsCertificate {
        &self.tbs
    }

    /// The subject's common name, if it has one.
    pub fn common_name(&self) -> Option<String> {
        common_name(self.tbs.subject())
    }

    /// The subject for people: its common name, or else all of it.
    pub fn name(&self) -> String {
        self.common_name().unwrap_or_else(|| self.tbs.subject().to_string())
    }

    /// The issuer for people.
    pub fn issuer_name(&self) -> String {
        common_name(self.tbs.issuer()).unwrap_or_else(|| self.tbs.issuer().to_string())
    }

    /// Whether `issuer` bears the name that this certificate says it was issued by (RFC 5280 section 7.1).
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        name::same(self.tbs.issuer(), issuer.tbs.subject())
    }

    /// Whether both say that they were issued by the same.
    pub(crate) fn has_issuer_of(&self, other: &Self) -> bool {
        name::same(self.tbs.issuer(), other.tbs.issuer())
    }

    /// Whether it says that it issued itself.
    pub fn is_self_issued(&self) -> bool {
        self.names_as_issuer(self)
    }

    /// The content of an extension.
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        self.extensions().find(|extension| extension.extn_id == oid).map(|found| found.extn_value.as_bytes())
    }

    /// All extensions.
    pub fn extensions(&self) -> impl Iterator<Item = &x509_cert::ext::Extension> {
        self.tbs.extensions().into_iter().flatten()
    }

    /// Whether `key` signed this certificate.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        self.signed.verify(key)
    }

    /// Whether an RSA algorithm identifier in it lacks the NULL that RFC 4055 section 5 demands.
    pub fn lacks_null(&self) -> bool {
        const PKCS1: &str = "1.2.840.113549.1.1.";
        [&self.signed.algorithm, self.tbs.signature()]
            .iter()
            .any(|algorithm| algorithm.parameters.is_none() && algorithm.oid.to_string().starts_with(PKCS1))
    }

    /// Whether an ECDSA algorithm identifier in it has the NULL that RFC 5758 section 3.2 forbids.
    pub fn has_null(&self) -> bool {
        const ECDSA: &str = "1.2.840.10045.4.3.";
        [&self.signed.algorithm, self.tbs.signature()].iter().any(|algorithm| {
            algorithm.parameters == Some(Any::null()) && algorithm.oid.to_string().starts_with(ECDSA)
        })
    }

    /// The algorithm that it says it is signed with.
    pub(crate) fn algorithm(&self) -> ObjectIdentifier {
        self.signed.algorithm.oid
    }

    fn is_unambiguous(&self) -> bool {
        let mut oids: Vec<_> = self.extensions().map(|extension| extension.extn_id).collect();
        let all = oids.len();
        oids.sort();
        oids.dedup();
        oids.len() == all && same(&self.signed.algorithm, self.tbs.signature())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.name(), self.sha256())
    }
}

/// The first DER value, if all that follows is filling; else all of it, which is then refused.
fn without_filling(der: &[u8]) -> &[u8] {
    let first = SliceReader::new(der).and_then(|mut reader| reader.tlv_bytes().map(<[u8]>::len));
    match der.split_at(first.unwrap_or(0)) {
        ([], _) => der,
        (value, filling) if is_filling(filling) => value,
        _ => der,
    }
}

/// What memory holds that was never written.
pub(crate) fn is_filling(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0x00) || bytes.iter().all(|byte| *byte == 0xff)
}

/// A certificate's name in a sentence: quoted, or in words where the subject is empty (RFC 5280 section 4.1.2.6).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<T: AsRef<str>> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref() {
            "" => f.write_str("a certificate without a subject"),
            name => Quoted(name).fmt(f),
        }
    }
}

/// The algorithm outside is not signed, so it must be the one inside (RFC 5280 section 4.1.1.2), a NULL aside.
fn same(outside: &AlgorithmIdentifierOwned, inside: &AlgorithmIdentifierOwned) -> bool {
    let parameters = |algorithm: &AlgorithmIdentifierOwned| {
        algorithm.parameters.as_ref().filter(|parameters| **parameters != Any::null()).map(Encode::to_der)
    };
    outside.oid == inside.oid && parameters(outside) == parameters(inside)
}

/// The first common name, in whichever string type it is written.
fn common_name(of: &Name) -> Option<String> {
    const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    let attribute = of.iter().find(|attribute| attribute.oid == COMMON_NAME)?;
    name::text((&attribute.value).into())
}
