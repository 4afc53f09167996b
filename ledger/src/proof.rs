//! RFC 6962 proofs, put together from what lies left and right of a place in the log.
//!
//! Both kinds are the siblings on the way from one node to the root: of an inclusion proof the node is the leaf, of a
//! consistency proof it is the last subtree of the earlier log. Siblings on the left are subtrees of what is before the
//! node; those on the right are made of what is behind it. Where both ranges are kept in memory, a proof reads no file.

use crate::{
    Tree,
    compact_range::{CompactRange, fold},
    hash::Hash,
};

/// Shows that the log of the tree and what was appended `since` begins with the tree (RFC 6962 section 2.1.2).
pub(crate) fn consistency(earlier: &Tree, since: &CompactRange) -> Vec<Hash> {
    if earlier.size() == 0 || since.begin() == since.end() {
        return Vec::new();
    }
    let mut before: Vec<Hash> = earlier.leaves().subtrees().map(|(_, hash)| hash).collect();
    let last = before.pop();
    // Whoever verifies has this one: it is the earlier root.
    let mut proof: Vec<Hash> = last.filter(|_| !earlier.size().is_power_of_two()).into_iter().collect();
    let level = earlier.size().trailing_zeros();
    siblings(level, earlier.size(), before, since, &mut proof);
    proof
}

/// Shows that the leaf between the two ranges is in the log (RFC 6962 section 2.1.1).
pub(crate) fn inclusion(before: &CompactRange, behind: &CompactRange) -> Vec<Hash> {
    let mut proof = Vec::new();
    let left = before.subtrees().map(|(_, hash)| hash).collect();
    siblings(0, behind.begin(), left, behind, &mut proof);
    proof
}

/// The siblings of the node that ends at leaf `end` of its level, and of all above it.
fn siblings(mut level: u32, mut end: u64, mut left: Vec<Hash>, right: &CompactRange, proof: &mut Vec<Hash>) {
    let size = right.end();
    let mut right = right.subtrees().map(|(_, hash)| hash);
    while end < size || !left.is_empty() {
        let width = 1 << level;
        if ((end - 1) >> level) & 1 == 1 {
            proof.extend(left.pop());
        } else {
            match end + width <= size {
                true => proof.extend(right.next()),
                // The right edge of the log, where there is anything: one node, though not a perfect one.
                false => proof.extend(fold(right.by_ref().collect::<Vec<_>>().into_iter())),
            }
            end += width;
        }
        level += 1;
    }
}
