//! One segment's file: a head, and behind it blocks of terms with their spots, sorted.
//!
//! A look reads the head and the blocks in which the term may be. Whatever does not have its check is no segment.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ledger::Hash;

use super::head::{BLOCK, Head, NEVER, OPENING, Span, Spot, Void, decode, encode, length};
use super::term::{Term, check};
use crate::Query;
use crate::log::BUNDLES;

/// Bytes of a term and its spot.
const RECORD: usize = 16;

/// A segment that was opened, and has the root that was asked for.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    head: Head,
    /// Where the terms begin, in bytes.
    begin: u64,
}

/// What goes into a segment, as it is found.
#[derive(Debug)]
pub(crate) struct Draft {
    spans: Vec<Span>,
    voids: Vec<Void>,
    terms: Vec<(Term, Spot)>,
}

impl Segment {
    /// Opens the file, if it is whole and of this stretch.
    pub(super) fn open(path: &Path, root: &Hash) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut opening = [0; OPENING];
        file.read_exact_at(&mut opening, 0).ok()?;
        let mut bytes = vec![0; length(&opening)?];
        file.read_exact_at(&mut bytes, 0).ok()?;
        let head = Head::decode(&bytes).filter(|head| head.root == *root)?;
        let is_whole = file.metadata().ok()?.len() == (bytes.len() + head.terms * RECORD) as u64;
        is_whole.then_some(Self { file, head, begin: bytes.len() as u64 })
    }

    /// The entries that have a term, in their order; nothing where a block is not as it was written.
    pub(crate) fn look(&self, term: Term) -> Option<Vec<Spot>> {
        let blocks = &self.head.blocks;
        let from = blocks.partition_point(|(first, _)| *first < term).saturating_sub(1);
        let mut spots = Vec::new();
        for (number, (_, check)) in blocks.iter().enumerate().skip(from).take_while(|(_, b)| b.0 <= term) {
            let block = self.block(number, *check)?;
            spots
                .extend(block.iter().map(decode).filter(|(found, _)| *found == term.0).map(|(_, spot)| spot));
        }
        spots.sort_unstable();
        // An entry is one, however often it is named.
        spots.dedup_by_key(|spot| spot.number);
        Some(spots)
    }

    fn block(&self, number: usize, kept: u64) -> Option<Vec<[u8; RECORD]>> {
        let count = self.head.terms.saturating_sub(number * BLOCK).min(BLOCK);
        let mut block = vec![[0; RECORD]; count];
        let offset = self.begin + (number * BLOCK * RECORD) as u64;
        self.file.read_exact_at(block.as_flattened_mut(), offset).ok()?;
        (check(block.as_flattened()) == kept).then_some(block)
    }

    /// The bundles of the stretch in which an entry may be of the time that is asked for.
    pub(crate) fn timely(&self, query: &Query) -> Vec<u64> {
        self.head.timely(query).collect()
    }

    /// The stretch's voids.
    pub(crate) fn voids(&self) -> &[Void] {
        &self.head.voids
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self { spans: vec![NEVER; BUNDLES as usize], voids: Vec::new(), terms: Vec::new() }
    }
}

impl Draft {
    /// Notes when an entry of a bundle was written.
    pub(super) fn at(&mut self, bundle: usize, microsecond: i64) {
        if let Some((first, last)) = self.spans.get_mut(bundle) {
            *first = microsecond.min(*first);
            *last = microsecond.max(*last);
        }
    }

    pub(super) fn void(&mut self, void: Void) {
        self.voids.push(void);
    }

    pub(super) fn term(&mut self, term: Term, spot: Spot) {
        self.terms.push((term, spot));
    }

    /// The segment's bytes.
    pub(super) fn encode(mut self, root: Hash) -> Vec<u8> {
        self.terms.sort_unstable();
        let records: Vec<_> = self.terms.iter().map(|(term, spot)| encode(term.0, *spot)).collect();
        let firsts = self.terms.iter().step_by(BLOCK).map(|(term, _)| *term);
        let checks = records.chunks(BLOCK).map(|block| check(block.as_flattened()));
        let blocks = firsts.zip(checks).collect();
        let head = Head { root, terms: records.len(), spans: self.spans, voids: self.voids, blocks };
        [head.encode(), records.into_flattened()].concat()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::index::Index;

    const ROOT: Hash = [7; 32];
    const SPOT: Spot = Spot { number: 513, begins: 9 };

    /// More than a block of terms, one of them twice.
    fn bytes() -> Vec<u8> {
        let mut draft = Draft::default();
        (0..1000).for_each(|n| draft.term(Term(n << 40), SPOT));
        draft.term(Term(300 << 40), Spot { number: 2, begins: 8 });
        draft.void(Void { named: 4711, spot: SPOT });
        draft.at(3, 1_000);
        draft.encode(ROOT)
    }

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).unwrap();
        index.keep(&ROOT, &bytes()).unwrap();
        let segment = index.segment(&ROOT).unwrap();
        for n in [0, 255, 256, 257, 511, 512, 999] {
            assert_eq!(segment.look(Term(n << 40)), Some(vec![SPOT]), "{n}");
        }
        assert_eq!(segment.look(Term(300 << 40)).unwrap(), [Spot { number: 2, begins: 8 }, SPOT]);
        assert_eq!(segment.look(Term(1)), Some(vec![]));
        assert_eq!(segment.look(Term(u64::MAX)), Some(vec![]));
        assert_eq!(segment.voids(), [Void { named: 4711, spot: SPOT }]);
        let at = |micros| jiff::Timestamp::from_microsecond(micros).ok();
        let timely = |since, until| segment.timely(&Query { since, until, ..Query::default() });
        assert_eq!(timely(at(1_000), at(1_001)), [3]);
        assert_eq!(timely(at(1_001), None), [0u64; 0]);
        assert_eq!(timely(None, None).len(), 256, "an entry without a time is in no span");
        assert!(index.segment(&[8; 32]).is_none());
    }

    #[test]
    fn no_byte_that_changed_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        let whole = bytes();
        let terms = whole.len() - 1001 * RECORD;
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            match Segment::open(&path, &ROOT) {
                Some(segment) => {
                    let record = ((at.checked_sub(terms).unwrap()) / RECORD) as u64;
                    let n = if record > 300 { record - 1 } else { record };
                    assert!(segment.look(Term(n << 40)).is_none(), "byte {at}");
                }
                None => assert!(at < terms, "byte {at}"),
            }
        }
        for bytes in [&whole[..whole.len() - 1], b"", &[&whole[..], b"x"].concat()] {
            fs::write(&path, bytes).unwrap();
            assert!(Segment::open(&path, &ROOT).is_none());
        }
    }
}
