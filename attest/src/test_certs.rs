//! Certificates made in tests, well-formed or wrong in just one way. The DER is written by hand, so that anything can be.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};

use crate::{Anchor, Certificate, Kind};

pub(crate) const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const YUBICO: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0xc4, 0x0a];

/// A key that signs certificates.
pub(crate) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What is to be signed.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) not_before: &'static str,
    pub(crate) not_after: &'static str,
    pub(crate) spki: Vec<u8>,
    /// Each extension's identifier (its DER content), whether it is critical, and its value.
    pub(crate) extensions: Vec<(Vec<u8>, bool, Vec<u8>)>,
    /// Whether identifiers have a NULL just where they should: RSA's has one, ECDSA's none.
    pub(crate) null: bool,
}

impl Signer {
    pub(crate) fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    pub(crate) fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().unwrap())
    }

    /// The same one for all tests: making one takes its time.
    pub(crate) fn rsa() -> &'static Self {
        static KEY: OnceLock<Signer> = OnceLock::new();
        KEY.get_or_init(|| Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }

    pub(crate) fn spki(&self) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::P256(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.public_key().as_der().unwrap().as_ref().to_vec(),
        }
    }

    fn algorithm(&self, null: bool) -> Vec<u8> {
        match self {
            Self::Rsa(_) if null => seq(&[tlv(0x06, RSA_SHA256), vec![0x05, 0x00]]),
            Self::Rsa(_) => seq(&[tlv(0x06, RSA_SHA256)]),
            Self::P256(_) if null => seq(&[tlv(0x06, ECDSA_SHA256)]),
            Self::P256(_) => seq(&[tlv(0x06, ECDSA_SHA256), vec![0x05, 0x00]]),
            Self::Ed25519(_) => seq(&[tlv(0x06, ED25519)]),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// SEQUENCE { body, algorithm, signature }.
    pub(crate) fn seal(&self, body: &[u8], null: bool) -> Vec<u8> {
        seq(&[body.to_vec(), self.algorithm(null), bit_string(&self.sign(body))])
    }
}

impl Draft {
    pub(crate) fn new(subject: &str, issuer: &str, spki: Vec<u8>) -> Self {
        let (not_before, not_after) = ("20200101000000Z", "99991231235959Z");
        let (subject, issuer) = (subject.to_owned(), issuer.to_owned());
        Self { subject, issuer, not_before, not_after, spki, extensions: Vec::new(), null: true }
    }

    /// basicConstraints of a CA.
    pub(crate) fn ca(self, path_length: Option<u8>) -> Self {
        let length = path_length.map(|most| tlv(0x02, &[most])).unwrap_or_default();
        self.with(&[0x55, 0x1d, 0x13], true, &seq(&[vec![0x01, 0x01, 0xff], length]))
    }

    pub(crate) fn with(mut self, oid: &[u8], critical: bool, value: &[u8]) -> Self {
        self.extensions.push((oid.to_vec(), critical, value.to_vec()));
        self
    }

    /// An extension below Yubico's identifier.
    pub(crate) fn yubico(self, arcs: [u8; 2], value: &[u8]) -> Self {
        self.with(&[YUBICO, &arcs].concat(), false, value)
    }

    pub(crate) fn without(mut self, last: &[u8]) -> Self {
        self.extensions.retain(|(oid, _, _)| !oid.ends_with(last));
        self
    }

    pub(crate) fn sign(&self, signer: &Signer) -> Certificate {
        Certificate::from_der(&self.der(signer)).unwrap()
    }

    pub(crate) fn der(&self, signer: &Signer) -> Vec<u8> {
        let validity = [self.not_before, self.not_after].map(|time| tlv(0x18, time.as_bytes()));
        let mut body = vec![
            tlv(0xa0, &[0x02, 0x01, 0x02]),
            tlv(0x02, &[0x04, 0x06, 0x47]),
            signer.algorithm(self.null),
            name(&self.issuer),
            seq(&validity),
            name(&self.subject),
            self.spki.clone(),
        ];
        if !self.extensions.is_empty() {
            body.push(tlv(0xa3, &seq(&extensions(&self.extensions))));
        }
        signer.seal(&seq(&body), self.null)
    }
}

/// A pinned anchor, made up: only tests can.
pub(crate) fn pinned(certificate: Certificate, kinds: &'static [Kind]) -> Anchor {
    Anchor::forged(certificate, kinds)
}

/// A certificate request with these extensions.
pub(crate) fn request(signer: &Signer, carried: &[([u8; 2], Vec<u8>)]) -> Vec<u8> {
    let all: Vec<_> =
        carried.iter().map(|(arcs, value)| ([YUBICO, arcs].concat(), false, value.clone())).collect();
    const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
    let attribute = seq(&[tlv(0x06, EXTENSION_REQUEST), tlv(0x31, &seq(&extensions(&all)))]);
    let body = seq(&[tlv(0x02, &[0]), name("a request"), signer.spki(), tlv(0xa0, &attribute)]);
    signer.seal(&body, true)
}

/// As PEM.
pub(crate) fn armoured(label: &str, der: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\r\n{body}\r\n-----END {label}-----\r\n").into_bytes()
}

fn extensions(all: &[(Vec<u8>, bool, Vec<u8>)]) -> Vec<Vec<u8>> {
    let one = |(oid, critical, value): &(Vec<u8>, bool, Vec<u8>)| {
        let critical = if *critical { vec![0x01, 0x01, 0xff] } else { Vec::new() };
        seq(&[tlv(0x06, oid), critical, tlv(0x04, value)])
    };
    all.iter().map(one).collect()
}

fn name(common: &str) -> Vec<u8> {
    let attribute = seq(&[tlv(0x06, &[0x55, 0x04, 0x03]), tlv(0x0c, common.as_bytes())]);
    seq(&[tlv(0x31, &attribute)])
}

pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes].concat())
}

pub(crate) fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let header = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [header, value.to_vec()].concat()
}
