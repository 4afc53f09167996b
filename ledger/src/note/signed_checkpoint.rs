//! A checkpoint as it is handed around: a note whose text is one.

use std::fmt;

use super::{
    BadNote, Note, Signer, Unverified,
    checkpoint::{BadCheckpoint, Checkpoint},
    vkey::Vkey,
};
use crate::TreeHead;

/// A note that says how far a log goes. Who signed it, if anybody whom one knows, is seen by [`SignedCheckpoint::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

/// The bytes are no signed checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignedCheckpoint {
    /// No note.
    #[error("not a signed note: {0}")]
    Note(#[from] BadNote),
    /// A note of something else.
    #[error("not a checkpoint: {0}")]
    Text(#[from] BadCheckpoint),
}

impl SignedCheckpoint {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadSignedCheckpoint> {
        Note::parse(bytes)?.try_into()
    }

    /// The note, with its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// What its text says.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// How many entries, and their root.
    pub fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// As [`Note::verify`].
    pub fn verify<'k>(
        &self,
        known: impl IntoIterator<Item = &'k Vkey> + Clone,
    ) -> Result<Vec<Signer<'k>>, Unverified> {
        self.note.verify(known)
    }
}

impl TryFrom<Note> for SignedCheckpoint {
    type Error = BadSignedCheckpoint;

    fn try_from(note: Note) -> Result<Self, BadSignedCheckpoint> {
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}
