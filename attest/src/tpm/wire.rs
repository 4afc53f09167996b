//! Reads and writes the TPM's wire form: big-endian integers and sized buffers, each with a bound.
//!
//! A reader only moves forward, never past its end, and what is left over at the end is an error. Nothing is
//! allocated by a length that a stranger wrote: buffers are slices of the input. TPM 2.0 Library, part 2, sections 4
//! and 10.4.

use crate::Curve;

/// The largest structure that is read, in bytes: far above what any TPM sends (its largest buffer is 4 KiB).
pub const MAX_STRUCTURE: usize = 4096;

/// Why bytes are not the structure that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// They end too early.
    #[error("the {0} is cut short")]
    Short(&'static str),
    /// They go on after the structure's end.
    #[error("bytes follow after the {0}")]
    Trailing(&'static str),
    /// A sized buffer is larger than the structure allows.
    #[error("the {0} is larger than it may be")]
    Large(&'static str),
    /// A well-formed value that Kunci does not judge.
    #[error("the {0} {1:#06x} is not one that Kunci judges")]
    Unsupported(&'static str, u32),
    /// A value that contradicts the structure's rules.
    #[error("the {0} is not valid")]
    Invalid(&'static str),
    /// A public key that has no private key.
    #[error("the public key is no point on the curve {0}")]
    OffCurve(Curve),
}

/// A place in the bytes of one structure.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte; `what` names the structure in errors.
    pub(super) fn new(what: &'static str, bytes: &'a [u8]) -> Result<Self, WireError> {
        if bytes.len() > MAX_STRUCTURE {
            return Err(WireError::Large(what));
        }
        Ok(Self { rest: bytes, what })
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(WireError::Short(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(WireError::Short(self.what))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A sized buffer (TPM2B_…) of at most `max` bytes.
    pub(super) fn sized(&mut self, max: usize) -> Result<&'a [u8], WireError> {
        let size = usize::from(self.u16()?);
        if size > max {
            return Err(WireError::Large(self.what));
        }
        self.take(size)
    }

    /// The end: nothing may follow.
    pub(super) fn end(self) -> Result<(), WireError> {
        if self.rest.is_empty() { Ok(()) } else { Err(WireError::Trailing(self.what)) }
    }
}

/// The content of a sized buffer that is all there is.
pub(super) fn unsized_of<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a [u8], WireError> {
    let mut reader = Reader::new(what, bytes)?;
    let content = reader.sized(MAX_STRUCTURE)?;
    reader.end()?;
    Ok(content)
}

/// Appends a sized buffer. Ours are all far below 64 KiB.
pub(super) fn put_sized(out: &mut Vec<u8>, content: &[u8]) {
    let size = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(&content[..usize::from(size)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_neither_longer_than_its_bytes_nor_than_its_bound() {
        let mut short = Reader::new("test", &[0, 3, 1, 2]).unwrap();
        assert_eq!(short.sized(8), Err(WireError::Short("test")));
        let mut large = Reader::new("test", &[0, 3, 1, 2, 3]).unwrap();
        assert_eq!(large.sized(2), Err(WireError::Large("test")));
        assert!(Reader::new("test", &[0; MAX_STRUCTURE + 1]).is_err());
    }

    #[test]
    fn nothing_may_follow() {
        assert_eq!(unsized_of("test", &[0, 1, 7]), Ok(&[7][..]));
        assert_eq!(unsized_of("test", &[0, 1, 7, 0]), Err(WireError::Trailing("test")));
    }
}
