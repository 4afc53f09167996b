//! A certificate as it came: its bytes, its names, its key, its extensions (RFC 5280 section 4.1).
//!
//! Holds what is parsed and judges nothing. A certificate that could be read in two ways (an extension twice, another
//! algorithm outside than inside, bytes after its end that are no filling) is not read at all.

use std::fmt;
use std::sync::Arc;

use der::asn1::Any;
use der::{Decode, Encode, Reader, SliceReader};
use quoted::Quoted;
use x509_cert::TbsCertificate;
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

use crate::name::{self, Prepared};
use crate::signed::Signed;
use crate::{KeyError, PublicKey, Sha256, SignatureFault, public_key};

/// The largest certificate, in bytes.
const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// A parsed certificate. What a search asks again and again (its digest, its names) is made once, and a copy is another
/// handle: who gives evidence chooses how large it is.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Vec<u8>,
    sha256: Sha256,
    signed: Signed,
    tbs: TbsCertificate,
    key: PublicKey,
    subject: Prepared,
    issuer: Prepared,
    /// The name for people.
    called: Prepared,
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
        let (subject, issuer) = (Prepared::of(tbs.subject()), Prepared::of(tbs.issuer()));
        let called = Prepared::of_text(&called(tbs.subject()));
        let (der, sha256) = (der.to_vec(), Sha256::of(der));
        let parsed = Self(Arc::new(Parsed { der, sha256, signed, tbs, key, subject, issuer, called }));
        match parsed.is_unambiguous() {
            true => Ok(parsed),
            false => Err(der::Error::from(der::Tag::Sequence.value_error()).into()),
        }
    }

    /// The certificate's DER, as it came.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the DER: what pins it.
    pub fn sha256(&self) -> Sha256 {
        self.0.sha256
    }

    /// The certified key.
    pub fn key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The parsed body.
    pub fn tbs(&self) -> &TbsCertificate {
        &self.0.tbs
    }

    /// The subject's common name, if it has one.
    pub fn common_name(&self) -> Option<String> {
        common_name(self.0.tbs.subject())
    }

    /// The subject for people: its common name, or else all of it.
    pub fn name(&self) -> String {
        called(self.0.tbs.subject())
    }

    /// The issuer for people.
    pub fn issuer_name(&self) -> String {
        called(self.0.tbs.issuer())
    }

    /// Whether `issuer` bears the name that this certificate says it was issued by (RFC 5280 section 7.1).
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.0.issuer == issuer.0.subject
    }

    /// Whether both say that they were issued by the same.
    pub(crate) fn has_issuer_of(&self, other: &Self) -> bool {
        self.0.issuer == other.0.issuer
    }

    /// Whether this is its name for people.
    pub(crate) fn is_called(&self, name: Prepared) -> bool {
        self.0.called == name
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
        self.0.tbs.extensions().into_iter().flatten()
    }

    /// Whether `key` signed this certificate.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        self.0.signed.verify(key)
    }

    /// Whether an RSA algorithm identifier in it lacks the NULL that RFC 4055 section 5 demands.
    pub fn lacks_null(&self) -> bool {
        const PKCS1: &str = "1.2.840.113549.1.1.";
        [&self.0.signed.algorithm, self.0.tbs.signature()]
            .iter()
            .any(|algorithm| algorithm.parameters.is_none() && algorithm.oid.to_string().starts_with(PKCS1))
    }

    /// Whether an ECDSA algorithm identifier in it has the NULL that RFC 5758 section 3.2 forbids.
    pub fn has_null(&self) -> bool {
        const ECDSA: &str = "1.2.840.10045.4.3.";
        [&self.0.signed.algorithm, self.0.tbs.signature()].iter().any(|algorithm| {
            algorithm.parameters == Some(Any::null()) && algorithm.oid.to_string().starts_with(ECDSA)
        })
    }

    /// The algorithm that it says it is signed with.
    pub(crate) fn algorithm(&self) -> ObjectIdentifier {
        self.0.signed.algorithm.oid
    }

    fn is_unambiguous(&self) -> bool {
        let mut oids: Vec<_> = self.extensions().map(|extension| extension.extn_id).collect();
        let all = oids.len();
        oids.sort();
        oids.dedup();
        oids.len() == all && same(&self.0.signed.algorithm, self.0.tbs.signature())
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

/// A name for people: its common name, or else all of it.
fn called(name: &Name) -> String {
    common_name(name).unwrap_or_else(|| name.to_string())
}

/// The first common name, in whichever string type it is written.
fn common_name(of: &Name) -> Option<String> {
    const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
    let attribute = of.iter().find(|attribute| attribute.oid == COMMON_NAME)?;
    name::text((&attribute.value).into())
}
