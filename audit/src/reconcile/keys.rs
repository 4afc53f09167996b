//! What the logs say of keys: which certificates are theirs, under which keyId they were published, when they were retired.
//!
//! A fold of lifecycle entries, and of certificates that the auditor has. A thumbprint leads to at most one key.

use std::collections::HashMap;

use jiff::Timestamp;
use ledger::Entry;
use uuid::Uuid;

use super::names::{Names, Number, TooMany};
use crate::signins::Thumbprint;

/// A key, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(super) struct Key {
    pub(super) connector: Option<String>,
    /// When it was said to be of no more use.
    pub(super) retired: Option<Timestamp>,
    /// SHA-256 of certificates whose SHA-1 nobody told.
    untold: Vec<[u8; 32]>,
}

/// All keys of the logs.
#[derive(Debug, Default)]
pub struct Keys {
    names: Names<Box<str>>,
    keys: Vec<Key>,
    thumbprints: HashMap<Thumbprint, Number>,
    published: HashMap<Uuid, Number>,
    public: HashMap<[u8; 32], Number>,
}

/// Lifecycle states after which a key signs no more.
const RETIRED: [&str; 2] = ["retired", "destroyed"];

impl Keys {
    /// The number of a key by its identifier in the log.
    pub(super) fn number(&mut self, key: &str) -> Result<Number, TooMany> {
        let number = self.names.number(key.into())?;
        self.keys.resize_with(self.names.len(), Key::default);
        Ok(number)
    }

    /// Takes what a lifecycle entry says of a key.
    pub(super) fn apply(&mut self, entry: &Entry) -> Result<(), TooMany> {
        let Some(key) = &entry.key else { return Ok(()) };
        let number = self.number(key)?;
        let key = &mut self.keys[number as usize];
        if let Some(connector) = &entry.connector {
            key.connector = Some(connector.clone());
        }
        if entry.state.as_deref().is_some_and(|state| RETIRED.contains(&state)) {
            key.retired = key.retired.or(entry.time);
        }
        let sha1 = entry.certificate_sha1.as_deref().and_then(digest);
        if let Some(sha256) = entry.certificate_sha256.as_deref().and_then(digest) {
            self.thumbprints.insert(Thumbprint::Sha256(sha256), number);
            if sha1.is_none() {
                key.untold.push(sha256);
            }
        }
        if let Some(sha1) = sha1 {
            self.thumbprints.insert(Thumbprint::Sha1(sha1), number);
        }
        if let Some(spki) = entry.spki_sha256.as_deref().and_then(digest) {
            self.public.entry(spki).or_insert(number);
        }
        let key_id = entry.credential_key_id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        if let Some(key_id) = key_id {
            self.published.insert(key_id, number);
        }
        Ok(())
    }

    /// Takes the digests of a certificate that the auditor has, in hexadecimal: it is a key's whose public key it holds, or
    /// whose log names it. Whether it is any key's of these logs.
    pub fn certificate(&mut self, sha1: &str, sha256: &str, spki_sha256: &str) -> bool {
        let (Some(sha1), Some(sha256)) = (digest(sha1), digest(sha256)) else { return false };
        let named = self.thumbprints.get(&Thumbprint::Sha256(sha256));
        let known = named.or_else(|| self.public.get(&digest::<32>(spki_sha256)?)).copied();
        let Some(number) = known else { return false };
        self.thumbprints.insert(Thumbprint::Sha256(sha256), number);
        self.thumbprints.insert(Thumbprint::Sha1(sha1), number);
        self.keys[number as usize].untold.retain(|untold| *untold != sha256);
        true
    }

    /// The identifiers of all keys, in the order of their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    pub(super) fn by_thumbprint(&self, thumbprint: Thumbprint) -> Option<Number> {
        self.thumbprints.get(&thumbprint).copied()
    }

    pub(super) fn by_key_id(&self, key_id: Uuid) -> Option<Number> {
        self.published.get(&key_id).copied()
    }

    pub(super) fn name(&self, number: Number) -> &str {
        self.names.name(number)
    }

    pub(super) fn key(&self, number: Number) -> &Key {
        &self.keys[number as usize]
    }

    /// How many certificates the logs name whose SHA-1 nobody told: a thumbprint that is not known may be one of theirs.
    pub(super) fn untold(&self) -> usize {
        self.keys.iter().map(|key| key.untold.len()).sum()
    }
}

fn digest<const N: usize>(text: &str) -> Option<[u8; N]> {
    base16ct::mixed::decode_vec(text).ok()?.try_into().ok()
}
