//! Checkpoints (C2SP tlog-checkpoint v1.0.0): the text in which a log says how many entries it has, and their root.
//!
//! The text is the message that the log's key signs and the text of the note that is published. It is taken only where
//! printing gives the same bytes. Extension lines of other logs are kept, ours have none.

use std::{fmt, str::FromStr};

use super::{
    decimal::{decimal, hash},
    vkey::is_name,
};
use crate::{Root, TreeHead};

/// The longest origin, in bytes: what a cosignature by ML-DSA-44 can name.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// The longest text that is read as a checkpoint, in bytes.
const MAX_TEXT_BYTES: usize = 4096;

/// What a log says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    head: TreeHead,
    /// Lines with their newlines.
    extensions: String,
}

/// The text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCheckpoint {
    /// Longer than any.
    #[error("it is longer than {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// The first line.
    #[error("line 1 is not a log's origin: 1 to {MAX_ORIGIN_BYTES} bytes")]
    Origin,
    /// The second line.
    #[error("line 2 is not a number of entries")]
    Size,
    /// The third line.
    #[error("line 3 is not a root in base64")]
    Root,
    /// A later line.
    #[error("it has an empty line")]
    EmptyLine,
}

impl Checkpoint {
    /// What the log of this origin says at this size. The origin is the name of its key, so that it has no blank and no +.
    pub fn new(origin: &str, head: TreeHead) -> Result<Self, BadCheckpoint> {
        let is_good = is_name(origin) && origin.len() <= MAX_ORIGIN_BYTES;
        let checkpoint = Self { origin: origin.to_owned(), head, extensions: String::new() };
        if is_good { Ok(checkpoint) } else { Err(BadCheckpoint::Origin) }
    }

    /// Reads a checkpoint's text.
    pub fn parse(text: &str) -> Result<Self, BadCheckpoint> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(BadCheckpoint::TooLong);
        }
        let (origin, rest) = text.split_once('\n').ok_or(BadCheckpoint::Origin)?;
        let (size, rest) = rest.split_once('\n').ok_or(BadCheckpoint::Size)?;
        let (root, extensions) = rest.split_once('\n').ok_or(BadCheckpoint::Root)?;
        if origin.is_empty() || origin.len() > MAX_ORIGIN_BYTES {
            return Err(BadCheckpoint::Origin);
        }
        let size = decimal(size).ok_or(BadCheckpoint::Size)?;
        let root = hash(root).map(Root).ok_or(BadCheckpoint::Root)?;
        let are_lines = extensions.is_empty() || extensions.ends_with('\n');
        if !are_lines || extensions.starts_with('\n') || extensions.contains("\n\n") {
            return Err(BadCheckpoint::EmptyLine);
        }
        Ok(Self {
            origin: origin.to_owned(),
            head: TreeHead { size, root },
            extensions: extensions.to_owned(),
        })
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries, and their root.
    pub fn head(&self) -> TreeHead {
        self.head
    }
}

impl FromStr for Checkpoint {
    type Err = BadCheckpoint;

    fn from_str(text: &str) -> Result<Self, BadCheckpoint> {
        Self::parse(text)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TreeHead { size, root } = self.head;
        write!(f, "{}\n{size}\n{}\n{}", self.origin, root.base64(), self.extensions)
    }
}
