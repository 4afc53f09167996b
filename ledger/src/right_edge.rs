//! The right edge of the log in memory: its root at any time, and what it grew by since a checkpoint, without reading a file.
//!
//! Each leaf hash goes into the tree over all, and into the range since each mark. There are two marks at most: the size
//! from which growth was asked for last, and the size that was told then, from which it will be asked for next. So it
//! holds a few hundred hashes, however large the log, and a proof costs no more than to copy some of them.

use crate::{Hash, Tree, TreeHead, compact_range::CompactRange, proof};

/// That a log only grew from one size to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The log as it was.
    pub from: TreeHead,
    /// The log as it is now: durable.
    pub to: TreeHead,
    /// The RFC 6962 consistency proof.
    pub proof: Vec<Hash>,
}

/// A size that growth is or will be asked for from.
#[derive(Debug)]
struct Mark {
    tree: Tree,
    since: CompactRange,
}

impl Mark {
    fn new(tree: Tree) -> Self {
        let since = CompactRange::at(tree.size());
        Self { tree, since }
    }
}

/// The tree over all durable leaves, and how it grew.
#[derive(Debug, Default)]
pub(crate) struct RightEdge {
    tree: Tree,
    marks: Vec<Mark>,
}

impl RightEdge {
    pub(crate) fn extend(&mut self, leaves: &[Hash]) {
        leaves.iter().for_each(|leaf| self.push(*leaf));
    }

    pub(crate) fn new(tree: Tree) -> Self {
        Self { tree, marks: Vec::new() }
    }

    /// As a start finds it: the tree at the last checkpoint, what came since, and all of it.
    pub(crate) fn grown(earlier: Tree, since: CompactRange, tree: Tree) -> Self {
        Self { tree, marks: vec![Mark { tree: earlier, since }] }
    }

    fn push(&mut self, leaf: Hash) {
        self.tree.push(leaf);
        self.marks.iter_mut().for_each(|mark| mark.since.push(leaf));
    }

    pub(crate) fn head(&self) -> TreeHead {
        self.tree.head()
    }

    /// How the log grew from a size that is marked, from nothing, or not at all. What is told is marked.
    pub(crate) fn growth_since(&mut self, size: u64) -> Option<Growth> {
        if size == 0 || size == self.tree.size() {
            self.marks.clear();
            let tree = if size == 0 { Tree::new() } else { self.tree.clone() };
            self.marks.push(Mark::new(self.tree.clone()));
            return Some(Growth { from: tree.head(), to: self.head(), proof: Vec::new() });
        }
        self.marks.retain(|mark| mark.tree.size() == size);
        let mark = self.marks.first()?;
        let (from, proof) = (mark.tree.head(), proof::consistency(&mark.tree, &mark.since));
        self.mark();
        Some(Growth { from, to: self.head(), proof })
    }

    /// Marks the tree as it is now.
    pub(crate) fn mark(&mut self) -> Tree {
        self.marks.push(Mark::new(self.tree.clone()));
        self.tree.clone()
    }

    /// Marks a size of before, whose growth up to a mark was read from the tiles.
    pub(crate) fn mark_earlier(&mut self, tree: Tree, mut since: CompactRange) {
        let Some(mark) = self.marks.iter().find(|mark| mark.tree.size() == since.end()) else { return };
        since.append(&mark.since);
        self.marks.insert(0, Mark { tree, since });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::leaf_hash;

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    proptest! {
        #[test]
        fn growth_from_checkpoint_to_checkpoint_is_shown_by_what_is_in_memory(steps in prop::collection::vec((0u64..70, any::<bool>()), 1..20)) {
            let (mut edge, mut last) = (RightEdge::default(), TreeHead::empty());
            for (count, is_signed) in steps {
                (0..count).for_each(|_| edge.push(leaf(edge.tree.size())));
                let growth = edge.growth_since(last.size).expect("it is marked");
                prop_assert_eq!(growth.from, last);
                prop_assert_eq!(growth.to, (0..edge.tree.size()).map(leaf).collect::<Tree>().head());
                prop_assert_eq!(growth.to.verify_consistency(&last, &growth.proof), Ok(()));
                prop_assert!(edge.marks.len() <= 2);
                // The log grows while it is signed, or the token is gone and the next is asked for from the same size.
                edge.push(leaf(edge.tree.size()));
                if is_signed {
                    last = growth.to;
                }
            }
        }
    }

    #[test]
    fn a_size_that_is_not_marked_is_not_guessed_at() {
        let mut edge = RightEdge::default();
        (0..9).for_each(|number| edge.push(leaf(number)));
        assert_eq!(edge.growth_since(5), None);
        let (earlier, since) = ((0..5).map(leaf).collect::<Tree>(), {
            let mut since = CompactRange::at(5);
            (5..9).for_each(|number| since.push(leaf(number)));
            since
        });
        edge.mark();
        edge.push(leaf(9));
        edge.mark_earlier(earlier.clone(), since);
        let growth = edge.growth_since(5).unwrap();
        assert_eq!((growth.from, growth.to.size), (earlier.head(), 10));
        assert_eq!(growth.to.verify_consistency(&growth.from, &growth.proof), Ok(()));
    }
}
