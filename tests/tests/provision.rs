//! Provisioning that is cut short, and keys that nobody accounts for.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
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

/// What a command that must succeed prints, as objects.
fn told(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    let lines = rig.kunci_ok(&[&["--json"], arguments].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
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
