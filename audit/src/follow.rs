//! A log that is looked at again and again: each entry once, as soon as it is durable.
//!
//! A stored leaf hash says that its entry is durable, and what was sealed is. So nothing is given out that a full disk or a
//! power cut takes back. A bundle that moves to its tile path meanwhile is read from there.

use ledger::{Damage, Error, Frames, leaf_hash};

use crate::Log;
use crate::bundle::BUNDLE;

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// An entry: its index and stored bytes.
    Entry(u64, Vec<u8>),
    /// An entry that is not the one that was hashed.
    Damage(Damage),
}

/// Why a log cannot be followed any more.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Error),
    /// What was given out is not there any more.
    #[error("it was cut: entry {next} is the next, and those before it are not all there")]
    Cut {
        /// The index of the next entry.
        next: u64,
    },
}

/// A place in a log, and the way on from there.
#[derive(Debug)]
pub struct Follower<'a> {
    log: &'a Log,
    next: u64,
}

impl Log {
    /// Goes on from this entry.
    pub fn follow(&self, next: u64) -> Follower<'_> {
        Follower { log: self, next }
    }
}

impl Follower<'_> {
    /// What came since: at most one bundle, so ask again until nothing does.
    pub fn more(&mut self) -> Result<Vec<Followed>, Lost> {
        let (n, slot) = (self.next / BUNDLE, (self.next % BUNDLE) as usize);
        let reader = self.log.reader();
        // Hashes first: what they tell of is there when entries are read after them.
        let stored = reader.stored_leaves(n)?.unwrap_or_default();
        let is_sealed = !reader.is_open(n)?;
        let Some(bytes) = reader.bundle_file(n)? else {
            return if slot == 0 { Ok(Vec::new()) } else { Err(Lost::Cut { next: self.next }) };
        };
        let frames: Vec<_> = Frames::new(&bytes).take(BUNDLE as usize).collect();
        if frames.len() < slot || frames.len() < stored.len() {
            return Err(Lost::Cut { next: self.next });
        }
        let durable = if is_sealed { frames.len() } else { stored.len() };
        let mut more = Vec::new();
        for (frame, at) in frames.iter().zip(0..durable).skip(slot) {
            more.push(match stored.get(at) {
                Some(hash) if *hash != leaf_hash(frame.body) => Followed::Damage(Damage {
                    index: Some(self.next),
                    what: "the entry does not have its stored leaf hash".to_owned(),
                }),
                _ => Followed::Entry(self.next, frame.body.to_vec()),
            });
            self.next += 1;
        }
        Ok(more)
    }
}
