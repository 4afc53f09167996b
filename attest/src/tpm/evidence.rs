//! What the vendor hands in for one key: `kunci-tpm/1`, a JSON object of the TPM's own bytes.
//!
//! `kunci-tpm-evidence` writes it; a bundle carries one for each TPM key. Nothing in it is believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::public::Public;
use super::signature::Signature;
use super::statement::Statement;
use super::wire::WireError;
use super::{Creation, MAX_STRUCTURE};
use crate::{Certificate, Document, KeyError, PublicKey};

/// The `format` of a TPM's evidence.
pub const EVIDENCE: &str = "kunci-tpm/1";
/// The most certificates that one piece brings.
const MAX_CERTIFICATES: usize = 8;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TpmEvidence {
    /// `kunci-tpm/1`
    pub format: String,
    /// The endorsement key's certificate, then intermediates; DER, base64.
    pub ek_certificates: Vec<String>,
    /// The attestation key: TPM2B_PUBLIC, base64.
    pub ak_public: String,
    /// What TPM2_ActivateCredential gave out, lower-case hexadecimal; absent where there was no challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated: Option<String>,
    /// The key: TPM2B_PUBLIC, base64.
    pub key_public: String,
    /// What the attestation key signed: TPMS_ATTEST, base64.
    pub statement: String,
    /// Its signature: TPMT_SIGNATURE, base64.
    pub signature: String,
    /// TPM2B_CREATION_DATA, base64; only TPM2_CertifyCreation speaks of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_data: Option<String>,
}

/// What a file brings beside its statement, as far as that can be read.
pub(crate) struct Brought {
    /// The endorsement key's certificate, then the others.
    pub(crate) certificates: Vec<Certificate>,
    /// The key that it speaks of.
    pub(crate) key: Option<PublicKey>,
}

/// Of each TPM's file among these.
pub(crate) fn brought(documents: &[Document]) -> Vec<Brought> {
    let of_tpms = documents.iter().filter(|document| document.format == EVIDENCE);
    let read = of_tpms.filter_map(|document| TpmEvidence::from_json(&document.bytes).ok());
    read.map(|read| Brought { certificates: read.certificates().unwrap_or_default(), key: read.key() })
        .collect()
}

/// The file, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) certificates: Vec<Certificate>,
    pub(super) ak: Public,
    pub(super) key: Public,
    pub(super) signed: Vec<u8>,
    pub(super) statement: Statement,
    pub(super) signature: Signature,
    pub(super) creation: Option<Creation>,
}

/// Evidence that cannot be taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON of this format.
    #[error("it is no {EVIDENCE} object")]
    Format,
    /// A member is not base64.
    #[error("its {0} is not base64")]
    Base64(&'static str),
    /// A member has more bytes than a TPM's structure.
    #[error("its {0} has more than {MAX_STRUCTURE} bytes")]
    TooLong(&'static str),
    /// A certificate does not parse.
    #[error("a certificate of the endorsement key cannot be read: {0}")]
    Certificate(KeyError),
    /// The endorsement key's is missing.
    #[error("it brings no certificate of an endorsement key")]
    NoCertificate,
    /// More certificates than a path has.
    #[error("it brings more than {MAX_CERTIFICATES} certificates")]
    Certificates,
    /// One of the TPM's structures does not parse.
    #[error("its {0}: {1}")]
    Structure(&'static str, WireError),
}

impl Unreadable {
    /// Whole, as far as it was read, and of a kind that is not judged here.
    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(self, Self::Structure(_, WireError::Unsupported(..)))
    }
}

impl TpmEvidence {
    /// Reads the file.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        let parsed: Self = serde_json::from_slice(bytes).map_err(|_| Unreadable::Format)?;
        if parsed.format == EVIDENCE { Ok(parsed) } else { Err(Unreadable::Format) }
    }

    /// The key that it speaks of, as far as that can be read.
    pub(crate) fn key(&self) -> Option<PublicKey> {
        let public = structure("key_public", &self.key_public, Public::parse).ok()?;
        PublicKey::from_spki(&public.spki()).ok()
    }

    pub(super) fn parts(&self) -> Result<Parts, Unreadable> {
        let certificates = self.certificates()?;
        let ak = structure("ak_public", &self.ak_public, Public::parse)?;
        let key = structure("key_public", &self.key_public, Public::parse)?;
        let signed = decoded("statement", &self.statement)?;
        let statement =
            Statement::parse(&signed).map_err(|error| Unreadable::Structure("statement", error))?;
        let signature = structure("signature", &self.signature, Signature::parse)?;
        let creation =
            self.creation_data.as_ref().map(|text| structure("creation_data", text, Creation::parse));
        let creation = creation.transpose()?;
        Ok(Parts { certificates, ak, key, signed, statement, signature, creation })
    }

    fn certificates(&self) -> Result<Vec<Certificate>, Unreadable> {
        match self.ek_certificates.len() {
            0 => return Err(Unreadable::NoCertificate),
            1..=MAX_CERTIFICATES => {}
            _ => return Err(Unreadable::Certificates),
        }
        let certificate = |text: &String| {
            let der = STANDARD.decode(text).map_err(|_| Unreadable::Base64("ek_certificates"))?;
            Certificate::from_der(&der).map_err(Unreadable::Certificate)
        };
        self.ek_certificates.iter().map(certificate).collect()
    }
}

fn structure<T>(
    what: &'static str,
    text: &str,
    parse: fn(&[u8]) -> Result<T, WireError>,
) -> Result<T, Unreadable> {
    parse(&decoded(what, text)?).map_err(|error| Unreadable::Structure(what, error))
}

fn decoded(what: &'static str, text: &str) -> Result<Vec<u8>, Unreadable> {
    let bytes = STANDARD.decode(text).map_err(|_| Unreadable::Base64(what))?;
    if bytes.len() > MAX_STRUCTURE { Err(Unreadable::TooLong(what)) } else { Ok(bytes) }
}
