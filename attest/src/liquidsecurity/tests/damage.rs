//! Every byte of a statement and of its chains changed, one at a time; cut short; gone on.

use std::sync::OnceLock;

use super::{Hsm, ask, gzipped, signed};
use crate::liquidsecurity::{NotAStatement, Statement};
use crate::{Evidence, Question, Verdict, verify};

/// A byte's other values that are tried: a low and a high bit, and all of them.
const CHANGES: [u8; 3] = [0x01, 0x80, 0xff];

fn verdict(statement: &[u8], certificates: &[Vec<u8>], question: &Question) -> Verdict {
    let mut evidence = Evidence::new();
    let added =
        evidence.add(statement).and_then(|()| certificates.iter().try_for_each(|one| evidence.add(one)));
    added.map_or(Verdict::Malformed, |()| verify(&evidence, question).verdict)
}

#[test]
fn no_changed_byte_of_a_statement_stays_proven() {
    let hsm = Hsm::new();
    let (statement, question) = (hsm.statement(), hsm.question());
    let certificates: Vec<Vec<u8>> = hsm.certificates().iter().map(|one| one.der().to_vec()).collect();
    assert_eq!(verdict(&statement, &certificates, &question), Verdict::Proven);
    for at in 0..statement.len() {
        let mut changed = statement.clone();
        changed[at] ^= CHANGES[at % CHANGES.len()];
        assert_ne!(verdict(&changed, &certificates, &question), Verdict::Proven, "byte {at}");
    }
}

#[test]
fn no_changed_byte_of_the_chains_stays_proven() {
    let hsm = Hsm::new();
    let (statement, question) = (hsm.statement(), hsm.question());
    let certificates: Vec<Vec<u8>> = hsm.certificates().iter().map(|one| one.der().to_vec()).collect();
    for which in 0..certificates.len() {
        for at in 0..certificates[which].len() {
            let mut changed = certificates.clone();
            changed[which][at] ^= CHANGES[at % CHANGES.len()];
            assert_ne!(
                verdict(&statement, &changed, &question),
                Verdict::Proven,
                "certificate {which} at byte {at}"
            );
        }
    }
}

#[test]
fn what_is_cut_short_or_goes_on_is_no_statement() {
    let statement = Hsm::new().statement();
    for length in 0..statement.len() {
        assert!(Statement::parse(&statement[..length]).is_err(), "{length} bytes");
    }
    assert!(Statement::parse(&gzipped(&statement[..statement.len() - 1])).is_err());
    assert!(Statement::parse(&[&statement[..], &[0]].concat()).is_err());
}

#[test]
fn what_the_hsm_did_not_sign_is_contradicted_and_no_word_of_it_is_lost() {
    let hsm = Hsm::new();
    let mut changed = hsm.statement();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let report = ask(&[&changed], &hsm.certificates(), &hsm.question());
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Contradicted, "signature-mismatch"));
}

#[test]
fn an_attribute_that_is_missing_twice_there_or_of_another_size_is_refused() {
    let hsm = Hsm::new();
    for number in [0x0, 0x3, 0x100, 0x102, 0x103, 0x108, 0x120, 0x121, 0x162, 0x163, 0x164, 0x165, 0x1003] {
        let refused = Err(NotAStatement::Attribute(number));
        let mut missing = hsm.object(3);
        missing.retain(|(other, _)| *other != number);
        assert_eq!(Statement::parse(&signed(&[hsm.object(2), missing])), refused);
        let twice = [hsm.object(3), vec![(number, vec![1])]].concat();
        assert_eq!(Statement::parse(&signed(&[hsm.object(2), twice])), refused);
    }
    for number in [0x103, 0x162, 0x163, 0x164, 0x165] {
        for value in [vec![], vec![2], vec![0, 0]] {
            let change = |(other, old)| if other == number { (other, value.clone()) } else { (other, old) };
            let object = hsm.object(3).into_iter().map(change).collect();
            assert_eq!(
                Statement::parse(&signed(&[hsm.object(2), object])),
                Err(NotAStatement::Attribute(number))
            );
        }
    }
}

#[test]
fn the_objects_are_a_public_and_a_private_key_of_one_pair() {
    let (hsm, other) = (Hsm::new(), Hsm::new());
    assert!(Statement::parse(&signed(&[hsm.object(3)])).is_ok(), "the private key's alone says it all");
    for objects in [
        vec![hsm.object(2)],
        vec![hsm.object(3), hsm.object(2)],
        vec![hsm.object(3), hsm.object(3)],
        vec![other.object(2), hsm.object(3)],
    ] {
        assert!(Statement::parse(&signed(&objects)).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_are_they_are_read_or_refused(bytes in proptest::collection::vec(0_u8.., 0..600), cut in 0_usize..900) {
        static REAL: OnceLock<Vec<u8>> = OnceLock::new();
        let real = REAL.get_or_init(|| Hsm::new().statement());
        for bytes in [bytes.clone(), [&real[..cut.min(real.len())], &bytes].concat()] {
            let _ = (Statement::parse(&bytes), Statement::parse(&gzipped(&bytes)));
        }
    }
}
