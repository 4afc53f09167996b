//! A key that fails a requirement does not sign, others do; and an exception is never made in silence.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use cryptoki_sys::{
    CKA_COPYABLE, CKA_DECRYPT, CKA_DERIVE, CKA_MODIFIABLE, CKA_PRIVATE, CKA_SIGN, CKA_SIGN_RECOVER,
    CKA_UNWRAP,
};
use ledger::Kind;
use serde_json::Value;
use tests::faults::{Action, Faults, Function, Times};
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// The flaw's code of each finding, and whether it is excused.
fn findings(of: &Value) -> Vec<(String, bool)> {
    let finding = |of: &Value| (of["code"].as_str().unwrap().to_owned(), of["excepted"].as_bool().unwrap());
    of["findings"].as_array().unwrap().iter().map(finding).collect()
}

fn check(rig: &Rig) -> (Option<i32>, Value) {
    let output = rig.kunci(&["--json", "token", "check", "soft"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}")))
}

#[test]
fn sound_keys_have_no_finding() {
    let rig = Rig::bare().connector("uk", "p-256", "ES256").provisioned();
    let (code, checked) = check(&rig);
    assert_eq!(code, Some(0), "{checked}");
    for key in checked["keys"].as_array().unwrap() {
        assert_eq!((findings(key), &key["grade"]), (Vec::new(), &"software".into()), "{key}");
    }
}

/// A module that tells nothing of an attribute has no such thing; one that fails to tell it may.
#[test]
fn a_use_that_cannot_be_read_counts_against_the_key_and_a_device_that_fails_for_a_moment_does_not() {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    let _agent = surveyed(&rig);
    let uses = [
        (CKA_PRIVATE, "not-private"),
        (CKA_SIGN, "cannot-sign"),
        (CKA_DECRYPT, "may-decrypt"),
        (CKA_UNWRAP, "may-unwrap"),
        (CKA_DERIVE, "may-derive"),
        (CKA_SIGN_RECOVER, "may-sign-recover"),
        (CKA_MODIFIABLE, "modifiable"),
        (CKA_COPYABLE, "copyable"),
    ];
    for (attribute, flaw) in uses {
        faults.strike(Function::GetAttributeValue, Action::Unread, attribute, Times::Always);
        let (code, checked) = check(&rig);
        assert_eq!(
            (code, findings(&checked["keys"][0])),
            (Some(1), vec![(flaw.to_owned(), false)]),
            "{checked}"
        );
        faults.clear();
    }
    faults.strike(Function::GetAttributeValue, Action::Unread, CKA_DECRYPT, Times::N(1));
    let (code, checked) = check(&rig);
    assert_eq!((code, findings(&checked["keys"][0])), (Some(0), Vec::new()), "{checked}");
}

#[test]
fn two_public_keys_with_one_identifier_stop_that_key_alone() {
    let rig = Rig::bare().connector("uk", "p-256", "ES256").rules(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\", \"check\"]\n",
    );
    let rig = rig.provisioned();
    let (_, checked) = check(&rig);
    let keys = checked["keys"].as_array().unwrap();
    let id = keys.iter().find(|key| key["label"] == "kunci:uk").unwrap()["key"].as_str().unwrap().to_owned();
    let public = rig.at("uk.der");
    let read = ["--read-object", "--type", "pubkey", "--id", &id, "--output-file", public.to_str().unwrap()];
    rig.pkcs11_tool(&read);
    let write = ["--write-object", public.to_str().unwrap(), "--type", "pubkey", "--id", &id];
    rig.pkcs11_tool(&[&write[..], &["--label", "planted"]].concat());
    let agent = surveyed(&rig);
    let refused = agent.assertion("uk").refused(503, "key-unfit").json();
    assert!(refused["detail"].as_str().unwrap().contains("duplicate-public"), "{refused}");
    agent.assertion("de").ok();
    let (code, checked) = check(&rig);
    assert_eq!(code, Some(1));
    let flawed = checked["keys"].as_array().unwrap().iter().filter(|key| !findings(key).is_empty());
    assert_eq!(flawed.map(|key| &key["label"]).collect::<Vec<_>>(), ["kunci:uk"]);
    assert_eq!(rig.postures("key-unfit").len(), 1, "on record once, however often it is found");
}

/// As a damaged store has it, or one that somebody wrote to.
#[test]
fn a_public_key_off_its_curve_is_named_by_the_survey_and_not_adopted() {
    let rig = Rig::bare().connector("uk", "p-256", "ES256").provisioned();
    fs::rename(rig.at("state"), rig.at("lost")).unwrap();
    spoil_the_point(&rig);
    let agent = surveyed(&rig);
    let (code, checked) = check(&rig);
    let keys = checked["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["label"] == "kunci:uk").unwrap();
    assert_eq!((code, findings(key)), (Some(1), vec![("off-curve".to_owned(), false)]), "{key}");
    let digest = key["spki_sha256"].as_str().unwrap();
    for (how, code) in
        [("{}".to_owned(), "orphaned-key"), (format!(r#"{{"adopt_spki_sha256":"{digest}"}}"#), "key-unfit")]
    {
        let refused = agent.admin("POST", "/v1/connectors/uk/provision", &how).refused(409, code).json();
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("its public key is no point on the curve"), "{detail}");
    }
}

/// Changes the last bit of the only point in SoftHSM2's files.
fn spoil_the_point(rig: &Rig) {
    const BEGIN: &[u8] = &[0x04, 0x41, 0x04];
    let mut spoilt = 0;
    for file in fs::read_dir(rig.token_folder()).unwrap().map(|file| file.unwrap().path()) {
        let mut bytes = fs::read(&file).unwrap();
        if let Some(at) = bytes.windows(BEGIN.len()).position(|window| window == BEGIN) {
            bytes[at + BEGIN.len() + 63] ^= 1;
            fs::write(file, bytes).unwrap();
            spoilt += 1;
        }
    }
    assert_eq!(spoilt, 1, "files with a point");
}

#[test]
fn a_wrapping_key_on_the_token_stops_all_its_keys_until_the_configuration_excuses_it() {
    let rig = Rig::bare().provisioned();
    rig.pkcs11_tool(&["--keygen", "--key-type", "AES:32", "--label", "wraps", "--usage-wrap"]);
    let agent = surveyed(&rig);
    agent.assertion("de").refused(503, "key-unfit");
    let status = rig.kunci(&["status"]);
    assert_eq!(status.status.code(), Some(1), "{status:?}");
    assert!(
        String::from_utf8_lossy(&status.stdout).contains("de on soft: BLOCKED key-unfit: "),
        "{status:?}"
    );
    let (code, checked) = check(&rig);
    assert_eq!((code, findings(&checked)), (Some(1), vec![("wrapping-key".to_owned(), false)]));
    let refused = rig.kunci(&["--json", "provision", "de"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("wrapping-key"), "{refused:?}");
    assert!(agent.stop().success());

    rig.except(&["wrapping-key"]);
    let agent = rig.start();
    agent.assertion("de").ok();
    let key = &agent.connectors()[0]["keys"][0];
    assert_eq!(key["exceptions"], serde_json::json!(["wrapping-key"]));
    assert_eq!(agent.tokens()[0]["exceptions"], serde_json::json!(["wrapping-key"]));
    assert!(rig.kunci_ok(&["status"]).contains("by exception: wrapping-key"));
    let (code, checked) = check(&rig);
    assert_eq!((code, findings(&checked)), (Some(0), vec![("wrapping-key".to_owned(), true)]));
    // On record once in the life of the agent, and before the first signature that it allowed.
    let entries = rig.entries();
    let excused = |entry: &ledger::Entry| {
        entry.kind == Kind::Posture && entry.reason.as_deref() == Some("exception wrapping-key")
    };
    let at: Vec<_> =
        entries.iter().enumerate().filter(|(_, entry)| excused(entry)).map(|(at, _)| at).collect();
    let signed = entries.iter().rposition(|entry| entry.kind == Kind::Intent).unwrap();
    assert!(at.len() == 1 && at[0] < signed, "{at:?}, {signed}");
    assert!(entries[at[0]].key.is_some() && entries[at[0]].connector.as_deref() == Some("de"));
}

/// Nobody restarts the agent or asks for a check: what a token is graded by is read again when it comes back.
#[test]
fn a_token_that_comes_back_with_a_wrapping_key_stops_its_keys_by_itself() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let (folder, away) = (rig.token_folder(), rig.at("away"));
    fs::rename(&folder, &away).unwrap();
    agent.await_tokens("missing");
    // It is changed elsewhere, as by another machine that it is plugged into.
    let elsewhere = rig.at("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(&away, elsewhere.join("token")).unwrap();
    rig.private("elsewhere.conf", &format!("directories.tokendir = {}\n", elsewhere.display()));
    rig.pkcs11_tool_with(
        "elsewhere.conf",
        &["--keygen", "--key-type", "AES:32", "--label", "wraps", "--usage-wrap"],
    );
    fs::rename(elsewhere.join("token"), &folder).unwrap();
    agent.await_tokens("ready");
    let unfit = until("its keys are refused", || {
        let answer = agent.assertion("de");
        (answer.status != 200 && answer.json()["code"] == "key-unfit").then(|| answer.json())
    });
    assert!(unfit["detail"].as_str().unwrap().contains("wrapping-key"), "{unfit}");
    until_true("it is on record", || rig.postures("key-unfit").len() == 1);
}

#[test]
fn no_key_is_made_on_a_token_that_fails_a_requirement() {
    let rig = Rig::new();
    rig.kunci_ok(&["token", "init", "soft"]);
    rig.pkcs11_tool(&["--keygen", "--key-type", "AES:32", "--label", "wraps", "--usage-wrap"]);
    let refused = rig.kunci(&["--json", "provision", "de"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("token-unfit"), "{refused:?}");
    assert!(!rig.entries().iter().any(|entry| entry.state.is_some()), "a key was begun");
}

#[test]
fn a_key_made_by_hand_is_adopted_only_with_each_of_its_flaws_named() {
    let rig = Rig::new();
    rig.kunci_ok(&["token", "init", "soft"]);
    let id = "07".repeat(16);
    let made = ["--keypairgen", "--key-type", "rsa:2048", "--label", "kunci:de", "--id", &id];
    rig.pkcs11_tool(&[&made[..], &["--usage-sign"]].concat());
    let (_, checked) = check(&rig);
    let key = &checked["keys"][0];
    let flaws = findings(key);
    assert!(flaws.iter().any(|(code, excused)| code == "modifiable" && !excused), "{key}");
    let digest = key["spki_sha256"].as_str().unwrap();
    let adopt = || rig_adopt(&rig, digest);
    let refused = adopt();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("key-unfit"), "{refused:?}");
    let codes: Vec<_> = flaws.iter().map(|(code, _)| code.as_str()).collect();
    rig.except(&codes);
    assert!(adopt().status.success());
    let agent = rig.start();
    agent.assertion("de").ok();
    until_true("each flaw is on record", || {
        codes.iter().all(|code| !rig.postures(&format!("exception {code}")).is_empty())
    });
}

/// Starts the agent and waits until its token was surveyed, whatever became of the keys.
fn surveyed(rig: &Rig) -> Agent {
    let agent = rig.spawn();
    agent.await_surveys();
    agent
}

fn rig_adopt(rig: &Rig, digest: &str) -> std::process::Output {
    rig.kunci(&["--json", "provision", "de", "--adopt", "--spki-sha256", digest, "--new-certificate"])
}
