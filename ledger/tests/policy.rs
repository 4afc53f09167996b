//! Policies: what is one, and which checkpoints they stand for.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use ledger::{MAX_POLICY_BYTES, NotEndorsed, Policy, SignedCheckpoint, TreeHead, Unverified, Vkey};
use proptest::prelude::*;

const TIME: u64 = 1_800_000_000;

fn parse(text: &str) -> Policy {
    Policy::parse(text.as_bytes()).unwrap()
}

fn refusal(text: &str) -> String {
    Policy::parse(text.as_bytes()).unwrap_err().to_string()
}

/// A log, six witnesses, and the example of the specification with their keys.
fn example() -> (LogKey, Vec<WitnessKey>, String) {
    let log = LogKey::new();
    let witnesses: Vec<_> =
        (0..6).map(|number| WitnessKey::new(&format!("witness{number}.example"))).collect();
    let names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"];
    let lines: String = names
        .iter()
        .zip(&witnesses)
        .map(|(name, witness)| format!("witness {name} {}\n", witness.vkey))
        .collect();
    let text = format!(
        "log {}\n\n{lines}# two of three, and one of three\n\tgroup X-witnesses  2 X1 X2 X3 \ngroup Y-witnesses any Y1 Y2 Y3\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
        log.vkey
    );
    (log, witnesses, text)
}

fn cosigned(log: &LogKey, witnesses: &[WitnessKey], by: &[usize]) -> SignedCheckpoint {
    by.iter().fold(log.sign(TreeHead::empty()), |signed, at| witnesses[*at].cosign(&signed, TIME))
}

#[test]
fn the_example_of_the_specification_wants_two_of_one_group_and_one_of_the_other() {
    let (log, witnesses, text) = example();
    let policy = parse(&text);
    for (by, is_enough) in [
        (vec![0, 1, 3], true),
        (vec![5, 2, 1], true),
        (vec![0, 1, 2, 3, 4, 5], true),
        (vec![0, 1, 2], false),
        (vec![0, 3, 4, 5], false),
        (vec![], false),
    ] {
        let signed = cosigned(&log, &witnesses, &by);
        match policy.endorse(&signed, &[]) {
            Ok(endorsed) => {
                assert!(is_enough, "{by:?}");
                assert_eq!((endorsed.log, endorsed.witnesses.len()), (&log.vkey, by.len()));
                assert!(endorsed.witnesses.iter().all(|(_, time)| *time == TIME));
            }
            Err(error) => assert_eq!((is_enough, error), (false, NotEndorsed::Quorum(by.len())), "{by:?}"),
        }
    }
}

#[test]
fn a_quorum_that_no_checkpoint_has_room_for_is_refused() {
    let lines: String =
        (0..64).map(|number| format!("witness w{number} {}\n", WitnessKey::new("w.example").vkey)).collect();
    let names: String = (0..64).map(|number| format!(" w{number}")).collect();
    parse(&format!("{lines}group most 63{names}\nquorum most\n"));
    let refused = refusal(&format!("{lines}group every all{names}\nquorum every\n"));
    assert!(refused.starts_with("line 66: it takes more cosignatures than"), "{refused}");
    // What is never asked for may be as large as it likes.
    parse(&format!("{lines}group every all{names}\nquorum none\n"));
    let half = |from: usize| (from..from + 32).map(|number| format!(" w{number}")).collect::<String>();
    let halves = format!("{lines}group a all{}\ngroup b all{}\n", half(0), half(32));
    parse(&format!("{halves}group either any a b\nquorum either\n"));
    refusal(&format!("{halves}group both all a b\nquorum both\n"));
}

#[test]
fn a_witness_that_signs_twice_or_that_nobody_named_counts_for_no_other() {
    let (log, witnesses, text) = example();
    let policy = parse(&text);
    let twice = witnesses[0].cosign(&cosigned(&log, &witnesses, &[0, 3]), TIME + 1);
    assert_eq!(policy.endorse(&twice, &[]), Err(NotEndorsed::Quorum(2)));
    // The line is there twice, as no `add` would leave it.
    let line = cosigned(&log, &witnesses, &[0]).note().signatures()[1].to_string();
    let doubled = format!("{}{line}\n", cosigned(&log, &witnesses, &[0, 3]));
    let doubled = SignedCheckpoint::parse(doubled.as_bytes()).unwrap();
    assert_eq!(doubled.note().signatures().len(), 4);
    assert!(matches!(policy.endorse(&doubled, &[]), Err(NotEndorsed::Quorum(_))));
    let stranger = WitnessKey::new("witness1.example").cosign(&cosigned(&log, &witnesses, &[0, 3]), TIME);
    assert_eq!(policy.endorse(&stranger, &[]), Err(NotEndorsed::Quorum(2)));
}

#[test]
fn a_quorum_without_the_log_is_nothing() {
    let (log, witnesses, text) = example();
    let policy = parse(&text);
    let other = LogKey::new();
    let forged = cosigned(&other, &witnesses, &[0, 1, 3]);
    assert_eq!(policy.endorse(&forged, &[]), Err(NotEndorsed::Log));
    assert!(
        policy.endorse(&forged, std::slice::from_ref(&other.vkey)).is_ok(),
        "the log's key is known from elsewhere"
    );
    let mut note = cosigned(&log, &witnesses, &[0, 1, 3]).note().clone();
    note.add(other.sign(TreeHead::empty()).note().signatures()[0].clone()).unwrap();
    let lines = note.to_string().replace(
        &log.sign(TreeHead::empty()).note().signatures()[0].to_string(),
        &other.sign(TreeHead { size: 0, ..TreeHead::empty() }).note().signatures()[0].to_string(),
    );
    let changed = SignedCheckpoint::parse(lines.as_bytes()).unwrap();
    assert_eq!(policy.endorse(&changed, &[]), Err(NotEndorsed::Log));
}

#[test]
fn the_key_of_one_log_does_not_speak_for_another_origin() {
    let (log, _, _) = example();
    let policy = parse(&format!("log {}\nquorum none\n", log.vkey));
    let signed = log.sign(TreeHead::empty());
    assert!(policy.endorse(&signed, &[]).is_ok());
    let elsewhere = log.sign_as("other.example/log", TreeHead::empty());
    assert_eq!(policy.endorse(&elsewhere, &[]), Err(NotEndorsed::Log));
}

#[test]
fn a_wrong_signature_of_a_named_witness_spoils_the_checkpoint() {
    let (log, witnesses, text) = example();
    let signed = cosigned(&log, &witnesses, &[0, 1, 3]);
    let late = cosigned(&log, &witnesses, &[2]).to_string();
    let line = late.lines().last().unwrap().replace("AAAA", "AAAB");
    let changed = SignedCheckpoint::parse(format!("{signed}{line}\n").as_bytes()).unwrap();
    assert_eq!(
        parse(&text).endorse(&changed, &[]),
        Err(NotEndorsed::Signature(Unverified::Wrong("witness2.example".to_owned())))
    );
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let (log, witnesses, text) = example();
    let (log, one, other) = (&log.vkey, &witnesses[0].vkey, &witnesses[1].vkey);
    let witness = format!("witness a {one}\n");
    for (text, line, said) in [
        (String::new(), 1, "no quorum line"),
        (format!("log {log}\n"), 1, "no quorum line"),
        ("quorum a\n".into(), 1, "no earlier line"),
        ("quorum none\nquorum none\n".into(), 2, "has the quorum"),
        ("quorum\n".into(), 1, "too few words"),
        ("quorum none # why\n".into(), 1, "too few words, or too many"),
        ("frogs\n".into(), 1, "begins with log"),
        ("log x\n".into(), 1, "the key is none"),
        (format!("log {one}\n"), 1, "cannot be used here"),
        (format!("witness a {log}\n"), 1, "cannot be used here"),
        (format!("log {log} u v\n"), 1, "too few words, or too many"),
        (format!("\nlog {log}\nlog {log}\n"), 3, "same public key"),
        (format!("{witness}witness b {one}\n"), 2, "same public key"),
        (format!("{witness}witness a {other}\n"), 2, "has this name"),
        (format!("witness none {one}\n"), 1, "the word none"),
        (format!("{witness}group a 1 a\n"), 2, "has this name"),
        (format!("{witness}group g 0 a\n"), 2, "a number from 1"),
        (format!("{witness}group g 2 a\n"), 2, "a number from 1"),
        (format!("{witness}group g 01 a\n"), 2, "a number from 1"),
        (format!("{witness}group g +1 a\n"), 2, "a number from 1"),
        (format!("{witness}group g 1 none\n"), 2, "no earlier line"),
        (format!("{witness}group g 1 g\n"), 2, "no earlier line"),
        (format!("{witness}group g any a a\n"), 2, "has this member"),
        (format!("{witness}group g any a\ngroup h any a\n"), 3, "has this member"),
        (format!("{witness}group g any\n"), 2, "too few words"),
        ("quorum none\r\n".into(), 1, "control character"),
        ("#\u{7f}\nquorum none\n".into(), 1, "control character"),
        (format!("#{}\n", "x".repeat(MAX_POLICY_BYTES)), 1, "longer than"),
    ] {
        let refusal = refusal(&text);
        assert!(
            refusal.starts_with(&format!("line {line}: ")) && refusal.contains(said),
            "{text:?}: {refusal}"
        );
    }
    assert!(Policy::parse(b"witness a \xff\nquorum none\n").unwrap_err().to_string().contains("UTF-8"));
    let opaque =
        [b"witness \xff ".as_slice(), one.to_string().as_bytes(), b" https://w.example/\nquorum \xff"]
            .concat();
    let policy = Policy::parse(&opaque).unwrap();
    assert_eq!(policy.witnesses()[0].url.as_deref(), Some("https://w.example/"));
    assert_eq!(parse(&text).logs()[0].key, *log);
}

#[test]
fn as_many_as_the_specification_wants_are_taken() {
    let (mut text, mut members) = (String::new(), String::new());
    for number in 0..32 {
        text += &format!("log {}\n", LogKey::new().vkey);
        text += &format!("witness w{number} {}\n", WitnessKey::new("w").vkey);
        text += &format!("group g{number} any w{number}\n");
        members += &format!(" g{number}");
    }
    parse(&format!("{text}group all 16{members}\nquorum all\n"));
    let too_many: String = (0..257).map(|_| format!("log {}\n", LogKey::new().vkey)).collect();
    assert!(refusal(&too_many).starts_with("line 257: "));
}

proptest! {
    #[test]
    fn any_bytes_are_a_policy_or_are_refused_with_a_line_of_theirs(bytes in "(log|witness|group|quorum|#)?[ -~\t\n\u{80}]{0,60}") {
        if let Err(bad) = Policy::parse(bytes.as_bytes()) {
            prop_assert!((1..=bytes.lines().count().max(1) + 1).contains(&bad.line));
        }
    }
}

#[test]
fn a_key_is_the_same_under_another_name() {
    let key = LogKey::new().vkey;
    let renamed = Vkey::new("another.example", key.kind(), key.key()).unwrap();
    assert!(refusal(&format!("log {key}\nlog {renamed}\nquorum none\n")).contains("same public key"));
}
