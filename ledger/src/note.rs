//! Signed notes (C2SP signed-note v1.0.0): a text, an empty line, and the signatures of those who stand for it.
//!
//! It decides what is a note, and who of the known keys signed it. A note is taken only where printing it gives the same
//! bytes. Its text says nothing until [`Note::verify`] found a signer that is trusted. No key signs here: signatures come
//! from elsewhere.

mod add_checkpoint;
mod checkpoint;
mod cosignature;
mod decimal;
mod signature;
mod signed_checkpoint;
mod vkey;

use std::fmt;

pub use add_checkpoint::{AddCheckpoint, BadAddCheckpoint, MAX_ADD_CHECKPOINT_BYTES, MAX_WITNESS_PROOF};
pub use checkpoint::{BadCheckpoint, Checkpoint, MAX_ORIGIN_BYTES};
pub use cosignature::{cosignature_message, subtree_message};

pub(crate) use decimal::{decimal, hash};
pub use signature::{BadSignature, Signature};
pub use signed_checkpoint::{BadSignedCheckpoint, SignedCheckpoint};
pub use vkey::{BadVkey, KeyId, SignatureType, Vkey};

/// The longest note that is read, in bytes: 64 signatures by ML-DSA-44, 3,253 characters each, and their names.
pub const MAX_NOTE_BYTES: usize = 256 << 10;

/// The most signatures in a note; the specification asks for 16 at least.
pub const MAX_SIGNATURES: usize = 64;

/// What begins a signature's line: an em dash and a blank.
const DASH: &str = "\u{2014} ";

/// A text and its signatures, none of which is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// The bytes are no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    /// Too many bytes.
    #[error("it is longer than {MAX_NOTE_BYTES} bytes")]
    TooLong,
    /// Not UTF-8, or with control characters.
    #[error("it is not plain text in UTF-8")]
    NotText,
    /// No text, or no empty line behind it.
    #[error("there is no empty line between a text and its signatures")]
    NoEmptyLine,
    /// A line that is no signature.
    #[error("line {0} is not a signature")]
    BadLine(usize),
    /// Too many signatures.
    #[error("it has more than {MAX_SIGNATURES} signatures")]
    TooMany,
}

/// Why nothing in a note is to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A signature of a known key is not one.
    #[error("the signature of {0} is wrong: the note was changed, or is a forgery")]
    Wrong(String),
    /// None of the known keys signed.
    #[error("none of the known keys signed it")]
    Nobody,
}

/// A known key that signed the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signer<'k> {
    /// Whose.
    pub key: &'k Vkey,
    /// Of a cosignature: when, in seconds since 1970.
    pub time: Option<u64>,
}

impl Note {
    /// Puts a note together. The text ends with a newline; there may be no signature yet.
    pub fn new(text: impl Into<String>) -> Result<Self, BadNote> {
        let note = Self { text: text.into(), signatures: Vec::new() };
        match note.text.ends_with('\n') {
            _ if !is_plain(&note.text) => Err(BadNote::NotText),
            true if note.text.len() <= MAX_NOTE_BYTES => Ok(note),
            true => Err(BadNote::TooLong),
            false => Err(BadNote::NoEmptyLine),
        }
    }

    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadNote> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(BadNote::TooLong);
        }
        let whole = str::from_utf8(bytes).ok().filter(|text| is_plain(text)).ok_or(BadNote::NotText)?;
        // The text may hold empty lines; the last one ends it.
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(BadNote::NoEmptyLine)?;
        let mut note = Self::new(format!("{text}\n"))?;
        let first = text.lines().count() + 2;
        let lines = lines.strip_suffix('\n').ok_or(BadNote::BadLine(first + lines.matches('\n').count()))?;
        for (line, number) in lines.split('\n').zip(first..) {
            let signature = line.parse().map_err(|_| BadNote::BadLine(number))?;
            note.signatures.push(signature);
            if note.signatures.len() > MAX_SIGNATURES {
                return Err(BadNote::TooMany);
            }
        }
        Ok(note)
    }

    /// What is signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, good or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature; an earlier one of the same key gives way.
    pub fn add(&mut self, signature: Signature) -> Result<(), BadNote> {
        let is_same = |other: &Signature| other.name() == signature.name() && other.id() == signature.id();
        self.signatures.retain(|other| !is_same(other));
        self.signatures.push(signature);
        if self.signatures.len() > MAX_SIGNATURES { Err(BadNote::TooMany) } else { Ok(()) }
    }

    /// The same text with the signatures in the names of these keys, and no others. Whether they are right, says
    /// [`Note::verify`].
    pub fn only_by<'k>(&self, keys: impl IntoIterator<Item = &'k Vkey> + Clone) -> Self {
        let is_theirs = |signature: &&Signature| keys.clone().into_iter().any(|key| signature.is_by(key));
        Self {
            text: self.text.clone(),
            signatures: self.signatures.iter().filter(is_theirs).cloned().collect(),
        }
    }

    /// Who of the known keys signed. Others are passed over; a known one whose signature is wrong spoils the note.
    pub fn verify<'k>(
        &self,
        known: impl IntoIterator<Item = &'k Vkey> + Clone,
    ) -> Result<Vec<Signer<'k>>, Unverified> {
        let mut signers: Vec<Signer<'k>> = Vec::new();
        for signature in &self.signatures {
            let mut keys = known.clone().into_iter().filter(|key| signature.is_by(key)).peekable();
            if keys.peek().is_none() {
                continue;
            }
            let signer = keys.find_map(|key| {
                let time = key.verify(&self.text, signature.bytes()).ok()?;
                Some(Signer { key, time })
            });
            signers.push(signer.ok_or_else(|| Unverified::Wrong(signature.name().to_owned()))?);
        }
        if signers.is_empty() { Err(Unverified::Nobody) } else { Ok(signers) }
    }
}

/// Newlines are the only control characters of a note.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= b' ' || byte == b'\n')
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}
