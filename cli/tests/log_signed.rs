//! `kunci log verify`, `consistency` and `verify-receipt`: what checkpoints, witnesses and receipts show of a log, and
//! that nothing that was changed passes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "common/signed.rs"]
mod signed;

use std::fs;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::Done;
use ledger::{Reader, Receipt, SignatureType, SignedCheckpoint, TreeHead};
use serde_json::Value;
use signed::{Case, Key, ORIGIN, TIME, assertion};

fn code(done: &Done) -> String {
    let problem: Value = serde_json::from_str(done.err.lines().last().unwrap()).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_copy_a_kept_checkpoint_and_a_cosignature_convince() {
    let case = Case::new(5, 300);
    let copy = case.copy();
    for log in [copy.path(), &case.log] {
        let done = case.audit(log);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        for part in [
            "checkpoint  300 entries of vendor.example/kunci, in the folder",
            "checkpoint  5 entries of vendor.example/kunci, ",
            "signed by vendor.example/kunci",
            "cosigned by witness.example at 2027-01-15T08:00:00Z",
            "a quorum of the policy",
            "No damage was found",
        ] {
            assert!(done.out.contains(part), "{part}: {}", done.out);
        }
        assert!(done.err.contains("only grew since its checkpoint of 5 entries"), "{}", done.err);
        let done = case.verify(
            log,
            &["--vkey", &case.key.vkey.to_string(), "--vkey", &case.witness.vkey.to_string(), "--json"],
        );
        let body: Value = serde_json::from_str(&done.out).unwrap();
        let own = &body["checkpoints"][0];
        assert_eq!((done.code, &own["of_this_log"], &own["signed_by"]), (0, &true.into(), &ORIGIN.into()));
        assert_eq!(own["cosigned_by"][0]["time"], TIME);
    }
    let done = case.verify(copy.path(), &[]);
    assert!(done.code == 0 && done.err.contains("Who signed is not looked at"), "{}", done.err);
}

#[test]
fn every_flipped_byte_of_a_small_log_and_its_checkpoint_is_found() {
    let case = Case::new(3, 7);
    let copy = case.copy();
    assert_eq!(case.audit(copy.path()).code, 0);
    let mut files = Vec::new();
    let mut folders = vec![copy.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
    }
    assert!(files.len() >= 5, "{files:?}");
    let policy = ledger::Policy::parse(&fs::read(case.path("policy")).unwrap()).unwrap();
    let kept = SignedCheckpoint::parse(&fs::read(case.path("kept")).unwrap()).unwrap();
    let mut flipped = 0;
    for file in files {
        let good = fs::read(&file).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&file, &bad).unwrap();
            assert!(!passes(copy.path(), &policy, &kept), "{} byte {at}", file.display());
            // The command itself, now and then: it takes its time to start.
            if at % 97 == 0 {
                let done = case.audit(copy.path());
                assert!(
                    done.code > 0 && !(done.out + &done.err).trim().is_empty(),
                    "{} byte {at}",
                    file.display()
                );
            }
            flipped += 1;
        }
        fs::write(&file, &good).unwrap();
    }
    assert!(flipped > 2000, "{flipped}");
    assert_eq!(case.audit(copy.path()).code, 0);
}

/// As the command does it, in this process.
fn passes(log: &std::path::Path, policy: &ledger::Policy, kept: &SignedCheckpoint) -> bool {
    let Ok(reader) = Reader::open(log) else { return false };
    let Ok(Some(own)) = reader.checkpoint() else { return false };
    let Ok(report) = ledger::verify_with_heads(&reader, [kept.head().size], |_, _| {}) else { return false };
    report.damage.is_empty()
        && policy.endorse(&own, &[]).is_ok()
        && report.head_at(kept.head().size) == Some(kept.head())
        && own.checkpoint().origin() == kept.checkpoint().origin()
}

#[test]
fn entries_dropped_swapped_or_spliced_are_found() {
    let case = Case::new(3, 7);
    let copy = case.copy();
    let (entries, leaves) = (copy.path().join("tile/entries/000.p/7"), copy.path().join("tile/0/000.p/7"));
    let good = fs::read(&entries).unwrap();
    let mut frames = Vec::new();
    let mut at = 0;
    while at < good.len() {
        let end = at + 2 + usize::from(u16::from_be_bytes([good[at], good[at + 1]]));
        frames.push(good[at..end].to_vec());
        at = end;
    }
    let mut swapped = frames.clone();
    swapped.swap(2, 5);
    let mut spliced = frames.clone();
    spliced[4] = frames[1].clone();
    let dropped: Vec<_> =
        frames.iter().enumerate().filter(|(at, _)| *at != 4).map(|(_, frame)| frame.clone()).collect();
    for (what, frames) in
        [("swapped", swapped), ("spliced", spliced), ("dropped", dropped), ("cut", frames[..6].to_vec())]
    {
        fs::write(&entries, frames.concat()).unwrap();
        // With hashes that fit, as who can write the folder would have them.
        let hashes: Vec<_> = frames.iter().map(|frame| ledger::leaf_hash(&frame[2..])).collect();
        for hashes in [fs::read(&leaves).unwrap(), hashes.as_flattened().to_vec()] {
            fs::write(&leaves, hashes).unwrap();
            let done = case.audit(copy.path());
            assert_eq!(done.code, 1, "{what}: {}{}", done.out, done.err);
            assert!(done.out.contains("DAMAGED"), "{what}: {}", done.out);
        }
        // With a checkpoint of the forger's own.
        if frames.len() == 7 {
            let root =
                frames.iter().map(|frame| ledger::leaf_hash(&frame[2..])).collect::<ledger::Tree>().head();
            let own = fs::read(copy.path().join("checkpoint")).unwrap();
            fs::write(
                copy.path().join("checkpoint"),
                Key::new(ORIGIN, SignatureType::Ed25519).sign(root).to_string(),
            )
            .unwrap();
            fs::remove_dir_all(copy.path().join("tile/0/000.p")).unwrap();
            fs::create_dir(copy.path().join("tile/0/000.p")).unwrap();
            fs::write(
                &leaves,
                frames.iter().map(|f| ledger::leaf_hash(&f[2..])).collect::<Vec<_>>().as_flattened(),
            )
            .unwrap();
            fs::remove_file(copy.path().join("tile/entries/000.p/3")).ok();
            let done = case.audit(copy.path());
            assert_eq!(done.code, 1, "{what}: {}{}", done.out, done.err);
            assert!(done.err.contains("no key that is known of this log signed it"), "{what}: {}", done.err);
            fs::write(copy.path().join("checkpoint"), own).unwrap();
        }
    }
}

#[test]
fn a_log_that_was_rolled_back_or_rewritten_is_not_the_one_of_the_kept_checkpoint() {
    let case = Case::new(5, 300);
    // Another history by the same key: as long, and whole in itself.
    let pair = Ed25519KeyPair::from_pkcs8(&pkcs8(&case.key)).unwrap();
    let forged = Case::empty(case.path("other"), Key { pair, vkey: case.key.vkey.clone() });
    forged.grow(300);
    let vkey = case.key.vkey.to_string();
    let done = case.verify(&forged.log, &["--vkey", &vkey, "--json"]);
    assert_eq!(done.code, 0, "by itself it is a log: {}{}", done.out, done.err);
    let done = case.verify(&forged.log, &["--vkey", &vkey, "--checkpoint", &case.text("kept"), "--json"]);
    assert_eq!((done.code, code(&done).as_str()), (1, "checkpoint-differs"), "{}", done.err);
    // Rolled back to before what is kept.
    let kept = case.log.join("checkpoint");
    let back = Case::new(5, 6);
    let done = case.verify(&back.log, &["--checkpoint", kept.to_str().unwrap()]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("it has 6 entries") && done.err.contains("with 300 entries"), "{}", done.err);
}

fn pkcs8(key: &Key) -> Vec<u8> {
    key.pair.to_pkcs8().unwrap().as_ref().to_vec()
}

#[test]
fn who_signed_is_said_and_nobody_else_is_believed() {
    let case = Case::new(5, 9);
    let stranger = Key::new(ORIGIN, SignatureType::Ed25519).vkey.to_string();
    let done = case.verify(&case.log, &["--vkey", &stranger, "--json"]);
    assert_eq!((done.code, code(&done).as_str()), (1, "checkpoint-not-signed"));
    let two = Key::new("other.example", SignatureType::CosignatureEd25519).vkey;
    let policy = format!(
        "log {}\nwitness a {}\nwitness b {two}\ngroup g all a b\nquorum g\n",
        case.key.vkey, case.witness.vkey
    );
    fs::write(case.path("both"), policy).unwrap();
    let done = case.verify(&case.log, &["--policy", &case.text("both"), "--json"]);
    assert_eq!((done.code, code(&done).as_str()), (1, "no-quorum"));
    let done = case.verify(&case.log, &["--vkey", "vendor.example/kunci+00000000+AQ=="]);
    assert!(done.code == 2 && done.err.contains("not a public key"), "{}", done.err);
    fs::write(case.path("both"), "log x\n").unwrap();
    let done = case.verify(&case.log, &["--policy", &case.text("both")]);
    assert!(done.code == 2 && done.err.contains("line 1: the key is none"), "{}", done.err);
    let done = case.verify(&case.log, &["--checkpoint", &case.text("both")]);
    assert!(done.code == 2 && done.err.contains("is not a checkpoint"), "{}", done.err);
    let done = case.verify(&case.log, &["--vkey", &case.witness.vkey.to_string()]);
    assert!(done.code == 2 && done.err.contains("No key of the log is given"), "{}", done.err);
    // A log that has no checkpoint is not one that the key has signed.
    fs::remove_file(case.log.join("checkpoint")).unwrap();
    let done = case.verify(&case.log, &["--vkey", &case.key.vkey.to_string(), "--json"]);
    assert_eq!((done.code, code(&done).as_str()), (1, "no-checkpoint"));
    let done =
        case.verify(&case.log, &["--policy", &case.text("policy"), "--checkpoint", &case.text("kept")]);
    assert_eq!(done.code, 0, "one that was kept will do: {}", done.err);
}

#[test]
fn a_proof_between_two_checkpoints_is_printed_line_by_line() {
    let case = Case::new(5, 300);
    let (kept, own) = (case.text("kept"), case.log.join("checkpoint").to_str().unwrap().to_owned());
    let consistency = |old: &str, new: &str| case.bench.kunci(&["log", "consistency", old, new]);
    let done = consistency(&kept, &own);
    assert_eq!(done.code, 0, "{}", done.err);
    let proof: Vec<ledger::Hash> =
        done.out.lines().map(|line| STANDARD.decode(line).unwrap().try_into().unwrap()).collect();
    let head = |path: &str| SignedCheckpoint::parse(&fs::read(path).unwrap()).unwrap().head();
    assert_eq!(head(&own).verify_consistency(&head(&kept), &proof), Ok(()));
    assert_eq!(consistency("5", "300").out, done.out);
    let json: Value =
        serde_json::from_str(&case.bench.kunci(&["--json", "log", "consistency", "5", "300"]).out).unwrap();
    assert_eq!(
        (json["new"]["size"].as_u64(), json["proof"].as_array().unwrap().len()),
        (Some(300), proof.len())
    );
    assert_eq!(
        (consistency("5", "301").code, consistency("6", "5").code, consistency("x", "5").code),
        (1, 2, 2)
    );
    let forged = Key::new(ORIGIN, SignatureType::Ed25519).sign(TreeHead { size: 5, ..head(&own) });
    fs::write(case.path("forged"), forged.to_string()).unwrap();
    let done = consistency(&case.text("forged"), &own);
    assert!(done.code == 1 && done.err.contains("the checkpoint says"), "{}", done.err);
}

#[test]
fn a_receipt_is_verified_against_its_entry_and_its_assertion_and_nothing_else_is() {
    let case = Case::new(5, 300);
    let reader = Reader::open(&case.log).unwrap();
    let receipt = Receipt::make(&reader, 77, reader.checkpoint().unwrap().unwrap()).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(case.path(name), bytes).unwrap();
        case.text(name)
    };
    let file = write("r.tlog-proof", receipt.to_string().as_bytes());
    let entry =
        write("e.json", format!("{}\n", str::from_utf8(receipt.extra.as_ref().unwrap()).unwrap()).as_bytes());
    let (own, other) = (write("a.jwt", assertion(77).as_bytes()), write("b.jwt", assertion(78).as_bytes()));
    let policy = case.text("policy");
    let check =
        |rest: &[&str]| case.bench.kunci(&[&["--json", "log", "verify-receipt", &file], rest].concat());
    for of in [["--entry", &entry], ["--assertion", &own]] {
        let done = check(&[of[0], of[1], "--policy", &policy]);
        let body: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!((done.code, body["index"].as_u64(), &body["entry"]["jti"]), (0, Some(77), &"j77".into()));
        assert_eq!(
            (&body["signed_by"], &body["cosigned_by"][0]["name"]),
            (&ORIGIN.into(), &"witness.example".into())
        );
    }
    let said = case.bench.kunci(&[
        "log",
        "verify-receipt",
        &file,
        "--assertion",
        &own,
        "--vkey",
        &case.key.vkey.to_string(),
    ]);
    assert!(
        said.out.starts_with("Entry 77 of vendor.example/kunci is one of its first 300.\n"),
        "{}",
        said.out
    );
    let refused = |rest: &[&str], exit: i32, wanted: &str| {
        let done = check(rest);
        assert_eq!((done.code, code(&done).as_str()), (exit, wanted), "{rest:?}");
    };
    refused(&["--assertion", &other, "--policy", &policy], 1, "receipt-differs");
    let advice = check(&["--assertion", &other, "--policy", &policy]).problem()["detail"].clone();
    assert_eq!(advice, "Give one of its own log_index: whoever has the log can make it.");
    let changed = write("f.json", b"{\"v\":1}");
    refused(&["--entry", &changed, "--policy", &policy], 1, "receipt-differs");
    let stranger = Key::new(ORIGIN, SignatureType::Ed25519).vkey.to_string();
    refused(&["--assertion", &own, "--vkey", &stranger], 1, "checkpoint-not-signed");
    refused(&["--assertion", &own], 2, "no-key");
    refused(&["--assertion", &changed, "--policy", &policy], 2, "malformed");
    assert_eq!(check(&["--policy", &policy]).code, 2, "neither entry nor assertion");
    // An entry in `extra` that the log does not have.
    let mut forged = receipt.clone();
    let text = String::from_utf8(forged.extra.take().unwrap()).unwrap().replace("j77", "j78");
    forged.extra = Some(text.into_bytes());
    fs::write(&file, forged.to_string()).unwrap();
    refused(&["--assertion", &own, "--policy", &policy], 1, "receipt-differs");
    forged.extra = None;
    fs::write(&file, forged.to_string()).unwrap();
    refused(&["--assertion", &own, "--policy", &policy], 2, "no-entry");
    fs::write(&file, "c2sp.org/tlog-proof@v1\nindex x\n\n").unwrap();
    let done = case.bench.kunci(&["log", "verify-receipt", &file, "--entry", &entry, "--policy", &policy]);
    assert!(done.code == 2 && done.err.contains("line 2 is not what a receipt has there"), "{}", done.err);
    assert!(!done.err.contains("agent"), "no agent makes receipts: {}", done.err);
}
