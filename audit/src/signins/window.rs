//! The part of a file that is looked at: one buffer over a reader, which grows with the longest row, up to a bound.
//!
//! What stands from the mark on is kept and can be had as one slice; what is longer than a row may be is a fault. Lines are
//! counted up to the mark.

use std::io::Read;

use memchr::memchr_iter;

use super::{Fault, MAX_ROW_BYTES};

/// The buffer, in bytes: enough for what most files have, and at most a whole row and as much again, so that moving what is
/// kept to its front stays rare.
const BUFFER: (usize, usize) = (256 << 10, 2 * MAX_ROW_BYTES);

pub(super) struct Window<R> {
    source: R,
    bytes: Vec<u8>,
    mark: usize,
    at: usize,
    end: usize,
    line: u64,
}

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, bytes: vec![0; BUFFER.0], mark: 0, at: 0, end: 0, line: 1 }
    }

    /// What comes next: at least one byte, unless the file ends here.
    pub(super) fn rest(&mut self) -> Result<&[u8], Fault> {
        if self.at == self.end {
            self.fill()?;
        }
        Ok(&self.bytes[self.at..self.end])
    }

    pub(super) fn peek(&mut self) -> Result<Option<u8>, Fault> {
        Ok(self.rest()?.first().copied())
    }

    pub(super) fn advance(&mut self, by: usize) {
        self.at = (self.at + by).min(self.end);
    }

    /// Goes to the next byte that is no blank of JSON (RFC 8259 section 2), and gives it. What was kept is kept.
    pub(super) fn solid(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            match self.blanks()? {
                (None, true) => {}
                (found, _) => return Ok(found),
            }
        }
    }

    /// The same, and forgets what was kept, blanks and all.
    pub(super) fn next(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            self.mark();
            match self.blanks()? {
                (None, true) => {}
                (found, _) => {
                    self.mark();
                    return Ok(found);
                }
            }
        }
    }

    /// Goes over the blanks in the buffer: what stands behind them, and whether there may be more.
    fn blanks(&mut self) -> Result<(Option<u8>, bool), Fault> {
        let rest = self.rest()?;
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        let found = (rest.get(blank).copied(), !rest.is_empty());
        self.advance(blank);
        Ok(found)
    }

    /// Forgets what was kept; from here on it is.
    pub(super) fn mark(&mut self) {
        self.line = self.here();
        self.mark = self.at;
    }

    /// How many bytes are kept.
    pub(super) fn kept(&self) -> usize {
        self.at - self.mark
    }

    /// What stands between the mark and here.
    pub(super) fn marked(&self) -> Result<&[u8], Fault> {
        let marked = &self.bytes[self.mark..self.at];
        if marked.len() > MAX_ROW_BYTES { Err(Fault::long(self.line)) } else { Ok(marked) }
    }

    /// The line of the mark, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line of what comes next.
    pub(super) fn here(&self) -> u64 {
        self.line + memchr_iter(b'\n', &self.bytes[self.mark..self.at]).count() as u64
    }

    fn fill(&mut self) -> Result<(), Fault> {
        if self.end - self.mark > MAX_ROW_BYTES {
            return Err(Fault::long(self.line));
        }
        if self.end - self.mark > self.bytes.len() / 2 {
            self.bytes.resize((2 * self.bytes.len()).min(BUFFER.1), 0);
        }
        if self.end == self.bytes.len() {
            self.bytes.copy_within(self.mark..self.end, 0);
            (self.at, self.end, self.mark) = (self.at - self.mark, self.end - self.mark, 0);
        }
        loop {
            match self.source.read(&mut self.bytes[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => {
                    self.end += read.map_err(|error| Fault::unreadable(self.here(), &error))?;
                    return Ok(());
                }
            }
        }
    }
}
