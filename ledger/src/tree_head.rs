//! Size and root of a log at some time (RFC 6962 section 3.5), and what a proof shows of them.
//!
//! Verifying is by RFC 9162 sections 2.1.3.2 and 2.1.4.2, which walk from the leaf to the root. A proof that is too long
//! or too short is refused as a wrong one is; nothing here reads a file.

use serde::Serialize;

use crate::{
    Root,
    hash::{Hash, empty_hash, node_hash},
};

/// The most hashes in a proof: a log of 2⁶³ entries needs no more.
pub const MAX_PROOF_HASHES: usize = 64;

/// How many entries a log has, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TreeHead {
    /// How many entries.
    pub size: u64,
    /// The RFC 6962 tree head hash.
    pub root: Root,
}

/// What a proof does not show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadProof {
    /// The later tree is the smaller one.
    #[error("the later tree has fewer entries than the earlier one")]
    Shrunk,
    /// Two roots for one size: at most one of them is this log's.
    #[error("there are two roots for one size")]
    TwoRoots,
    /// The tree has no such entry.
    #[error("the tree has no entry with this index")]
    NoSuchEntry,
    /// The number of hashes is not what the sizes ask for.
    #[error("the proof does not have the number of hashes that the sizes ask for")]
    Length,
    /// The proof leads to another earlier root.
    #[error("the proof does not lead to the earlier root")]
    EarlierRoot,
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    Root,
}

impl TreeHead {
    /// Of a log without entries.
    pub fn empty() -> Self {
        Self { size: 0, root: Root(empty_hash()) }
    }

    /// Whether the log of this head begins with the entries of an earlier one: by an RFC 6962 consistency proof.
    pub fn verify_consistency(&self, earlier: &TreeHead, proof: &[Hash]) -> Result<(), BadProof> {
        match (earlier.size, self.size) {
            (old, new) if old > new => Err(BadProof::Shrunk),
            (0, _) if earlier.root != Self::empty().root => Err(BadProof::EarlierRoot),
            (old, new) if old == new && earlier.root != self.root => Err(BadProof::TwoRoots),
            (old, new) if old == 0 || old == new => needs_no_hash(proof),
            _ => self.verify_growth(earlier, proof),
        }
    }

    fn verify_growth(&self, earlier: &TreeHead, proof: &[Hash]) -> Result<(), BadProof> {
        let (first, proof) = match earlier.size.is_power_of_two() {
            true => (&earlier.root.0, proof),
            false => proof.split_first().ok_or(BadProof::Length)?,
        };
        // The last subtree of the earlier tree: everything left of it is there already.
        let level = earlier.size.trailing_zeros();
        let mut walk = Walk::new((earlier.size - 1) >> level, (self.size - 1) >> level);
        let (mut old, mut new) = (*first, *first);
        for hash in proof {
            if walk.step()? == Side::Left {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
            } else {
                new = node_hash(&new, hash);
            }
        }
        walk.ends()?;
        match (old == earlier.root.0, new == self.root.0) {
            (false, _) => Err(BadProof::EarlierRoot),
            (true, false) => Err(BadProof::Root),
            (true, true) => Ok(()),
        }
    }

    /// Whether the entry with this leaf hash is number `index` of the log: by an RFC 6962 inclusion proof.
    pub fn verify_inclusion(&self, index: u64, leaf: &Hash, proof: &[Hash]) -> Result<(), BadProof> {
        if index >= self.size {
            return Err(BadProof::NoSuchEntry);
        }
        let (mut walk, mut node) = (Walk::new(index, self.size - 1), *leaf);
        for hash in proof {
            node = match walk.step()? {
                Side::Left => node_hash(hash, &node),
                Side::Right => node_hash(&node, hash),
            };
        }
        walk.ends()?;
        if node == self.root.0 { Ok(()) } else { Err(BadProof::Root) }
    }
}

fn needs_no_hash(proof: &[Hash]) -> Result<(), BadProof> {
    if proof.is_empty() { Ok(()) } else { Err(BadProof::Length) }
}

/// The way from a node up to the root, by its number in its level and that of the last node there.
struct Walk {
    node: u64,
    last: u64,
}

/// Where the next sibling lies.
#[derive(PartialEq)]
enum Side {
    Left,
    Right,
}

impl Walk {
    fn new(node: u64, last: u64) -> Self {
        Self { node, last }
    }

    /// Goes past the next sibling. A last node without one is the same node a level higher.
    fn step(&mut self) -> Result<Side, BadProof> {
        if self.last == 0 {
            return Err(BadProof::Length);
        }
        let is_right = self.node & 1 == 1;
        let side = if is_right || self.node == self.last { Side::Left } else { Side::Right };
        if side == Side::Left && !is_right {
            let levels = self.node.trailing_zeros();
            self.node >>= levels;
            self.last >>= levels;
        }
        self.node >>= 1;
        self.last >>= 1;
        Ok(side)
    }

    fn ends(&self) -> Result<(), BadProof> {
        if self.last == 0 { Ok(()) } else { Err(BadProof::Length) }
    }
}
