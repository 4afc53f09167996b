//! A witness's own key: Ed25519 (type 0x04), as one line of text in the form that signed notes have for private keys.
//!
//! The key is no connector's and no log's. Whoever has it signs in the witness's name, so the file is its owner's alone;
//! who reads and writes the file looks to that. Nothing prints the key but [`Key::secret_text`].

use aws_lc_rs::{
    encoding::{AsBigEndian, Curve25519SeedBin},
    rand,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use ledger::{BadVkey, Signature, SignatureType, Vkey, cosignature_message, hex};
use zeroize::Zeroizing;

/// The longest key's file, in bytes.
pub const MAX_KEY_BYTES: u64 = 1024;

/// What begins the line.
const PREFIX: &str = "PRIVATE+KEY+";

/// Bytes in an Ed25519 seed.
const SEED_BYTES: usize = 32;

/// A witness's key and name.
pub struct Key {
    vkey: Vkey,
    pair: Ed25519KeyPair,
}

/// The text is no witness's key. What it holds is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not one line of the right shape.
    #[error("it is not a witness's key as `kunci witness init` writes it")]
    Shape,
    /// The id is another key's.
    #[error("its id does not belong to its name and key: a character was lost or changed")]
    Id,
    /// The witness cannot have that name.
    #[error(transparent)]
    Name(BadVkey),
    /// The system gave no random bytes, or refused the key.
    #[error("the system's random numbers or Ed25519 do not work")]
    System,
}

impl Key {
    /// Makes a new key. The name is often a host's and a path: `witness.example/w1`.
    pub fn generate(name: &str) -> Result<Self, BadKey> {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        rand::fill(seed.as_mut()).map_err(|_| BadKey::System)?;
        Self::of(name, seed.as_ref())
    }

    /// Reads the key's file.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let line = text.strip_suffix('\n').unwrap_or(text).strip_prefix(PREFIX).ok_or(BadKey::Shape)?;
        let mut parts = line.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadKey::Shape);
        };
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(key).map_err(|_| BadKey::Shape)?);
        let (kind, seed) = bytes.split_first().ok_or(BadKey::Shape)?;
        if *kind != SignatureType::CosignatureEd25519 as u8 || seed.len() != SEED_BYTES {
            return Err(BadKey::Shape);
        }
        let key = Self::of(name, seed)?;
        if hex(&key.vkey.id()) == id { Ok(key) } else { Err(BadKey::Id) }
    }

    fn of(name: &str, seed: &[u8]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| BadKey::System)?;
        let vkey = Vkey::new(name, SignatureType::CosignatureEd25519, pair.public_key().as_ref());
        Ok(Self { vkey: vkey.map_err(BadKey::Name)?, pair })
    }

    /// What others verify its cosignatures with.
    pub fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    /// The line that the key's file holds: the secret itself.
    pub fn secret_text(&self) -> Result<Zeroizing<String>, BadKey> {
        let seed = self.pair.seed().map_err(|_| BadKey::System)?;
        let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| BadKey::System)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + SEED_BYTES));
        bytes.push(SignatureType::CosignatureEd25519 as u8);
        bytes.extend(seed.as_ref());
        let (name, id) = (self.vkey.name(), hex(&self.vkey.id()));
        let key = Zeroizing::new(BASE64_STANDARD.encode(&*bytes));
        Ok(Zeroizing::new(format!("{PREFIX}{name}+{id}+{}\n", *key)))
    }

    /// Signs that this checkpoint's log was seen to only grow up to it, at this time in seconds since 1970.
    pub(crate) fn cosign(&self, time: u64, text: &str) -> Signature {
        let message = cosignature_message(time, text);
        Signature::cosignature(&self.vkey, time, self.pair.sign(message.as_bytes()).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written_and_signs_the_same() {
        let key = Key::generate("w.example/1").unwrap();
        let again = Key::parse(&key.secret_text().unwrap()).unwrap();
        assert_eq!(again.vkey(), key.vkey());
        assert_eq!(again.cosign(7, "o\n"), key.cosign(7, "o\n"));
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_no_key() {
        let key = Key::generate("w.example/1").unwrap();
        let text = key.secret_text().unwrap();
        assert_eq!(Key::parse(&text[..text.len() - 9]).err(), Some(BadKey::Shape));
        assert_eq!(Key::parse(&text.replace("w.example", "v.example")).err(), Some(BadKey::Id));
        assert_eq!(Key::parse("").err(), Some(BadKey::Shape));
        assert_eq!(Key::generate("two words").err(), Some(BadKey::Name(BadVkey::Name)));
    }
}
