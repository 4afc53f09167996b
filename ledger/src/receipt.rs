//! Receipts (C2SP tlog-proof): that an entry is in a log, to be shown to whoever has nothing but a policy.
//!
//! A receipt holds the entry's index, an inclusion proof, the signed checkpoint that it leads to, and, as `extra`, what the
//! log's operator adds: in ours, the entry itself. Nothing vouches for `extra`; it is believed as far as its hash is in
//! the log.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    BadProof, BadSignedCheckpoint, Error, Hash, MAX_NOTE_BYTES, MAX_PROOF_HASHES, Reader, SignedCheckpoint,
    note::{decimal, hash},
};

/// The longest receipt that is read, in bytes: an entry of 65,535, a proof and a note.
pub const MAX_RECEIPT_BYTES: usize = MAX_NOTE_BYTES + (96 << 10);

/// The first line.
const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// That an entry is in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the operator added; of our own logs, the entry.
    pub extra: Option<Vec<u8>>,
    /// The entry's number, from 0.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub proof: Vec<Hash>,
    /// What the proof leads to.
    pub checkpoint: SignedCheckpoint,
}

/// The bytes are no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadReceipt {
    /// Too many bytes.
    #[error("it is longer than {MAX_RECEIPT_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not text in UTF-8")]
    NotText,
    /// Another first line.
    #[error("line 1 is not {HEAD}")]
    Head,
    /// A line before the checkpoint.
    #[error("line {0} is not what a receipt has there")]
    Line(usize),
    /// What follows the empty line.
    #[error("what follows the empty line is {0}")]
    Checkpoint(#[from] BadSignedCheckpoint),
}

impl Receipt {
    /// Makes one for an entry that the checkpoint covers, with the entry in it.
    pub fn make(reader: &Reader, index: u64, checkpoint: SignedCheckpoint) -> Result<Self, Error> {
        let proof = reader.inclusion(index, checkpoint.head().size)?;
        Ok(Self { extra: Some(reader.entry(index)?), index, proof, checkpoint })
    }

    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadReceipt> {
        if bytes.len() > MAX_RECEIPT_BYTES {
            return Err(BadReceipt::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| BadReceipt::NotText)?;
        let (lines, checkpoint) =
            text.split_once("\n\n").ok_or(BadReceipt::Line(text.lines().count() + 1))?;
        let mut lines = lines.split('\n').zip(1..).peekable();
        if lines.next().is_none_or(|(line, _)| line != HEAD) {
            return Err(BadReceipt::Head);
        }
        let extra = match lines.next_if(|(line, _)| line.starts_with("extra ")) {
            Some((line, number)) => Some(extra(line).ok_or(BadReceipt::Line(number))?),
            None => None,
        };
        let (line, number) = lines.next().ok_or(BadReceipt::Line(2))?;
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(BadReceipt::Line(number))?;
        let mut proof = Vec::new();
        for (line, number) in lines {
            let hash = hash(line).filter(|_| proof.len() < MAX_PROOF_HASHES);
            proof.push(hash.ok_or(BadReceipt::Line(number))?);
        }
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(Self { extra, index, proof, checkpoint })
    }

    /// Whether the entry with this leaf hash has the receipt's index in the checkpoint's log. Whether to believe the
    /// checkpoint is another question.
    pub fn verify(&self, leaf: &Hash) -> Result<(), BadProof> {
        self.checkpoint.head().verify_inclusion(self.index, leaf, &self.proof)
    }
}

fn extra(line: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(line.strip_prefix("extra ")?).ok()
}

impl FromStr for Receipt {
    type Err = BadReceipt;

    fn from_str(text: &str) -> Result<Self, BadReceipt> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", BASE64_STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
