//! The Merkle hashes of some consecutive leaves (RFC 6962 section 2.1), as few as there can be.
//!
//! It holds the roots of the perfect subtrees that the leaves of `begin..end` fall into, in their order: their widths rise,
//! then fall, at most 126 hashes. Of a whole log, where `begin` is 0, they only fall. What a proof needs of the leaves
//! left and right of a place is in two such ranges.

use crate::hash::{Hash, empty_hash, node_hash};

/// The largest size of a log: what a signed 64-bit number holds, as other implementations have it.
pub(crate) const MAX_SIZE: u64 = i64::MAX as u64;

/// The leaves `begin..end`, as roots of perfect subtrees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    begin: u64,
    end: u64,
    subtrees: Vec<Hash>,
}

impl CompactRange {
    /// No leaf yet; the next is number `begin`.
    pub(crate) fn at(begin: u64) -> Self {
        Self { begin, end: begin, subtrees: Vec::new() }
    }

    /// Puts a range together from the roots of perfect subtrees, which `root` tells by level and number.
    pub(crate) fn gather<E>(
        begin: u64,
        end: u64,
        mut root: impl FnMut(u32, u64) -> Result<Hash, E>,
    ) -> Result<Self, E> {
        let mut range = Self::at(begin);
        while range.end < end {
            let level = widest(range.end, end);
            let hash = root(level, range.end >> level)?;
            range.push_subtree(level, hash);
        }
        Ok(range)
    }

    pub(crate) fn begin(&self) -> u64 {
        self.begin
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Appends a leaf hash.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends the leaves of a range that begins where this one ends.
    pub(crate) fn append(&mut self, next: &Self) {
        let mut at = next.begin;
        for hash in &next.subtrees {
            let level = widest(at, next.end);
            self.push_subtree(level, *hash);
            at += 1 << level;
        }
    }

    /// Appends a perfect subtree: joined with its left sibling where that lies in the range, and so on upwards.
    pub(crate) fn push_subtree(&mut self, level: u32, root: Hash) {
        let (mut node, mut start, mut width) = (root, self.end, 1u64 << level);
        self.end += width;
        while start & width != 0 && start - width >= self.begin {
            let Some(left) = self.subtrees.pop() else { break };
            node = node_hash(&left, &node);
            start -= width;
            width *= 2;
        }
        self.subtrees.push(node);
    }

    /// The roots of the perfect subtrees with their levels, from the left.
    pub(crate) fn subtrees(&self) -> impl Iterator<Item = (u32, Hash)> + '_ {
        let mut at = self.begin;
        self.subtrees.iter().map(move |hash| {
            let level = widest(at, self.end);
            at += 1 << level;
            (level, *hash)
        })
    }

    /// The root of a whole log: SHA-256 of nothing where there is no leaf.
    pub(crate) fn root(&self) -> Hash {
        fold(self.subtrees.iter().copied()).unwrap_or_else(empty_hash)
    }
}

/// The tree over subtrees that fall in width.
pub(crate) fn fold(falling: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    falling.rev().reduce(|right, left| node_hash(&left, &right))
}

/// The level of the widest perfect subtree that begins at a leaf and ends at `end` or before.
fn widest(begin: u64, end: u64) -> u32 {
    let room = (end - begin).checked_ilog2().unwrap_or(0);
    begin.trailing_zeros().min(room)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::leaf_hash;

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    fn range(begin: u64, end: u64) -> CompactRange {
        let mut range = CompactRange::at(begin);
        (begin..end).for_each(|number| range.push(leaf(number)));
        range
    }

    proptest! {
        #[test]
        fn leaf_by_leaf_gathered_or_joined_it_is_the_same_range(begin in 0u64..300, first in 0u64..300, second in 0u64..300) {
            let (middle, end) = (begin + first, begin + first + second);
            let whole = range(begin, end);
            let mut joined = range(begin, middle);
            joined.append(&range(middle, end));
            prop_assert_eq!(&joined, &whole);
            let root = |level: u32, number: u64| Ok::<_, ()>(range(number << level, (number + 1) << level).root());
            prop_assert_eq!(CompactRange::gather(begin, end, root), Ok(whole.clone()));
            prop_assert_eq!(whole.subtrees().map(|(level, _)| 1u64 << level).sum::<u64>(), first + second);
            prop_assert!(whole.subtrees().count() <= 126);
        }
    }
}
