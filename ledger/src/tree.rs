//! The Merkle tree of RFC 6962 section 2.1 over all leaves so far, of which it keeps at most 63 hashes.

use crate::{Root, TreeHead, compact_range::CompactRange, hash::Hash, tile_tree::TILE_LEVELS};

/// A growing tree that knows its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    leaves: CompactRange,
}

impl Tree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree over the leaves of a range that begins with the log.
    pub(crate) fn of(leaves: CompactRange) -> Self {
        Self { leaves }
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// Appends all leaves below a full tile at a level, of which this is the root. The tree ends where such a tile begins.
    pub fn push_tile(&mut self, level: u8, root: Hash) {
        self.leaves.push_subtree(TILE_LEVELS * (u32::from(level) + 1), root);
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.leaves.end()
    }

    /// The tree head hash; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Hash {
        self.leaves.root()
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size(), root: Root(self.root()) }
    }

    /// The roots of the perfect subtrees, widest first.
    pub(crate) fn leaves(&self) -> &CompactRange {
        &self.leaves
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::{empty_hash, hex, leaf_hash, node_hash};

    /// The leaves and roots of the certificate-transparency reference tests.
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    /// RFC 6962 section 2.1, word for word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_hash(),
            [one] => *one,
            many => {
                let split = (many.len().next_power_of_two()) / 2;
                node_hash(&naive(&many[..split]), &naive(&many[split..]))
            }
        }
    }

    #[test]
    fn the_reference_roots_come_out() {
        let mut tree = Tree::new();
        assert_eq!(hex(&tree.root()), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            tree.push(leaf_hash(leaf));
            assert_eq!(hex(&tree.root()), *root, "at size {}", tree.size());
        }
    }

    proptest! {
        #[test]
        fn a_compact_range_agrees_with_the_recursive_definition(size in 0usize..600) {
            let leaves: Vec<Hash> = (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            prop_assert_eq!(leaves.iter().copied().collect::<Tree>().root(), naive(&leaves));
        }
    }
}
