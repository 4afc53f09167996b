//! All evidence of one question: what is judged, and what may help to judge it.

use crate::item::{Document, Item, Limit, Malformed, certificates, parse};
use crate::{Certificate, HsmStatement, PublicKey, Question, Request, Role};

/// The most certificates that one question may bring, so that the search for a path is bounded.
pub const MAX_CERTIFICATES: usize = 64;

/// Evidence, sorted. Nothing in it is believed.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The certificates among which the key's own is.
    pub(crate) certificates: Vec<Certificate>,
    /// Requests that may carry an attestation.
    pub(crate) requests: Vec<Request>,
    /// Bare public keys: they say nothing of themselves, and must be the attested one.
    pub(crate) keys: Vec<PublicKey>,
    /// Certificates that only may be on a path.
    pub(crate) intermediates: Vec<Certificate>,
    /// JSON documents of formats that have their own judge.
    pub(crate) documents: Vec<Document>,
    /// What LiquidSecurity HSMs signed.
    pub(crate) statements: Vec<HsmStatement>,
}

impl Evidence {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file in which the key's attestation may be.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        for item in parse(bytes)? {
            match item {
                Item::Certificate(certificate) => self.certificates.push(*certificate),
                Item::Request(request) => self.requests.push(*request),
                Item::Document(document) => self.documents.push(document),
                Item::HsmStatement(statement) => self.statements.push(*statement),
                Item::Key(key) => self.keys.push(key),
            }
        }
        self.bounded()
    }

    /// Adds a file of certificates that may be on the path.
    pub fn add_intermediates(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.intermediates.extend(certificates(bytes)?);
        self.bounded()
    }

    /// Certificates that may be the key's own: given, or carried by a request.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().chain(self.requests.iter().flat_map(Request::carried))
    }

    /// Every certificate.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Certificate> {
        self.subjects().chain(&self.intermediates)
    }

    /// The keys that whoever made the evidence says it is about, by a request or bare.
    pub(crate) fn named_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.requests.iter().map(Request::key).chain(&self.keys)
    }

    /// Every certificate, and those that are known by heart or given to complete a path.
    pub(crate) fn pool(&self, question: &Question) -> Vec<Certificate> {
        let others = crate::anchors()
            .iter()
            .chain(&question.roots)
            .filter(|anchor| anchor.role() == Role::Intermediate);
        self.all().cloned().chain(others.filter_map(|anchor| anchor.certificate(&[]).cloned())).collect()
    }

    fn bounded(&self) -> Result<(), Malformed> {
        if self.all().count() + self.requests.len() + self.keys.len() > MAX_CERTIFICATES {
            Err(Malformed::TooLarge(Limit::Certificates))
        } else {
            Ok(())
        }
    }
}
