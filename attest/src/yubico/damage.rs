//! Every byte of made-up chains changed, one at a time: the hierarchy of 2024, and a request that carries its chain.

use super::tests::Hierarchy;
use crate::test_certs::request;
use crate::tests::today;
use crate::{Anchor, Certificate, Evidence, Question, Verdict, verify};

/// A byte's other values that are tried: a low and a high bit, and all of them.
const CHANGES: [u8; 3] = [0x01, 0x80, 0xff];

fn verdict(files: &[Vec<u8>], root: &Certificate) -> Verdict {
    let mut question = Question::at(today());
    question.roots = Anchor::given(root.der()).unwrap();
    let mut evidence = Evidence::new();
    match files.iter().try_for_each(|file| evidence.add(file)) {
        Ok(()) => verify(&evidence, &question).verdict,
        Err(_) => Verdict::Malformed,
    }
}

fn no_changed_byte_stays_proven(files: &[Vec<u8>], root: &Certificate) {
    assert_eq!(verdict(files, root), Verdict::Proven);
    for which in 0..files.len() {
        for at in 0..files[which].len() {
            let mut damaged = files.to_vec();
            damaged[which][at] ^= CHANGES[at % CHANGES.len()];
            assert_ne!(verdict(&damaged, root), Verdict::Proven, "file {which} at byte {at}");
        }
    }
}

#[test]
fn no_changed_byte_of_the_hierarchy_of_2024_stays_proven() {
    let mut all = Hierarchy::new_generation("Yubico PIV Attestation B 1").given();
    let root = all.pop().unwrap();
    let files: Vec<Vec<u8>> = all.iter().map(|certificate| certificate.der().to_vec()).collect();
    no_changed_byte_stays_proven(&files, &root);
}

#[test]
fn no_changed_byte_of_a_request_stays_proven() {
    let chain = Hierarchy::old();
    let [leaf, f9, root] = <[Certificate; 3]>::try_from(chain.given()).unwrap();
    let carried = [([3, 1], leaf.der().to_vec()), ([3, 2], f9.der().to_vec())];
    no_changed_byte_stays_proven(&[request(&chain.keys[0], &carried)], &root);
}

#[test]
fn no_changed_byte_of_a_given_root_stays_proven() {
    let mut all = Hierarchy::old().given();
    let root = all.pop().unwrap();
    let files: Vec<Vec<u8>> = all.iter().map(|certificate| certificate.der().to_vec()).collect();
    for at in 0..root.der().len() {
        let mut damaged = root.der().to_vec();
        damaged[at] ^= CHANGES[at % CHANGES.len()];
        if let Ok(damaged) = Certificate::from_der(&damaged) {
            assert_ne!(verdict(&files, &damaged), Verdict::Proven, "byte {at}");
        }
    }
}
