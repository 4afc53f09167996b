//! Frames: `uint16 big-endian length ‖ entry`, as in a C2SP entry bundle.
//!
//! It decides where a file of frames stops and what its tail is. A writer that was killed leaves a beginning of one
//! frame, perhaps followed by zeros that a file system never filled; anything else at the end is damage, and is never cut.

use crate::{Entry, Error, entry::BadEntry};

/// Bytes of a frame's length.
const LENGTH: usize = 2;

/// The longest frame, in bytes.
pub(crate) const MAX_FRAME: usize = LENGTH + u16::MAX as usize;

/// How every entry that this crate wrote begins. JSON escapes quotes inside strings, so it occurs nowhere else.
const HEAD: &[u8] = br#"{"v":1,"#;

/// One whole frame.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Where its length stands in the file.
    pub offset: usize,
    /// The entry: the bytes that are hashed.
    pub body: &'a [u8],
}

impl Frame<'_> {
    pub(crate) fn entry(&self) -> Result<Entry, BadEntry> {
        Entry::parse(self.body)
    }
}

/// Walks whole frames by their lengths and stops at the first that is not whole.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Frames<'a> {
    /// The frames of a bundle's file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte after the last frame that was given.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let body = rest.get(..length).filter(|body| !body.is_empty())?;
        let frame = Frame { offset: self.at, body };
        self.at += LENGTH + length;
        Some(frame)
    }
}

/// What follows the last good frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// The beginning of a frame that was never finished, hence never acknowledged: it may be cut.
    Torn,
    /// Bytes that no interrupted append leaves.
    Bad,
}

impl Tail {
    /// What these bytes, behind the last whole frame of a file, are.
    pub fn of(rest: &[u8]) -> Self {
        if rest.is_empty() {
            return Self::Clean;
        }
        let written = &rest[..rest.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1)];
        let Some((length, _)) = rest.split_first_chunk::<LENGTH>() else { return Self::Torn };
        let body = written.get(LENGTH..).unwrap_or_default();
        let promised = usize::from(u16::from_be_bytes(*length));
        let unfinished = written.is_empty() || body.len() < promised;
        let begins = body.starts_with(HEAD) || HEAD.starts_with(body);
        // A whole object behind a longer length was finished once: it is the length that is damaged.
        if unfinished && begins && !later_frame(body) && !is_whole(body) { Self::Torn } else { Self::Bad }
    }
}

fn later_frame(body: &[u8]) -> bool {
    body.get(1..).is_some_and(|rest| rest.windows(HEAD.len()).any(|window| window == HEAD))
}

fn is_whole(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// Appends the entry's frame to the buffer.
pub(crate) fn encode(entry: &Entry, buffer: &mut Vec<u8>) -> Result<(), Error> {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; LENGTH]);
    let written = serde_json::to_writer(&mut *buffer, entry).is_ok();
    let length = u16::try_from(buffer.len() - start - LENGTH).ok().filter(|_| written);
    match (length, buffer.get_mut(start..start + LENGTH)) {
        (Some(length), Some(place)) => {
            place.copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        _ => {
            buffer.truncate(start);
            Err(Error::TooLong)
        }
    }
}

#[cfg(test)]
mod tests;
