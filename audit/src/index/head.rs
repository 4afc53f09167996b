//! A segment's head: the stretch's root, when each bundle was written, its voids, and what its blocks of terms begin with.
//!
//! All numbers are big-endian. A head says how long it is, within limits, and ends with a check over all of it.
//!
//! ```text
//! head   = magic (8) ‖ root (32) ‖ terms (4) ‖ voids (4) ‖ span × 256 ‖ void × voids ‖ block × blocks ‖ check (8)
//! span   = first time (8) ‖ last time (8)            microseconds since 1970; a bundle without times has first > last
//! void   = named index (8) ‖ place
//! block  = its first term (8) ‖ check (8)            one for every 256 terms
//! place  = byte of the frame in its bundle (4) ‖ entry's number in the stretch (2) ‖ 0 (2)
//! ```

use jiff::Timestamp;
use ledger::{Hash, WIDTH};

use super::term::{Term, check};
use crate::Query;
use crate::log::STRETCH;

const MAGIC: &[u8; 8] = b"kunciix1";
/// Bytes before the spans: how long the rest is follows from them.
pub(super) const OPENING: usize = 8 + 32 + 4 + 4;
/// Terms in a block: what is read at once.
pub(super) const BLOCK: usize = 256;
/// The most terms: two for each entry.
const MAX_TERMS: usize = 2 * STRETCH as usize;
/// The most voids.
const MAX_VOIDS: usize = STRETCH as usize;

const SPANS: usize = WIDTH as usize;
const RECORD: usize = 16;
const CHECK: usize = 8;

/// When the first and the last entry of a bundle was written, in microseconds since 1970.
pub(super) type Span = (i64, i64);

/// The span of no time at all.
pub(super) const NEVER: Span = (i64::MAX, i64::MIN);

/// An entry of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// Its number in the stretch.
    pub(crate) number: u16,
    /// The byte in its bundle at which its frame begins.
    pub(crate) begins: u32,
}

/// A void, and the index that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Void {
    pub(crate) named: u64,
    pub(crate) spot: Spot,
}

/// A head as it is in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) root: Hash,
    pub(super) terms: usize,
    pub(super) spans: Vec<Span>,
    pub(super) voids: Vec<Void>,
    /// Each block's first term, and its check.
    pub(super) blocks: Vec<(Term, u64)>,
}

/// How long the head is of which these are the first bytes.
pub(super) fn length(opening: &[u8; OPENING]) -> Option<usize> {
    let (terms, voids) = (number(&opening[40..44])?, number(&opening[44..48])?);
    let fits = opening.starts_with(MAGIC) && terms <= MAX_TERMS && voids <= MAX_VOIDS;
    fits.then(|| OPENING + (SPANS + voids + terms.div_ceil(BLOCK)) * RECORD + CHECK)
}

impl Head {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.root);
        bytes.extend((self.terms as u32).to_be_bytes());
        bytes.extend((self.voids.len() as u32).to_be_bytes());
        for (first, last) in &self.spans {
            bytes.extend([first.to_be_bytes(), last.to_be_bytes()].concat());
        }
        for void in &self.voids {
            bytes.extend(encode(void.named, void.spot));
        }
        for (first, check) in &self.blocks {
            bytes.extend([first.0.to_be_bytes(), check.to_be_bytes()].concat());
        }
        bytes.extend(check(&bytes).to_be_bytes());
        bytes
    }

    /// A head, if these are all its bytes and none of them changed.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let opening = bytes.first_chunk::<OPENING>()?;
        let (all, kept) = bytes.split_last_chunk::<CHECK>()?;
        if length(opening)? != bytes.len() || check(all) != u64::from_be_bytes(*kept) {
            return None;
        }
        let (terms, voids) = (number(&opening[40..44])?, number(&opening[44..48])?);
        let (records, _) = all[OPENING..].as_chunks::<RECORD>();
        let (spans, records) = records.split_at_checked(SPANS)?;
        let (voids, blocks) = records.split_at_checked(voids)?;
        let halves = |record: &[u8; RECORD]| (half(&record[..8]), half(&record[8..]));
        Some(Self {
            root: opening[8..40].try_into().ok()?,
            terms,
            spans: spans.iter().map(halves).map(|(first, last)| (first as i64, last as i64)).collect(),
            voids: voids.iter().map(decode).map(|(named, spot)| Void { named, spot }).collect(),
            blocks: blocks.iter().map(halves).map(|(first, check)| (Term(first), check)).collect(),
        })
    }

    /// The bundles of the stretch in which an entry may be of the time that is asked for.
    pub(super) fn timely(&self, query: &Query) -> impl Iterator<Item = u64> {
        let since = query.since.map_or(i64::MIN, Timestamp::as_microsecond);
        let until = query.until.map_or(i64::MAX, Timestamp::as_microsecond);
        let is_asked = query.since.is_some() || query.until.is_some();
        let spans = (0..).zip(self.spans.iter().copied());
        // A bound between two microseconds cuts off none that is in.
        let timely = move |(first, last): Span| !is_asked || (first <= until && last >= since);
        spans.filter(move |(_, span)| timely(*span)).map(|(bundle, _)| bundle)
    }
}

/// A number, and a spot that belongs to it.
pub(super) fn encode(number: u64, spot: Spot) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&number.to_be_bytes());
    record[8..12].copy_from_slice(&spot.begins.to_be_bytes());
    record[12..14].copy_from_slice(&spot.number.to_be_bytes());
    record
}

pub(super) fn decode(record: &[u8; RECORD]) -> (u64, Spot) {
    let [.., a, b, c, d, e, f, _, _] = *record;
    let spot = Spot { begins: u32::from_be_bytes([a, b, c, d]), number: u16::from_be_bytes([e, f]) };
    (half(&record[..8]), spot)
}

fn half(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn number(bytes: &[u8]) -> Option<usize> {
    bytes.first_chunk().and_then(|bytes| u32::from_be_bytes(*bytes).try_into().ok())
}
