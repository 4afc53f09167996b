//! Provisioning that is cut short, and keys that nobody accounts for.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tests::Rig;
use tests::agent::kill;
use tests::rig::{PIN, softhsm};
use tests::wait::until_true;

#[test]
fn provisioning_killed_at_any_point_can_be_run_again_and_leaves_no_key_unreported() {
    const RUNS: u32 = 30;
    let whole = rig();
    let start = Instant::now();
    whole.kunci_ok(&["provision", "--all"]);
    let span = start.elapsed();
    let mut cut = 0;
    for run in 0..RUNS {
        let rig = rig();
        let mut command = rig.command(&["provision", "--all"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The moment of the kill is what is varied: no other thing is waited for.
        std::thread::sleep(span * run / RUNS + Duration::from_millis(5));
        let family = descendants(child.id());
        // By turns all of them, the front, a host, and the command alone.
        let doomed = match run % 4 {
            0 => [vec![child.id()], family.clone()].concat(),
            1 => playing("front", &family),
            2 => playing("host", &family),
            _ => vec![child.id()],
        };
        doomed.iter().for_each(|pid| kill(*pid, Signal::KILL));
        cut += usize::from(!child.wait().unwrap().success());
        for pid in family {
            until_true("what was left of the run is gone", || {
                fs::read_link(format!("/proc/{pid}/exe")).is_err()
            });
        }
        finish_and_check(&rig, run);
    }
    // A host or a front that is started again may let the run end well.
    assert!(cut >= usize::try_from(RUNS / 3).unwrap(), "only {cut} runs were cut short");
}

#[test]
fn a_lost_state_directory_signs_nothing_until_each_key_is_adopted_by_its_digest() {
    let rig = Rig::bare().provisioned();
    let certificate = rig.kunci_ok(&["cert", "de"]);
    let digest = key_digest(&rig);
    lose_state(&rig);

    let agent = rig.spawn();
    until_true("the token is surveyed", || agent.assertion("de").code() == "orphaned-key");
    let checked = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(
        (&checked["keys"][0]["standing"], &checked["keys"][0]["spki_sha256"]),
        (&"orphan".into(), &digest.as_str().into())
    );
    let adopt = |digest: &str| rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", digest]);
    assert_eq!(adopt(&"00".repeat(32)).status.code(), Some(1));
    assert_eq!(adopt("no digest").status.code(), Some(2));

    // The remedy, as it is printed: it brings back what customers have, and makes nothing.
    let refused = rig.kunci(&["provision", "de"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&digest), "{said}");
    let heeded = rig.heed(&said, &["provision", "de", "--adopt"]);
    assert!(heeded.status.success(), "{heeded:?}");
    agent.assertion("de").ok();
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate, "the one that customers know");
    assert_eq!(key_digest(&rig), digest, "the very key was adopted");
    let adopted = rig.entries().into_iter().find(|entry| entry.reason.as_deref() == Some("adopted")).unwrap();
    assert_eq!((adopted.state.as_deref(), adopted.spki_sha256), (Some("generated"), Some(digest)));
}

/// A token without room for certificates, or one that lost them.
#[test]
fn an_adopted_key_keeps_the_certificate_that_only_its_folder_has() {
    let rig = Rig::bare().provisioned();
    let (certificate, digest) = (rig.kunci_ok(&["cert", "de"]), key_digest(&rig));
    pkcs11(&rig, &["--delete-object", "--type", "cert", "--id", on_token(&rig).first().unwrap()]);
    // The log alone is lost.
    fs::rename(rig.at("state/log"), rig.at("lost-log")).unwrap();
    rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &digest]);
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate, "the one that customers know");
    rig.start().assertion("de").ok();
}

#[test]
fn an_adopted_key_without_a_certificate_waits_and_gets_a_new_one_only_when_it_is_asked_for() {
    let rig = Rig::bare().provisioned();
    let (certificate, digest) = (rig.kunci_ok(&["cert", "de"]), key_digest(&rig));
    let adopt = ["provision", "de", "--adopt", "--spki-sha256", &digest];
    lose_state(&rig);
    pkcs11(&rig, &["--delete-object", "--type", "cert", "--id", on_token(&rig).first().unwrap()]);
    // A certificate of another key is none of this one's.
    fs::create_dir(rig.at("state/certificates")).unwrap();
    fs::write(rig.at("state/certificates/de.soft.00.der"), other_certificate(&rig)).unwrap();
    let said = rig.kunci_ok(&adopt);
    assert!(said.contains("kunci cert install de FILE") && said.contains("--new-certificate"), "{said}");
    let agent = rig.spawn();
    agent.await_surveys();
    for again in [&adopt[..], &["provision", "--all"]] {
        rig.kunci_ok(again);
        agent.assertion("de").refused(503, "uncertified");
    }
    let days = rig.kunci(&[&adopt[..], &["--days", "30"]].concat());
    assert_eq!(days.status.code(), Some(2), "days of a certificate that is not made: {days:?}");

    rig.kunci_ok(&[&adopt[..], &["--new-certificate"]].concat());
    agent.assertion("de").ok();
    assert_ne!(rig.kunci_ok(&["cert", "de"]), certificate);
    // Now customers hold that one, so another is not made over it.
    let refused = rig.kunci(&[&["--json"], &adopt[..], &["--new-certificate"]].concat());
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"has-certificate".into()), "{problem}");
}

#[test]
fn on_several_tokens_each_outcome_is_told_and_one_without_the_key_fails_nothing() {
    let rig = Rig::bare().second_token().provisioned();
    let before: Vec<Value> = told(&rig, &["provision", "de"]);
    let certificates = rig.kunci_ok(&["cert", "de"]);
    lose_state(&rig);
    let agent = rig.spawn();
    agent.await_surveys();
    for (at, other) in [(0, 1), (1, 0)] {
        let digest = before[at]["spki_sha256"].as_str().unwrap();
        let adopted = told(&rig, &["provision", "de", "--adopt", "--spki-sha256", digest]);
        assert_eq!((adopted.len(), &adopted[at]["outcome"]), (2, &"adopted".into()), "{adopted:?}");
        let outcome = if at == 0 { "nothing-to-adopt" } else { "unchanged" };
        assert_eq!(adopted[other]["outcome"], outcome, "{adopted:?}");
        if at == 0 {
            // What is said of the other token's key is how to take it over, not how to destroy it.
            let said = rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", digest]);
            let said = String::from_utf8(said.stderr).unwrap();
            assert!(said.contains(before[1]["spki_sha256"].as_str().unwrap()), "{said}");
            assert!(!said.contains("destroy"), "{said}");
        }
    }
    agent.wait_ready();
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificates, "on both, the one that customers know");
}

#[test]
fn a_key_that_waits_for_its_ca_gets_no_certificate_while_another_tokens_key_is_adopted() {
    let rig = Rig::bare().second_token();
    rig.write();
    for token in ["soft", "second"] {
        rig.kunci_ok(&["token", "init", token]);
    }
    let waiting: Vec<Value> = told(&rig, &["provision", "de", "--csr"]);
    let digest = waiting[0]["spki_sha256"].as_str().unwrap();
    lose_state(&rig);
    told(&rig, &["provision", "de", "--adopt", "--spki-sha256", digest]);
    let other = waiting[1]["spki_sha256"].as_str().unwrap();
    for flags in [&[][..], &["--new-certificate"]] {
        let adopt = ["provision", "de", "--adopt", "--spki-sha256", other];
        let adopted = told(&rig, &[&adopt[..], flags].concat());
        assert_eq!(adopted[0]["certificate_sha256"], Value::Null, "{adopted:?}");
    }
}

#[test]
fn where_one_token_cannot_be_asked_the_others_outcomes_are_told_all_the_same() {
    let rig = Rig::bare().second_token().provisioned();
    let digest = key_digest(&rig);
    lose_state(&rig);
    fs::rename(rig.at("tokens-2"), rig.at("away")).unwrap();
    let refused = rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", &digest]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("The token second is not available") && said.contains("soft: adopted"), "{said}");
}

#[test]
fn a_key_that_somebody_put_beside_the_pinned_one_is_reported_and_cannot_be_adopted() {
    let rig = Rig::bare().provisioned();
    let id = "07".repeat(16);
    pkcs11(&rig, &["--keypairgen", "--key-type", "rsa:2048", "--label", "kunci:de", "--id", &id]);
    let refused = rig.kunci(&["--json", "provision", "de"]);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!(problem["code"], "key-unfit", "{problem}");
    // The officers looked at it and cannot destroy it today.
    rig.except(&["duplicate-label"]);
    let line = rig.kunci_ok(&["--json", "provision", "de"]);
    let orphan = serde_json::from_str::<Value>(&line).unwrap()["orphans"][0].as_str().unwrap().to_owned();
    let adopt = |digest: &str| rig.kunci(&["--json", "provision", "de", "--adopt", "--spki-sha256", digest]);
    let refused = adopt(&orphan);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"already-pinned".into()));
    assert!(adopt(&key_digest(&rig)).status.success(), "the pinned key itself is no second one");
    let agent = rig.start();
    assert_eq!(
        agent.assertion("de").ok().json()["x5t_s256"],
        agent.admin("GET", "/v1/connectors/de/certificate", "").json()[0]["x5t_s256"]
    );
}

/// The host finds a key by its identifier, and might find the other.
#[test]
fn a_key_that_shares_its_identifier_with_another_is_not_adopted() {
    let rig = Rig::bare().provisioned();
    let id = on_token(&rig).first().unwrap().clone();
    pkcs11(&rig, &["--keypairgen", "--key-type", "rsa:2048", "--label", "kunci:de", "--id", &id]);
    pkcs11(&rig, &["--delete-object", "--type", "pubkey", "--id", &id]);
    lose_state(&rig);
    let checked: Value =
        serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
    let digest = checked["keys"][0]["spki_sha256"].as_str().unwrap();
    assert_eq!(checked["keys"][1]["key"], checked["keys"][0]["key"]);
    assert_ne!(checked["keys"][1]["spki_sha256"], digest, "each tells its own modulus");
    let refused = rig.kunci(&["--json", "provision", "de", "--adopt", "--spki-sha256", digest]);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"ambiguous-key".into()), "{problem}");
    assert!(!rig.entries().iter().any(|entry| entry.state.is_some()), "nothing was pinned");
}

fn lose_state(rig: &Rig) {
    fs::rename(rig.at("state"), rig.at("lost")).unwrap();
    fs::DirBuilder::new().mode(0o700).create(rig.at("state")).unwrap();
}

/// What a command that must succeed prints, as objects.
fn told(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    let lines = rig.kunci_ok(&[&["--json"], arguments].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A certificate of a key that has nothing to do with the rig's, DER.
fn other_certificate(rig: &Rig) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-outform", "DER"]);
    let output = command.arg("-keyout").arg(rig.at("other.key")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn rig() -> Rig {
    let rig = Rig::bare().connector("uk", "p-256", "ES256").connector("us", "rsa-2048", "RS256");
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    rig
}

/// Runs it again to its end; then every key on the token is pinned, or reported as an orphan by both commands.
fn finish_and_check(rig: &Rig, run: u32) {
    let lines = rig.kunci_ok(&["--json", "provision", "--all"]);
    let provisioned: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(provisioned.len(), 3, "run {run}: {lines}");
    let reported: BTreeSet<_> = provisioned
        .iter()
        .filter_map(|one| one["orphans"].as_array())
        .flatten()
        .map(|digest| digest.as_str().unwrap().to_owned())
        .collect();
    let checked: Value =
        serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
    let (mut pinned, mut orphans, mut ids) = (0, BTreeSet::new(), BTreeSet::new());
    for key in checked["keys"].as_array().unwrap() {
        ids.extend(key["key"].as_str().map(str::to_owned));
        match (key["standing"].as_str().unwrap(), &key["probe"]) {
            ("pinned", Value::Bool(true)) => pinned += 1,
            ("orphan", Value::Null) => drop(orphans.insert(key["spki_sha256"].as_str().unwrap().to_owned())),
            _ => panic!("run {run}: {key}"),
        }
    }
    assert_eq!(pinned, 3, "run {run}: {checked}");
    assert_eq!(orphans, reported, "run {run}: {checked}");
    assert_eq!(ids, on_token(rig), "run {run}: the check sees every private key");
    rig.assert_whole();
}

/// The identifiers of the private keys on the token, as OpenSC sees them.
fn on_token(rig: &Rig) -> BTreeSet<String> {
    let text = pkcs11(rig, &["--list-objects", "--type", "privkey"]);
    text.lines().filter_map(|line| line.trim().strip_prefix("ID:")).map(|id| id.trim().to_owned()).collect()
}

/// OpenSC's view of the token, past the agent.
fn pkcs11(rig: &Rig, arguments: &[&str]) -> String {
    let output = Command::new("pkcs11-tool")
        .env("SOFTHSM2_CONF", rig.at("softhsm2.conf"))
        .args(["--module", softhsm().to_str().unwrap(), "--token-label", "rig", "--login", "--pin", PIN])
        .args(arguments)
        .output()
        .expect("pkcs11-tool is missing: apt-get install opensc");
    assert!(output.status.success(), "pkcs11-tool {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Of the key on the first token.
fn key_digest(rig: &Rig) -> String {
    told(rig, &["provision", "de"])[0]["spki_sha256"].as_str().unwrap().to_owned()
}

/// The processes below one.
fn descendants(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.flat_map(|task| fs::read_to_string(task.path().join("children")));
    let children: Vec<u32> =
        children.flat_map(|text| text.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    children.iter().flat_map(|child| [vec![*child], descendants(*child)].concat()).collect()
}

/// Those that play a role.
fn playing(role: &str, family: &[u32]) -> Vec<u32> {
    let plays = |pid: &&u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes())
    };
    family.iter().filter(plays).copied().collect()
}
