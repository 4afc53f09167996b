//! Proofs from memory and from tiles, verified; and that no other proof, size, root or leaf passes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::fs;

use common::*;
use ledger::{BadProof, Error, Hash, Ledger, Reader, Root, Tree, TreeHead, leaf_hash};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

fn head(size: u64) -> TreeHead {
    (0..size).map(leaf).collect::<Tree>().head()
}

fn node(left: Hash, right: Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// MTH, PATH and SUBPROOF of RFC 6962 section 2.1, word for word.
fn mth(leaves: &[Hash]) -> Hash {
    if leaves.len() == 1 {
        return leaves[0];
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    node(mth(left), mth(right))
}

fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    match index < split {
        true => [path(index, left), vec![mth(right)]].concat(),
        false => [path(index - split, right), vec![mth(left)]].concat(),
    }
}

fn subproof(old: usize, leaves: &[Hash], is_known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_known { Vec::new() } else { vec![mth(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(split);
    match old <= split {
        true => [subproof(old, left, is_known), vec![mth(right)]].concat(),
        false => [subproof(old - split, right, false), vec![mth(left)]].concat(),
    }
}

/// More than two bundles, so that there are tiles of two levels.
const SIZE: u64 = 2 * 256 + 70;

#[test]
fn proofs_from_tiles_are_those_of_the_standard() {
    let dir = log_of(SIZE);
    let reader = Reader::open(dir.path()).unwrap();
    let leaves: Vec<Hash> = reader.raw(0).map(|entry| leaf_hash(&entry.unwrap().1)).collect();
    let mut tree = Tree::new();
    let mut heads = vec![tree.head()];
    heads.extend(leaves.iter().map(|leaf| {
        tree.push(*leaf);
        tree.head()
    }));
    for new in [1, 2, 3, 7, 8, 255, 256, 257, 512, 582_usize] {
        assert_eq!(reader.head_at(new as u64), Ok(heads[new]));
        for old in (1..=new).step_by(if new > 8 { 23 } else { 1 }).chain([new.min(256), new]) {
            let proof = reader.consistency(old as u64, new as u64).unwrap();
            assert_eq!(proof, subproof(old, &leaves[..new], true), "{old} {new}");
            assert_eq!(heads[new].verify_consistency(&heads[old], &proof), Ok(()), "{old} {new}");
        }
        for index in (0..new).step_by(if new > 8 { 29 } else { 1 }).chain([new - 1]) {
            let proof = reader.inclusion(index as u64, new as u64).unwrap();
            assert_eq!(proof, path(index, &leaves[..new]), "{index} {new}");
            assert_eq!(
                heads[new].verify_inclusion(index as u64, &leaves[index], &proof),
                Ok(()),
                "{index} {new}"
            );
        }
    }
    assert_eq!(reader.inclusion(SIZE, SIZE), Err(Error::NotFound));
    assert_eq!(reader.inclusion(0, SIZE + 1), Err(Error::NotFound));
    assert_eq!(reader.consistency(3, 2), Err(Error::NotFound));
    assert_eq!(reader.consistency(1, SIZE + 1), Err(Error::NotFound));
    assert_eq!(reader.head_at(SIZE + 1), Err(Error::NotFound));
    assert_eq!(reader.head_at(0), Ok(TreeHead::empty()));
}

#[test]
fn no_proof_with_a_hash_too_many_too_few_or_another_passes() {
    let size = 2 * 256 + 70;
    let dir = log_of(size);
    let reader = Reader::open(dir.path()).unwrap();
    let (old, new) = (reader.head_at(300).unwrap(), reader.head_at(size).unwrap());
    let proof = reader.consistency(300, size).unwrap();
    let leaf = leaf_hash(&reader.raw(77).next().unwrap().unwrap().1);
    let included = reader.inclusion(77, size).unwrap();
    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at][3] ^= 1;
        assert!(new.verify_consistency(&old, &changed).is_err(), "hash {at}");
    }
    for at in 0..included.len() {
        let mut changed = included.clone();
        changed[at][3] ^= 1;
        assert_eq!(new.verify_inclusion(77, &leaf, &changed), Err(BadProof::Root), "hash {at}");
    }
    let (short, long) = (&proof[1..], [proof.as_slice(), &[[7; 32]]].concat());
    assert!(new.verify_consistency(&old, short).is_err());
    assert_eq!(new.verify_consistency(&old, &long), Err(BadProof::Length));
    assert_eq!(new.verify_consistency(&old, &[]), Err(BadProof::Length));
    assert_eq!(new.verify_inclusion(77, &leaf, &included[1..]), Err(BadProof::Length));
    assert_eq!(
        new.verify_inclusion(77, &leaf, &[included.as_slice(), &[[7; 32]]].concat()),
        Err(BadProof::Length)
    );
    assert_eq!(new.verify_inclusion(78, &leaf, &included), Err(BadProof::Root));
    assert_eq!(new.verify_inclusion(size, &leaf, &included), Err(BadProof::NoSuchEntry));
    assert_eq!(old.verify_consistency(&new, &proof), Err(BadProof::Shrunk));
    let other = TreeHead { size: old.size, root: Root([1; 32]) };
    assert_eq!(new.verify_consistency(&other, &proof), Err(BadProof::EarlierRoot));
    assert_eq!(old.verify_consistency(&other, &[]), Err(BadProof::TwoRoots));
    let other = TreeHead { size: 0, root: Root([1; 32]) };
    assert_eq!(new.verify_consistency(&other, &[]), Err(BadProof::EarlierRoot));
    assert_eq!(new.verify_consistency(&TreeHead::empty(), &[]), Ok(()));
    assert_eq!(new.verify_consistency(&TreeHead::empty(), &proof), Err(BadProof::Length));
    assert_eq!(new.verify_consistency(&new, &[]), Ok(()));
}

#[test]
fn growth_since_the_last_checkpoint_is_shown_without_reading_and_after_a_start_from_tiles() {
    let dir = folder();
    let mut last = TreeHead::empty();
    for count in [1, 255, 1, 300, 70, 512] {
        let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
        assert_eq!((ledger.head(), recovered.size), (last, last.size));
        record_all(&ledger, (0..count).map(intent));
        settled(&ledger);
        // The first is read from tiles where it is not what the start found, as when a signed size was not published.
        let growth = ledger.growth_since(last.size).unwrap();
        assert_eq!((growth.from, growth.to), (last, ledger.head()));
        assert_eq!(growth.to.verify_consistency(&last, &growth.proof), Ok(()));
        let middle = last.size + count / 2;
        let from_tiles = ledger.growth_since(middle).unwrap();
        assert_eq!(from_tiles.to.verify_consistency(&from_tiles.from, &from_tiles.proof), Ok(()));
        last = growth.to;
        record_all(&ledger, [intent(7)]);
        settled(&ledger);
        // What is asked for from now on is in memory: the files may be away.
        let away = dir.path().with_extension("away");
        ledger.growth_since(last.size).unwrap();
        fs::rename(dir.path().join("tile"), &away).unwrap();
        let again = ledger.growth_since(last.size).unwrap();
        assert_eq!((again.from, again.to.size), (last, last.size + 1));
        assert_eq!(again.to.verify_consistency(&last, &again.proof), Ok(()));
        assert!(ledger.growth_since(again.to.size).unwrap().proof.is_empty());
        fs::rename(away, dir.path().join("tile")).unwrap();
        assert_eq!(ledger.growth_since(again.to.size + 1), Err(Error::NotFound));
        last = again.to;
    }
}

proptest! {
    #[test]
    fn a_proof_holds_for_its_own_heads_only(old in 1u64..200, more in 1u64..200, wrong in 1u64..400) {
        let new = old + more;
        let leaves: Vec<Hash> = (0..new).map(leaf).collect();
        let proof = subproof(old as usize, &leaves, true);
        prop_assert_eq!(head(new).verify_consistency(&head(old), &proof), Ok(()));
        prop_assert!(wrong == old || head(new).verify_consistency(&head(wrong), &proof).is_err());
        prop_assert!(wrong == new || head(wrong).verify_consistency(&head(old), &proof).is_err());
    }

    #[test]
    fn foreign_hashes_prove_nothing(old in any::<u64>(), new in any::<u64>(), proof: Vec<Hash>, roots: [Hash; 3]) {
        let head = |size, root| TreeHead { size, root: Root(root) };
        let grown = head(new, roots[0]).verify_consistency(&head(old, roots[1]), &proof);
        prop_assert!(grown.is_err() || old == new && roots[0] == roots[1]);
        prop_assert!(head(new, roots[0]).verify_inclusion(old, &roots[2], &proof).is_err() || new == 1 && roots[0] == roots[2]);
    }
}
