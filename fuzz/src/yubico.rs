//! Chains of YubiKeys and of a YubiHSM 2, and requests that carry one.

use std::sync::LazyLock;

use attest::{Certificate, Item, Report};
use der::{Reader, SliceReader};

use crate::{holds, proven};

/// The same files are seeds.
const FILES: [&[u8]; 4] = [
    include_bytes!("../seeds/yubico/piv-before-5.7.4"),
    include_bytes!("../seeds/yubico/piv-since-5.7.4"),
    include_bytes!("../seeds/yubico/piv-under-rsa"),
    include_bytes!("../seeds/yubico/hsm"),
];

/// A chain of which each certificate was signed by the one above.
pub struct Chain {
    said: Report,
    signed: Vec<Vec<u8>>,
}

/// All genuine chains.
pub fn chains() -> &'static [Chain] {
    static CHAINS: LazyLock<Vec<Chain>> =
        LazyLock::new(|| FILES.iter().map(|file| Chain::of(file)).collect());
    &CHAINS
}

impl Chain {
    fn of(file: &[u8]) -> Self {
        let said = proven(file);
        let signed = certificates(file).into_iter().map(|one| body(one.der()).expect("a body"));
        Self { said, signed: signed.collect() }
    }

    /// Whether a report says the same.
    pub fn says(&self, said: &Report) -> bool {
        self.said == *said
    }

    /// Whether all that was signed for it is in these certificates.
    pub fn is_in(&self, certificates: &[Certificate]) -> bool {
        self.signed.iter().all(|body| certificates.iter().any(|one| holds(one.der(), body)))
    }
}

/// What is signed of a certificate, byte for byte (RFC 5280 section 4.1).
pub(crate) fn body(certificate: &[u8]) -> Result<Vec<u8>, der::Error> {
    SliceReader::new(certificate)?.sequence(|inner| {
        let body = inner.tlv_bytes()?.to_vec();
        inner.tlv_bytes().and_then(|_algorithm| inner.tlv_bytes()).map(|_signature| body)
    })
}

/// Those in a file, and those that its requests carry.
pub fn certificates(file: &[u8]) -> Vec<Certificate> {
    let items = attest::parse(file).unwrap_or_default();
    let of = |item| match item {
        Item::Certificate(certificate) => vec![*certificate],
        Item::Request(request) => request.carried().to_vec(),
        _ => Vec::new(),
    };
    items.into_iter().flat_map(of).collect()
}
