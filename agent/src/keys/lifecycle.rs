//! The state of today: a fold of the ledger's lifecycle entries, and nothing else.
//!
//! A `generating` entry with a fresh CKA_ID comes before C_GenerateKeyPair, `generated` pins the public key, `certified`
//! names the certificate. `frozen` and `thawed` are a flag across a connector's keys. What names no connector is the ledger's own
//! key ([`LedgerKeys`]).

use std::collections::BTreeMap;

use api::KeyState;
use ledger::{Entry, Kind};
use token::{KeyId, KeyRef, Sha256};

use super::ledger_key::LedgerKeys;

/// The reason of the `generated` entry of a key that was adopted.
pub const ADOPTED: &str = "adopted";

/// Keys and freezes, as the ledger has them.
#[derive(Debug, Default)]
pub struct Lifecycle {
    keys: Vec<Key>,
    frozen: BTreeMap<String, String>,
    ledger: LedgerKeys,
}

/// One key of a connector on a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whose.
    pub connector: String,
    /// On which token.
    pub token: String,
    /// Its CKA_ID.
    pub id: KeyId,
    /// How far it got.
    pub state: KeyState,
    /// SHA-256 of its SubjectPublicKeyInfo, from `generated` on.
    pub spki_sha256: Option<Sha256>,
    /// SHA-256 of its certificate, from `certified` on.
    pub certificate_sha256: Option<Sha256>,
    /// Whether it was there before the ledger heard of it: customers may hold a certificate for it.
    pub adopted: bool,
    /// The indices of the entries that say so, rising.
    pub entries: Vec<u64>,
}

impl Key {
    /// The pin, from `generated` on.
    pub fn pin(&self) -> Option<KeyRef> {
        let usable = matches!(self.state, KeyState::Generated | KeyState::Certified);
        self.spki_sha256.filter(|_| usable).map(|spki_sha256| KeyRef { id: self.id, spki_sha256 })
    }
}

impl Lifecycle {
    /// Folds entries, with their indices, in their order.
    pub fn fold<'a>(entries: impl IntoIterator<Item = (u64, &'a Entry)>) -> Self {
        let mut lifecycle = Self::default();
        entries.into_iter().for_each(|(index, entry)| lifecycle.apply(index, entry));
        lifecycle
    }

    /// Applies the next entry. What it does not understand changes nothing.
    pub fn apply(&mut self, index: u64, entry: &Entry) {
        let (Kind::Lifecycle, Some(state)) = (entry.kind, &entry.state) else { return };
        let Some(connector) = &entry.connector else { return self.ledger.apply(entry, state) };
        match state.as_str() {
            "frozen" => {
                self.frozen.insert(connector.clone(), entry.reason.clone().unwrap_or_default());
            }
            "thawed" => {
                self.frozen.remove(connector);
            }
            state => self.apply_key(connector, KeyState::parse(state), index, entry),
        }
    }

    fn apply_key(&mut self, connector: &str, state: Option<KeyState>, index: u64, entry: &Entry) {
        let id = entry.key.as_deref().and_then(|id| id.parse::<KeyId>().ok());
        let (Some(state), Some(id), Some(token)) = (state, id, &entry.token) else { return };
        let digest = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Sha256>().ok());
        let known = self
            .keys
            .iter()
            .position(|key| key.id == id && key.connector == connector && key.token == *token);
        let at = known.unwrap_or_else(|| {
            self.keys.push(Key {
                connector: connector.to_owned(),
                token: token.clone(),
                id,
                state,
                spki_sha256: None,
                certificate_sha256: None,
                adopted: false,
                entries: Vec::new(),
            });
            self.keys.len() - 1
        });
        let key = &mut self.keys[at];
        key.state = state;
        key.entries.push(index);
        // The pin is set once, by the entry that says so: nothing else sets it, and nothing later replaces it.
        if state == KeyState::Generated {
            key.spki_sha256 = key.spki_sha256.or(digest(&entry.spki_sha256));
            key.adopted |= entry.reason.as_deref() == Some(ADOPTED);
        }
        key.certificate_sha256 = digest(&entry.certificate_sha256).or(key.certificate_sha256);
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The newest key of a connector on a token that is pinned.
    pub fn current(&self, connector: &str, token: &str) -> Option<&Key> {
        let here = |key: &&Key| key.connector == connector && key.token == token && key.pin().is_some();
        self.keys.iter().rev().find(here)
    }

    /// What the ledger knows this identifier on this token as: the pinned key, else the newest that it heard of. One
    /// key has one use, so the connector is not asked for: another's key is known, too.
    pub fn known_as(&self, token: &str, id: KeyId) -> Option<&Key> {
        let here = self.keys.iter().filter(|key| key.id == id && key.token == token);
        here.max_by_key(|key| key.pin().is_some())
    }

    /// The ledger's own keys.
    pub fn ledger(&self) -> &LedgerKeys {
        &self.ledger
    }

    /// Frozen connectors and the reasons.
    pub fn frozen(&self) -> &BTreeMap<String, String> {
        &self.frozen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded<const N: usize>(entries: [&Entry; N]) -> Lifecycle {
        Lifecycle::fold((0..).zip(entries))
    }

    fn entry(state: &str) -> Entry {
        Entry::new(Kind::Lifecycle).connector("de").token("t").key("07".repeat(16)).state(state)
    }

    #[test]
    fn a_key_is_usable_from_generated_on_and_its_pin_never_changes() {
        let pinned = entry("generated").spki_sha256("aa".repeat(32));
        let other = entry("certified").spki_sha256("bb".repeat(32)).certificate_sha256("cc".repeat(32));
        let lifecycle = folded([&entry("generating"), &pinned, &other]);
        let key = lifecycle.current("de", "t").unwrap();
        assert_eq!(key.pin().unwrap().spki_sha256.to_string(), "aa".repeat(32));
        assert_eq!(key.certificate_sha256.unwrap().to_string(), "cc".repeat(32));
        assert_eq!(key.entries, [0, 1, 2]);
        assert!(folded([&entry("generating")]).current("de", "t").is_none());
        assert!(folded([&entry("generating"), &other]).current("de", "t").is_none(), "only `generated` pins");
        assert!(folded([&pinned, &entry("destroyed")]).current("de", "t").is_none());
    }

    #[test]
    fn an_identifier_is_known_on_its_own_token_only() {
        let lifecycle = folded([
            &entry("generated").spki_sha256("aa".repeat(32)),
            &entry("generating").connector("uk"),
            &entry("generating").token("other"),
        ]);
        let id = "07".repeat(16).parse().unwrap();
        let known = |token| lifecycle.known_as(token, id);
        assert_eq!(known("t").unwrap().connector, "de");
        assert!(known("t").unwrap().pin().is_some());
        assert!(known("other").unwrap().pin().is_none());
        assert!(known("third").is_none());
    }

    #[test]
    fn the_last_of_frozen_and_thawed_holds() {
        let [freeze, thaw] =
            ["frozen", "thawed"].map(|state| Entry::new(Kind::Lifecycle).connector("de").state(state));
        assert!(folded([&freeze]).frozen().contains_key("de"));
        assert!(folded([&freeze, &thaw]).frozen().is_empty());
        assert!(folded([&thaw, &freeze]).frozen().contains_key("de"));
    }
}
