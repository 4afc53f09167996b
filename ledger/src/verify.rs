//! The offline auditor: reads every byte, computes every hash anew, and compares.
//!
//! It trusts nothing stored. It shows that entries, leaf hashes and tiles agree and that voids are lawful; that history was
//! not rewritten as a whole is seen only against an external checkpoint. Memory: one bundle, one tile a level, and two
//! bits an entry.

mod published;
mod tally;
mod tower;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    Error, Reader, Root, Tree, TreeHead,
    frame::{Frame, Frames, Tail},
    hash::{Hash, leaf_hash},
    layout::BUNDLE,
};
pub use published::Found;
use tally::Tally;
use tower::Tower;

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Damage {
    /// The first entry that it concerns, where one can be named.
    pub index: Option<u64>,
    /// What is wrong, and where.
    pub what: String,
}

/// What a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many entries.
    pub size: u64,
    /// The RFC 6962 tree head hash of the entries; none where one of them cannot be read.
    pub root: Option<Root>,
    /// All that is wrong, lowest index first.
    pub damage: Vec<Damage>,
    /// Intents, voided or not.
    pub intents: u64,
    /// Voids.
    pub voids: u64,
    /// Intents that no void names: what the agent signed and may have released.
    pub signatures: u64,
    /// Refusals: the sum of their counts.
    pub refusals: u64,
    /// Lifecycle entries.
    pub lifecycle: u64,
    /// Posture entries.
    pub postures: u64,
    /// Probes.
    pub probes: u64,
    /// The checkpoint that lies beside the log, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Found>,
    /// Size and root of beginnings of the log that were asked for, as far as it goes; smallest first.
    #[serde(skip)]
    pub heads: Vec<TreeHead>,
}

impl Report {
    /// The root that the first entries have, if it was asked for and they are there.
    pub fn head_at(&self, size: u64) -> Option<TreeHead> {
        self.heads.iter().copied().find(|head| head.size == size)
    }

    fn damaged(&mut self, index: u64, what: impl Into<String>) {
        self.damage(Some(index), what);
    }

    fn damage(&mut self, index: Option<u64>, what: impl Into<String>) {
        self.damage.push(Damage { index, what: what.into() });
    }
}

/// Verifies the log as it is now. `progress` is told (entries done, entries in all), once a bundle.
///
/// Damage is in the report; an error means that the files could not be read.
pub fn verify(reader: &Reader, progress: impl FnMut(u64, u64)) -> Result<Report, Error> {
    verify_with_heads(reader, [], progress)
}

/// As [`verify`], and tells the roots that the log had at these sizes.
pub fn verify_with_heads(
    reader: &Reader,
    sizes: impl IntoIterator<Item = u64>,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    let mut report = Report::default();
    // Before the log is looked at: a live writer's checkpoint is of what is durable then.
    report.checkpoint = Found::read(reader, &mut report)?;
    report.size = reader.size()?;
    let size = report.size;
    let mut audit = Audit::new(reader, report, sizes);
    for number in 0..=size / BUNDLE {
        audit.bundle(number)?;
        progress(((number + 1) * BUNDLE).min(size), size);
    }
    audit.strays()?;
    audit.finish()
}

struct Audit<'a> {
    reader: &'a Reader,
    report: Report,
    tally: Tally,
    /// None once a leaf could not be read.
    tree: Option<Tree>,
    tower: Tower,
    /// The sizes whose roots are wanted, as far as they are still to come.
    wanted: BTreeSet<u64>,
}

impl<'a> Audit<'a> {
    fn new(reader: &'a Reader, report: Report, sizes: impl IntoIterator<Item = u64>) -> Self {
        let checkpoint = report.checkpoint.as_ref().map(|found| found.size);
        let wanted = sizes.into_iter().chain(checkpoint).collect();
        let (tally, tree, tower) = (Tally::default(), Some(Tree::new()), Tower::default());
        let mut audit = Self { reader, report, tally, tree, tower, wanted };
        audit.note_head();
        audit
    }

    fn bundle(&mut self, number: u64) -> Result<(), Error> {
        let first = number * BUNDLE;
        let wanted = (self.report.size - first).min(BUNDLE) as usize;
        // Asked before the tile is looked for: what is sealed has its tile, what is being sealed may not yet.
        let is_sealed = !self.reader.is_open(number)?;
        // Hashes first: beside a live writer they may only lag behind the entries read after them.
        let stored = self.reader.stored_leaves(number)?;
        let bytes = self.reader.bundle_file(number)?;
        let leaves = match &bytes {
            Some(bytes) => self.entries(first, wanted, bytes, stored.as_deref().unwrap_or_default()),
            None if wanted > 0 => {
                self.report.damaged(first, format!("bundle {number} is missing"));
                Vec::new()
            }
            None => Vec::new(),
        };
        self.lost(first, wanted, leaves.len(), stored.as_deref().unwrap_or_default());
        let bytes = bytes.as_deref().unwrap_or_default();
        published::compare_bundle(self.reader, number, bytes, &leaves, &mut self.report)?;
        if !is_sealed && self.report.checkpoint.as_ref().is_some_and(|found| found.size / BUNDLE > number) {
            self.report
                .damaged(first, format!("bundle {number} is not at its path, and the checkpoint needs it"));
        }
        if wanted == BUNDLE as usize {
            if is_sealed && stored.is_none_or(|stored| stored.len() < wanted) {
                self.report.damaged(first, format!("leaf tile {number} is missing or cut short"));
            }
            self.tower.push_bundle(self.reader, number, &leaves, &mut self.report)?;
        }
        Ok(())
    }

    /// Checks the entries of one bundle; gives the leaf hashes up to the first that cannot be found.
    fn entries(&mut self, first: u64, wanted: usize, bytes: &[u8], stored: &[Hash]) -> Vec<Hash> {
        let mut walk = Frames::new(bytes);
        let frames: Vec<_> = walk.by_ref().take(BUNDLE as usize).collect();
        let end = walk.at();
        let is_whole = is_whole(&frames, bytes, end, wanted);
        let mut leaves = Vec::with_capacity(frames.len());
        for (frame, index) in frames.iter().take(wanted).zip(first..) {
            let leaf = leaf_hash(frame.body);
            let is_good = self.entry(index, frame, leaf, stored.get(leaves.len()));
            if !is_good && !is_whole {
                return leaves;
            }
            leaves.push(leaf);
        }
        if !is_whole {
            let index = first + leaves.len() as u64;
            self.report.damaged(index, format!("no complete frame at byte {end} of its bundle"));
        }
        leaves
    }

    fn entry(&mut self, index: u64, frame: &Frame<'_>, leaf: Hash, stored: Option<&Hash>) -> bool {
        let place = format!("at byte {} of its bundle", frame.offset);
        if stored.is_some_and(|stored| *stored != leaf) {
            self.report.damaged(index, format!("the entry {place} does not have its stored leaf hash"));
        }
        match frame.entry() {
            Ok(entry) => self.tally.count(index, &entry, &mut self.report),
            Err(error) => self.report.damaged(index, format!("{error}, {place}")),
        }
        if let Some(tree) = &mut self.tree {
            tree.push(leaf);
        }
        self.note_head();
        self.report.damage.last().is_none_or(|last| last.index != Some(index))
    }

    /// Keeps the root of this size, where it is wanted.
    fn note_head(&mut self) {
        let Some(tree) = &self.tree else { return };
        if self.wanted.first() == Some(&tree.size()) {
            self.wanted.pop_first();
            self.report.heads.push(tree.head());
        }
    }

    /// Entries that cannot be found leave no root; hashes without entries show that some are lost.
    fn lost(&mut self, first: u64, wanted: usize, found: usize, stored: &[Hash]) {
        if found < wanted {
            self.tree = None;
        } else if stored.len() > wanted && wanted < BUNDLE as usize && self.is_still(first + wanted as u64) {
            self.report.damaged(first + wanted as u64, "an entry is missing whose leaf hash was kept");
        }
    }

    /// Entries in `open/` behind the last bundle show that a bundle before them is lost.
    fn strays(&mut self) -> Result<(), Error> {
        let size = self.report.size;
        for number in self.reader.open_numbers()? {
            let has_entries =
                number > size / BUNDLE && self.reader.bundle_file(number)?.is_some_and(|b| !b.is_empty());
            if has_entries && self.is_still(size) {
                self.report
                    .damaged(size, format!("entries are missing: open/ holds some of bundle {number}"));
            }
        }
        Ok(())
    }

    /// No live writer has added entries meanwhile.
    fn is_still(&self, size: u64) -> bool {
        self.reader.size().is_ok_and(|now| now == size)
    }

    fn finish(mut self) -> Result<Report, Error> {
        self.tower.finish(self.reader, &mut self.report)?;
        if let Some(found) = self.report.checkpoint.clone() {
            found.compare(self.reader, &mut self.report)?;
        }
        self.report.root = self.tree.map(|tree| Root(tree.root()));
        self.report.signatures = self.tally.signatures();
        self.report.damage.sort_by_key(|damage| damage.index);
        Ok(self.report)
    }
}

/// Whether the lengths lead exactly through the bundle; then each entry can be judged by itself.
fn is_whole(frames: &[Frame<'_>], bytes: &[u8], end: usize, wanted: usize) -> bool {
    if frames.len() < wanted {
        return false;
    }
    match wanted == BUNDLE as usize {
        true => end == bytes.len(),
        false => frames.len() > wanted || Tail::of(&bytes[end..]) != Tail::Bad,
    }
}
