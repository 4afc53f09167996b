//! The ledger's own keys, as lifecycle entries without a connector have them: one at a time under each origin.
//!
//! `generating` is durable before the key is made, as for a connector's; `generated` pins it and holds its vkey (C2SP
//! signed-note), which is all that anybody needs to verify what it signs. Agents of before pass such entries over.

use api::KeyState;
use ledger::{Entry, Vkey};
use token::{KeyId, KeyRef, Sha256};

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct LedgerKeys(Vec<LedgerKey>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKey {
    /// On which token.
    pub token: String,
    /// Its CKA_ID.
    pub id: KeyId,
    /// How far it got.
    pub state: KeyState,
    /// The pin and the vkey, from `generated` on.
    pub pinned: Option<(KeyRef, Vkey)>,
}

impl LedgerKeys {
    /// Applies the next entry. What it does not understand changes nothing.
    pub(super) fn apply(&mut self, entry: &Entry, state: &str) {
        let id = entry.key.as_deref().and_then(|id| id.parse::<KeyId>().ok());
        let (Some(state), Some(id), Some(token)) = (KeyState::parse(state), id, &entry.token) else { return };
        let known = self.0.iter().position(|key| key.id == id && key.token == *token);
        let at = known.unwrap_or_else(|| {
            self.0.push(LedgerKey { token: token.clone(), id, state, pinned: None });
            self.0.len() - 1
        });
        let key = &mut self.0[at];
        key.state = state;
        // Once, and by the entry that says so.
        if state == KeyState::Generated && key.pinned.is_none() {
            key.pinned = pinned(id, entry);
        }
    }

    /// The key that signs under this origin: the newest one that is pinned for it.
    pub fn current(&self, origin: &str) -> Option<&LedgerKey> {
        let is_its = |key: &&LedgerKey| key.vkey().is_some_and(|vkey| vkey.name() == origin);
        self.0.iter().rev().find(is_its)
    }

    /// Whether this identifier on this token is one of them.
    pub fn knows(&self, token: &str, id: KeyId) -> bool {
        self.of(token).any(|key| key.id == id)
    }

    /// Those on one token.
    pub fn of(&self, token: &str) -> impl Iterator<Item = &LedgerKey> {
        self.0.iter().filter(move |key| key.token == token)
    }

    /// Whether there never was one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl LedgerKey {
    /// The pin, while it may sign.
    pub fn pin(&self) -> Option<KeyRef> {
        self.usable().map(|(pin, _)| *pin)
    }

    /// What verifies its signatures, while it may sign.
    pub fn vkey(&self) -> Option<&Vkey> {
        self.usable().map(|(_, vkey)| vkey)
    }

    fn usable(&self) -> Option<&(KeyRef, Vkey)> {
        self.pinned.as_ref().filter(|_| self.state == KeyState::Generated)
    }
}

fn pinned(id: KeyId, entry: &Entry) -> Option<(KeyRef, Vkey)> {
    let spki_sha256: Sha256 = entry.spki_sha256.as_deref()?.parse().ok()?;
    Some((KeyRef { id, spki_sha256 }, entry.vkey.as_deref()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::Kind;

    /// The public key of RFC 8032 section 7.1, test 1.
    const PUBLIC: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
        0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];

    fn entry(state: &str, id: u8) -> Entry {
        Entry::new(Kind::Lifecycle).token("t").key(KeyId([id; 16]).to_string()).state(state)
    }

    fn folded(entries: &[Entry]) -> LedgerKeys {
        let mut keys = LedgerKeys::default();
        entries.iter().for_each(|entry| keys.apply(entry, entry.state.as_deref().unwrap()));
        keys
    }

    fn vkey(origin: &str) -> String {
        Vkey::new(origin, ledger::SignatureType::Ed25519, &PUBLIC).unwrap().to_string()
    }

    #[test]
    fn a_key_signs_for_the_origin_of_its_vkey_from_generated_on_and_its_pin_never_changes() {
        let pin = |byte: &str| byte.repeat(32);
        let born = entry("generated", 1).spki_sha256(pin("aa")).vkey(vkey("one"));
        let again = entry("generated", 1).spki_sha256(pin("bb")).vkey(vkey("two"));
        let keys = folded(&[entry("generating", 1), born.clone(), again]);
        assert_eq!(keys.current("one").unwrap().pin().unwrap().spki_sha256.to_string(), pin("aa"));
        assert!(keys.current("two").is_none() && keys.knows("t", KeyId([1; 16])));
        assert!(folded(&[entry("generating", 1)]).current("one").is_none());
        assert!(folded(&[born.clone(), entry("destroyed", 1)]).current("one").is_none());
        let newest = entry("generated", 2).spki_sha256(pin("cc")).vkey(vkey("one"));
        assert_eq!(folded(&[born, newest]).current("one").unwrap().id, KeyId([2; 16]));
    }

    #[test]
    fn an_entry_without_a_vkey_that_is_one_pins_nothing() {
        let broken = vkey("one").replace("one+", "two+");
        for vkey in [None, Some(broken)] {
            let entry = entry("generated", 1).spki_sha256("aa".repeat(32));
            let entry = vkey.into_iter().fold(entry, |entry, vkey| entry.vkey(vkey));
            assert!(folded(&[entry]).0.iter().all(|key| key.pin().is_none()));
        }
    }
}
