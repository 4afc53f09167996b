//! The two chains: what proves, what only says whose it is, and what contradicts.

use super::{CARD, Hsm, OWNER, PARTITION, ROOT, ask, codes};
use crate::test_certs::{Draft, Signer};
use crate::{Certificate, Question, Report, Verdict};

/// The answer with only some of the certificates.
fn with(hsm: &Hsm, which: &[usize]) -> Report {
    let all = hsm.certificates();
    let some: Vec<Certificate> = which.iter().map(|at| all[*at].clone()).collect();
    ask(&[&hsm.statement()], &some, &hsm.question())
}

#[test]
fn the_makers_chain_proves_and_the_owners_says_whose_it_is() {
    let judgement = Hsm::new().judge();
    assert_eq!(judgement.verdict, Verdict::Proven, "{:?}", judgement.findings);
    let said = judgement.statement;
    assert_eq!((said.origin, said.exportable, said.fips), (Some("generated"), Some(false), Some(true)));
    assert_eq!((said.serial.as_deref(), said.slot.as_deref()), (Some("5.2TEST-0001"), Some("partition 1")));
    assert_eq!((said.vendor.as_deref(), said.label.as_deref()), (Some("Marvell"), Some("a key")));
    assert_eq!(judgement.root.unwrap().name, ROOT);
    let owner = judgement.findings.iter().find(|finding| finding.code == "owner").unwrap();
    assert!(owner.message.contains(OWNER));
}

#[test]
fn neither_needs_the_other_and_the_owners_alone_proves_nothing() {
    let hsm = Hsm::new();
    let report = with(&hsm, &[1, 2]);
    assert_eq!((report.verdict, codes(&report).contains(&"no-owner")), (Verdict::Proven, true), "{report:?}");
    let report = with(&hsm, &[3, 4]);
    assert_eq!((report.verdict, report.root.clone()), (Verdict::Unattested, None), "{report:?}");
    assert_eq!(codes(&report)[0], "no-issuer");
    assert!(codes(&report).contains(&"owner"));
    assert_eq!(with(&hsm, &[]).verdict, Verdict::Unattested);
    assert_eq!(with(&hsm, &[2]).verdict, Verdict::Unattested, "the card is missing");
}

#[test]
fn a_makers_root_that_expired_proves_no_more_and_did_before() {
    let hsm = Hsm::new().draft(0, |draft| Draft { not_after: "20251116135525Z", ..draft });
    let report = with(&hsm, &[1, 2, 4]);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Unattested, "expired"), "{report:?}");
    assert!(report.findings[0].message.contains("--intermediate"), "what to do is said");
    assert!(codes(&report).contains(&"owner"), "the owner's still holds");
    let before = Question { at: "2025-11-16T13:55:25Z".parse().unwrap(), ..hsm.question() };
    assert_eq!(ask(&[&hsm.statement()], &hsm.certificates(), &before).verdict, Verdict::Proven);
}

#[test]
fn an_owners_root_that_expired_is_a_warning() {
    let hsm = Hsm::new().draft(3, |draft| Draft { not_after: "20250101000000Z", ..draft });
    let report = hsm.ask(&hsm.statement());
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Proven, "owner-unproven"), "{report:?}");
}

#[test]
fn an_owners_chain_that_leads_nowhere_is_no_evidence() {
    let judged = |hsm: &Hsm, roots: usize| {
        let mut question = hsm.question();
        question.roots.truncate(roots);
        ask(&[&hsm.statement()], &hsm.certificates(), &question)
    };
    let report = judged(&Hsm::new(), 1);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Unattested, "owner-unproven"), "{report:?}");
    // Nor one to the card.
    let mut hsm = Hsm::new();
    hsm.drafts.push(Draft { issuer: "nobody".to_owned(), ..hsm.drafts[1].clone() });
    let report = judged(&hsm, 2);
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Unattested, "owner-unproven"), "{report:?}");
}

#[test]
fn a_makers_card_under_a_root_that_is_not_known_is_no_owners() {
    let hsm = Hsm::new();
    // Without the owner's chain, and without any root.
    let report = ask(&[&hsm.statement()], &hsm.certificates()[1..3], &Question::at(crate::tests::today()));
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Unattested, "no-issuer"), "{report:?}");
    assert!(codes(&report).contains(&"no-owner") && !codes(&report).contains(&"owner-unproven"));
}

#[test]
fn a_partition_belongs_to_the_card_that_signed_for_it() {
    for name in ["HSM:5.2TEST-0002:PARTN:1, for FIPS mode", "HSM:5.2TEST-0001:PARTN:1, for another mode"] {
        let hsm = Hsm::new().draft(2, |draft| Draft { subject: name.to_owned(), ..draft });
        let report = with(&hsm, &[1, 2]);
        assert_eq!(
            (report.verdict, codes(&report)[0]),
            (Verdict::Contradicted, "wrong-path"),
            "{name}: {report:?}"
        );
    }
}

#[test]
fn neither_a_partition_nor_a_stranger_is_a_card() {
    for (issuer, code) in [(PARTITION, "not-a-ca"), ("a server", "no-issuer")] {
        let mut hsm = Hsm::new();
        // A certificate below another partition's, or below any other certificate of the root's.
        hsm.drafts[1] =
            Draft { subject: issuer.to_owned(), spki: Signer::rsa().spki(), ..hsm.drafts[1].clone() };
        hsm.drafts[2] = Draft { issuer: issuer.to_owned(), ..hsm.drafts[2].clone() };
        let report = with(&hsm, &[1, 2]);
        assert_ne!(report.verdict, Verdict::Proven, "{issuer}");
        assert!(codes(&report).contains(&code), "{issuer}: {report:?}");
    }
}

#[test]
fn one_name_has_one_key() {
    // The owner's certificate of the card is of another card.
    let mut hsm = Hsm::new();
    hsm.drafts.push(Draft::new(CARD, OWNER, Signer::p256().spki()));
    let report = hsm.ask(&hsm.statement());
    assert_eq!((report.verdict, codes(&report)[0]), (Verdict::Contradicted, "card-mismatch"), "{report:?}");
    // So is the owner's certificate of the partition.
    let hsm = Hsm::new().draft(4, |draft| Draft { spki: Signer::p256().spki(), ..draft });
    let report = hsm.ask(&hsm.statement());
    assert_eq!(
        (report.verdict, codes(&report)[0]),
        (Verdict::Contradicted, "signature-mismatch"),
        "{report:?}"
    );
}

#[test]
fn other_partitions_beside_the_one_that_signed_do_no_harm() {
    let mut hsm = Hsm::new();
    hsm.drafts.push(Draft::new("HSM:5.2TEST-0001:PARTN:2, for FIPS mode", CARD, Signer::p256().spki()));
    assert_eq!(hsm.ask(&hsm.statement()).verdict, Verdict::Proven);
    let alone = Hsm::new().draft(2, |draft| Draft { spki: Signer::p256().spki(), ..draft });
    assert_eq!(with(&alone, &[1, 2]).verdict, Verdict::Contradicted, "the only one did not sign");
}

#[test]
fn where_the_key_is_stands_in_what_the_maker_signed_and_not_in_what_a_stranger_adds() {
    // The partition's key is public: anybody can put it under another name, of a card that is not there.
    let (hsm, stranger) = (Hsm::new(), Signer::p256());
    let card = "HSM:5.2TEST-0002, for FIPS mode";
    let added = Draft::new("HSM:5.2TEST-0002:PARTN:7, for FIPS mode", card, Signer::rsa().spki());
    let certificates = [vec![added.sign(&stranger)], hsm.certificates()].concat();
    let report = ask(&[&hsm.statement()], &certificates, &hsm.question());
    assert_eq!(report.verdict, Verdict::Proven, "{report:?}");
    assert_eq!(
        (report.serial.as_deref(), report.slot.as_deref()),
        (Some("5.2TEST-0001"), Some("partition 1"))
    );
    assert!(codes(&report).contains(&"owner"), "{report:?}");
}

#[test]
fn a_root_that_only_bears_an_anchors_name_contradicts() {
    let (hsm, other) = (Hsm::new(), Hsm::new());
    let report = ask(&[&hsm.statement()], &hsm.certificates(), &other.question());
    assert_eq!(report.verdict, Verdict::Contradicted);
    assert!(codes(&report).contains(&"lookalike-root"), "{report:?}");
}

#[test]
fn of_several_statements_the_key_names_one() {
    let (hsm, other) = (Hsm::new(), Hsm::new());
    let (certificates, [one, two]) = (hsm.certificates(), [hsm.statement(), other.statement()]);
    let question = hsm.question();
    let report = ask(&[&one, &two], &certificates, &question);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Unattested, vec!["more-than-one-key"]));
    let key = crate::PublicKey::from_spki(&other.key.spki()).ok();
    let named = ask(&[&one, &two, &two], &certificates, &Question { key, ..question });
    assert_eq!(
        (named.verdict, named.public_key_sha256),
        (Verdict::Proven, Some(crate::Sha256::of(&other.key.spki())))
    );
}
