//! What a file of evidence holds, told by its form: PEM, DER, PKCS#7, JSON, SSH's keys or an HSM's statement, any number of pieces, any order.
//!
//! The first thing that foreign bytes meet. It trusts nothing and only sorts; every size is bounded here.

use quoted::{Quoted, one_line};
use serde::Deserialize;

use crate::certificate::is_filling;
use crate::liquidsecurity::{self, NotAStatement};
use crate::{Certificate, Curve, HsmStatement, KeyError, PublicKey, Request, bundle, pem, pkcs7, ssh, tpm};
use der::{Reader, SliceReader};

/// The largest file of evidence, in bytes.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// The most pieces in one file.
const MAX_ITEMS: usize = 256;

/// The formats of JSON documents that have a judge (`verify`). Each judge adds its own.
const FORMATS: [&str; 2] = [tpm::EVIDENCE, bundle::BUNDLE];

/// One piece of evidence.
#[derive(Clone, Debug)]
pub enum Item {
    /// An X.509 certificate.
    Certificate(Box<Certificate>),
    /// A PKCS#10 certificate request.
    Request(Box<Request>),
    /// A bare public key.
    Key(PublicKey),
    /// A JSON document of a known format.
    Document(Document),
    /// What a LiquidSecurity HSM signed of a key pair.
    HsmStatement(Box<HsmStatement>),
}

/// A JSON document that names its own format.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its `format` member, as in `kunci-evidence/1`.
    pub format: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Evidence that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Nothing in it.
    #[error("there is nothing in it")]
    Empty,
    /// More than is read, of whatever the limit counts.
    #[error("it is too large: {0}")]
    TooLarge(Limit),
    /// Neither PEM nor DER nor JSON, or cut short or damaged.
    #[error("it is neither a certificate nor a request nor a public key ({})", one_line(.0))]
    Unreadable(String),
    /// A public key that has no private key.
    #[error("its public key is no point on the curve {0}")]
    OffCurve(Curve),
    /// A PEM block that has no place in evidence.
    #[error("a PEM block is labelled {}, which is no evidence", Quoted(.0))]
    Label(String),
    /// A PKCS#7 file that is no bundle of certificates.
    #[error(
        "it is PKCS#7 and no bundle of certificates in DER; `openssl pkcs7 -print_certs` takes others apart"
    )]
    Pkcs7,
    /// It begins like a statement of a LiquidSecurity HSM, or is in gzip, as only those are.
    #[error("it should be the statement of a LiquidSecurity HSM, but {0}")]
    HsmStatement(#[from] NotAStatement),
    /// JSON without a format that is known here.
    #[error("it is JSON, but of no format that is known here")]
    Format,
}

/// The limit that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Of one file.
    #[error("a file has at most {MAX_FILE_BYTES} bytes")]
    Bytes,
    /// Of one file.
    #[error("a file holds at most {MAX_ITEMS} certificates, requests and keys")]
    Items,
    /// Of all files together.
    #[error("at most {} certificates, requests and keys are judged in one call", crate::MAX_CERTIFICATES)]
    Certificates,
    /// Of a bundle.
    #[error("a bundle has at most {} keys", bundle::MAX_KEYS)]
    Keys,
    /// Of one key of a bundle.
    #[error(
        "a key of a bundle has at most {} certificates and {} entries of the log",
        bundle::MAX_CHAIN,
        bundle::MAX_ENTRIES
    )]
    Parts,
}

/// Takes a file apart.
pub fn parse(bytes: &[u8]) -> Result<Vec<Item>, Malformed> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Malformed::TooLarge(Limit::Bytes));
    }
    if liquidsecurity::is_statement(bytes) {
        return Ok(vec![Item::HsmStatement(Box::new(HsmStatement::parse(bytes)?))]);
    }
    let text = std::str::from_utf8(bytes).ok();
    let items = match text {
        Some(text) if text.trim().is_empty() => return Err(Malformed::Empty),
        Some(text) if text.trim_start().starts_with('{') => vec![document(bytes)?],
        Some(text) if pem::is_pem(text) => from_pem(text)?,
        Some(text) if ssh::is_key(text) => ssh::keys(text)?.into_iter().map(Item::Key).collect(),
        _ if bytes.is_empty() => return Err(Malformed::Empty),
        _ => from_der(bytes)?,
    };
    if items.len() > MAX_ITEMS { Err(Malformed::TooLarge(Limit::Items)) } else { Ok(items) }
}

/// A file in which there is nothing but certificates.
pub(crate) fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Malformed> {
    parse(bytes)?
        .into_iter()
        .map(|item| match item {
            Item::Certificate(certificate) => Ok(*certificate),
            _ => Err(Malformed::Unreadable("only certificates are expected here".to_owned())),
        })
        .collect()
}

fn document(bytes: &[u8]) -> Result<Item, Malformed> {
    #[derive(Deserialize)]
    struct Named {
        format: String,
    }
    let named: Named = serde_json::from_slice(bytes).map_err(|_| Malformed::Format)?;
    if !FORMATS.contains(&named.format.as_str()) {
        return Err(Malformed::Format);
    }
    Ok(Item::Document(Document { format: named.format, bytes: bytes.to_vec() }))
}

fn from_pem(text: &str) -> Result<Vec<Item>, Malformed> {
    let blocks = pem::blocks(text).map_err(|error| Malformed::Unreadable(error.to_string()))?;
    let mut items = Vec::new();
    for block in blocks.iter().take(MAX_ITEMS + 1) {
        match block.label {
            "PKCS7" | "CMS" => items.extend(from_pkcs7(&block.der)?),
            label => items.push(labelled(label, &block.der)?),
        }
    }
    Ok(items)
}

/// What a CA hands out as a chain: only the certificates in it are taken.
fn from_pkcs7(der: &[u8]) -> Result<Vec<Item>, Malformed> {
    let found = pkcs7::certificates(der).map_err(|_| Malformed::Pkcs7)?;
    found.into_iter().take(MAX_ITEMS + 1).map(|one| certificate(one).map_err(Malformed::from)).collect()
}

/// The labels of RFC 7468, and those of old tools.
fn labelled(label: &str, der: &[u8]) -> Result<Item, Malformed> {
    let read = match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => certificate(der),
        "TRUSTED CERTIFICATE" => certificate(without_trust(der)?),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request(der),
        "PUBLIC KEY" => key(der),
        other => return Err(Malformed::Label(other.chars().take(40).collect())),
    };
    Ok(read?)
}

/// OpenSSL's form: behind the certificate stands for what its owner trusts it (X509_CERT_AUX). That is no word of the
/// evidence's, and is left out.
fn without_trust(der: &[u8]) -> Result<&[u8], KeyError> {
    let mut reader = SliceReader::new(der)?;
    let certificate = reader.tlv_bytes()?;
    if !reader.is_finished() {
        reader.tlv_bytes()?;
    }
    reader.finish()?;
    Ok(certificate)
}

/// One DER value after the other.
fn from_der(bytes: &[u8]) -> Result<Vec<Item>, Malformed> {
    let damaged = |error: der::Error| Malformed::from(KeyError::from(error));
    let mut reader = SliceReader::new(bytes).map_err(damaged)?;
    let mut items = Vec::new();
    while !reader.is_finished() && items.len() <= MAX_ITEMS {
        if !items.is_empty() && is_filling(rest(bytes, &reader)) {
            break;
        }
        let value = reader.tlv_bytes().map_err(damaged)?;
        match pkcs7::is_signed_data(value) {
            true => items.extend(from_pkcs7(value)?),
            false => items.push(one(value)?),
        }
    }
    Ok(items)
}

fn rest<'a>(bytes: &'a [u8], reader: &SliceReader<'_>) -> &'a [u8] {
    usize::try_from(reader.position()).ok().and_then(|read| bytes.get(read..)).unwrap_or_default()
}

/// Told apart by what parses; where nothing does, the certificate's error is the one that helps. What was read as far as a point
/// that is none is nothing else.
fn one(der: &[u8]) -> Result<Item, KeyError> {
    let mut first = None;
    for read in [certificate, request, key] {
        match read(der) {
            Err(KeyError::Der(error)) => first = first.or(Some(error)),
            done => return done,
        }
    }
    Err(KeyError::Der(first.unwrap_or_else(|| der::ErrorKind::Failed.into())))
}

fn certificate(der: &[u8]) -> Result<Item, KeyError> {
    Certificate::from_der(der).map(|parsed| Item::Certificate(Box::new(parsed)))
}

fn request(der: &[u8]) -> Result<Item, KeyError> {
    Request::from_der(der).map(|parsed| Item::Request(Box::new(parsed)))
}

fn key(der: &[u8]) -> Result<Item, KeyError> {
    PublicKey::from_spki(der).map(Item::Key)
}

impl From<KeyError> for Malformed {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Der(error) => Self::Unreadable(error.to_string()),
            KeyError::OffCurve(curve) => Self::OffCurve(curve),
        }
    }
}

#[cfg(test)]
mod tests;
