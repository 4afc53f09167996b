//! What a log sends to a witness (C2SP tlog-witness v1.0.0): the size that the witness has, a proof that the log only grew
//! since, and the checkpoint.
//!
//! It is taken only where printing it gives the same bytes. Nothing in it is verified here.

use std::fmt;

use super::{
    BadCheckpoint, BadNote, Checkpoint, Note,
    decimal::{decimal, hash},
};
use crate::{Hash, Root};

/// The most hashes of a consistency proof that a witness is sent.
pub const MAX_WITNESS_PROOF: usize = 63;

/// The longest body that is read, in bytes: a proof, and a note with some signatures.
pub const MAX_ADD_CHECKPOINT_BYTES: usize = 64 << 10;

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old: u64,
    proof: Vec<Hash>,
    note: Note,
    checkpoint: Checkpoint,
}

/// The bytes are no such body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddCheckpoint {
    /// Longer than any.
    #[error("it is longer than {MAX_ADD_CHECKPOINT_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
    /// The first line.
    #[error("line 1 is not \"old\" and a number of entries")]
    Old,
    /// A line of the proof.
    #[error("line {0} is neither a hash in base64 nor empty")]
    Hash(usize),
    /// Too many lines.
    #[error("the proof has more than {MAX_WITNESS_PROOF} hashes")]
    TooManyHashes,
    /// What follows the empty line is no note.
    #[error("its checkpoint is not a signed note: {0}")]
    Note(BadNote),
    /// The note's text is no checkpoint.
    #[error("its note is not a checkpoint: {0}")]
    Checkpoint(BadCheckpoint),
}

impl AddCheckpoint {
    /// A request to cosign a checkpoint after one of `old` entries.
    pub fn new(old: u64, proof: Vec<Hash>, note: Note) -> Result<Self, BadAddCheckpoint> {
        if proof.len() > MAX_WITNESS_PROOF {
            return Err(BadAddCheckpoint::TooManyHashes);
        }
        let checkpoint = Checkpoint::parse(note.text()).map_err(BadAddCheckpoint::Checkpoint)?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// Reads a request's body.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadAddCheckpoint> {
        if bytes.len() > MAX_ADD_CHECKPOINT_BYTES {
            return Err(BadAddCheckpoint::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| BadAddCheckpoint::NotText)?;
        let (first, mut rest) = text.split_once('\n').ok_or(BadAddCheckpoint::Old)?;
        let old = first.strip_prefix("old ").and_then(decimal).ok_or(BadAddCheckpoint::Old)?;
        let mut proof = Vec::new();
        loop {
            let number = proof.len() + 2;
            let (line, next) = rest.split_once('\n').ok_or(BadAddCheckpoint::Hash(number))?;
            rest = next;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_WITNESS_PROOF {
                return Err(BadAddCheckpoint::TooManyHashes);
            }
            proof.push(hash(line).ok_or(BadAddCheckpoint::Hash(number))?);
        }
        let note = Note::parse(rest.as_bytes()).map_err(BadAddCheckpoint::Note)?;
        Self::new(old, proof, note)
    }

    /// How many entries the witness's last checkpoint has, as the log believes.
    pub fn old(&self) -> u64 {
        self.old
    }

    /// Shows that the log begins with that one.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint and its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", Root(*hash).base64()))?;
        write!(f, "\n{}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHECKPOINT: &str =
        "o.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} n AAAAAAA=\n";

    fn body(old: &str, hashes: usize) -> String {
        let line = format!("{}\n", Root([7; 32]).base64());
        format!("old {old}\n{}\n{CHECKPOINT}", line.repeat(hashes))
    }

    #[test]
    fn a_body_is_read_and_printed_unchanged() {
        for hashes in [0, 1, MAX_WITNESS_PROOF] {
            let body = body("7", hashes);
            let read = AddCheckpoint::parse(body.as_bytes()).unwrap();
            assert_eq!((read.old(), read.proof().len(), read.to_string()), (7, hashes, body));
        }
    }

    #[test]
    fn a_proof_that_is_too_long_and_a_number_with_a_zero_before_it_are_refused() {
        let too_many = body("7", MAX_WITNESS_PROOF + 1);
        assert_eq!(AddCheckpoint::parse(too_many.as_bytes()), Err(BadAddCheckpoint::TooManyHashes));
        for old in ["", "07", "-1", "+1", "9223372036854775808", "7 "] {
            assert_eq!(AddCheckpoint::parse(body(old, 0).as_bytes()), Err(BadAddCheckpoint::Old), "{old:?}");
        }
        let long = vec![b'x'; MAX_ADD_CHECKPOINT_BYTES + 1];
        assert_eq!(AddCheckpoint::parse(&long), Err(BadAddCheckpoint::TooLong));
    }

    #[test]
    fn the_line_that_is_no_hash_is_named() {
        let body = body("7", 2).replacen("\nBw", "\n=w", 1);
        assert_eq!(AddCheckpoint::parse(body.as_bytes()), Err(BadAddCheckpoint::Hash(2)));
        assert_eq!(AddCheckpoint::parse(b"old 7\n"), Err(BadAddCheckpoint::Hash(2)));
    }

    proptest! {
        #[test]
        fn what_is_read_prints_the_same_bytes(at in 0usize..200, byte: u8) {
            let mut bytes = body("7", 1).into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(read) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(read.to_string().into_bytes(), bytes);
            }
        }
    }
}
