//! What the attributes come to: origin, exportable, the key itself.

use super::{Hsm, Object, codes, signed};
use crate::liquidsecurity::{NotAStatement, Statement};
use crate::test_certs::{Draft, Signer};
use crate::{Certificate, Evidence, PublicKey, Question, Report, Requirement, Verdict, verify};

/// The answer where the private key has another value.
fn where_private(number: u32, value: &[u8]) -> Report {
    let hsm = Hsm::new();
    hsm.ask(&signed(&[hsm.object(2), changed(hsm.object(3), number, value)]))
}

fn changed(object: Object, number: u32, value: &[u8]) -> Object {
    let change = |(other, old)| if other == number { (other, value.to_vec()) } else { (other, old) };
    object.into_iter().map(change).collect()
}

#[test]
fn a_key_that_could_ever_leave_is_called_exportable() {
    for (number, value) in [(0x162, 1), (0x164, 0), (0x103, 0), (0x165, 0)] {
        let report = where_private(number, &[value]);
        assert_eq!((report.verdict, report.exportable), (Verdict::Proven, Some(true)), "{number:#x}");
        assert!(codes(&report).contains(&"exportable"));
    }
}

#[test]
fn a_key_from_outside_is_called_imported() {
    let report = where_private(0x163, &[0]);
    assert_eq!((report.verdict, report.origin), (Verdict::Proven, Some("imported")));
    assert!(codes(&report).contains(&"not-generated"));
}

#[test]
fn requirements_hold_for_hsms() {
    let hsm = Hsm::new();
    let require =
        |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect::<Vec<Requirement>>();
    let good =
        require(&["origin=generated", "not-exportable", "fips", "slot=partition 1", "algorithm=ec p-256"]);
    let question = Question { requirements: good, serial: Some("5.2TEST-0001".to_owned()), ..hsm.question() };
    assert!(super::ask(&[&hsm.statement()], &hsm.certificates(), &question).is_yes());
    let bad = require(&["touch=always", "pin=once", "firmware>=1.0.0"]);
    let report = super::ask(
        &[&hsm.statement()],
        &hsm.certificates(),
        &Question { requirements: bad, ..hsm.question() },
    );
    assert_eq!(codes(&report)[..3], ["requirement-unmet"; 3], "it says nothing of these");
}

#[test]
fn a_point_off_the_curve_is_refused_by_name_and_a_compressed_one_is_understood() {
    let hsm = Hsm::new();
    let object = hsm.object(3);
    let whole = object.iter().find(|(number, _)| *number == 0x120).unwrap().1.clone();
    let mut off = whole.clone();
    off[64] ^= 1;
    let refused = Statement::parse(&signed(&[changed(object.clone(), 0x120, &off)])).unwrap_err();
    assert_eq!(refused.to_string(), "its public key is no point on the curve P-256");
    let compressed = [&[2 + (whole[64] & 1)], &whole[1..33]].concat();
    let read = Statement::parse(&signed(&[changed(object, 0x120, &compressed)])).unwrap();
    assert_eq!(read.key().spki(), hsm.key.spki());
}

#[test]
fn the_curve_is_confirmed_by_the_digest_of_the_whole_key() {
    let hsm = Hsm::new();
    // A point of the same size, said to be on secp256k1.
    let objects = [2, 3].map(|class| changed(hsm.object(class), 0x121, &[0, 0, 2, 0xca]));
    assert_eq!(Statement::parse(&signed(&objects)), Err(NotAStatement::Attribute(0x1003)));
}

#[test]
fn another_key_than_the_expected_one_contradicts() {
    let hsm = Hsm::new();
    let ask = |key: &Signer| {
        let key = PublicKey::from_spki(&key.spki()).ok();
        super::ask(&[&hsm.statement()], &hsm.certificates(), &Question { key, ..hsm.question() })
    };
    assert!(ask(&hsm.key).is_yes());
    let report = ask(&hsm.card);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Contradicted, "key-mismatch"));
}

/// The objects of an RSA key.
fn rsa(modulus: &[u8]) -> [Object; 2] {
    let hsm = Hsm::new();
    [2, 3].map(|class| {
        let object = changed(changed(hsm.object(class), 0x100, &[0]), 0x120, modulus);
        [object, vec![(0x122, vec![1, 0, 1])]].concat()
    })
}

#[test]
fn an_rsa_key_is_its_modulus_and_exponent() {
    let key = PublicKey::from_spki(&Signer::rsa().spki()).unwrap();
    let statement = Statement::parse(&signed(&rsa(&key.modulus().unwrap()))).unwrap();
    assert_eq!((statement.key(), statement.key().spki()), (&key, key.spki()));
}

#[test]
fn an_rsa_key_of_the_flawed_generator_is_found() {
    let report = Hsm::new().ask(&signed(&rsa(&crate::weakness::tests::weak_modulus())));
    assert!(codes(&report).contains(&"roca") && !report.is_yes(), "{report:?}");
}

#[test]
fn a_certificate_of_no_part_in_a_statement_is_told_and_changes_nothing() {
    let hsm = Hsm::new();
    let told = |others: &[Certificate]| {
        let mut evidence = Evidence::new();
        evidence.add(&hsm.statement()).unwrap();
        hsm.certificates().iter().chain(others).for_each(|one| evidence.add(one.der()).unwrap());
        let report = verify(&evidence, &hsm.question());
        assert!(report.is_yes(), "{report:?}");
        codes(&report).iter().filter(|code| **code == "unrelated-certificate").count()
    };
    assert_eq!(told(&[]), 0, "root, card and partition, the owner's and the maker's");
    let other = Signer::p256();
    let card = Draft::new("HSM:5.2TEST-0002, for FIPS mode", super::ROOT, other.spki()).sign(&hsm.root);
    let stranger = Draft::new("a stranger", "a stranger", other.spki()).sign(&other);
    assert_eq!(told(&[card, stranger]), 2);
}
