//! The log's own key on a YubiKey, whose slots have no labels: it is shown for what it is, and that of a log that was lost is seen.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::DirBuilderExt;

use serde_json::Value;
use tests::checkpoint::ORIGIN;
use tests::piv::PivRig;

fn keyed() -> PivRig {
    PivRig::new().ledger_line("token = \"key\"")
}

/// What a check of the YubiKey says of each key: its label and what the log knows it as.
fn checked(rig: &PivRig) -> Vec<(String, String)> {
    let checked: Value =
        serde_json::from_str(&rig.rig.kunci_ok(&["--json", "token", "check", "key"])).unwrap();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    checked["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (text(key, "label"), text(key, "standing")))
        .collect()
}

#[test]
fn a_check_of_a_yubikey_shows_the_logs_key_and_its_checkpoints_are_the_logs() {
    let rig = keyed();
    let agent = rig.provisioned();
    let vkey = rig.rig.vkey();
    let size = agent.grow();
    assert!(rig.rig.begins_with(agent.await_checkpoint(&vkey, size)));
    let expected =
        [("kunci:de", "pinned"), ("kunci-ledger", "pinned")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(checked(&rig), expected);
}

#[test]
fn a_key_that_signed_the_checkpoints_of_a_lost_log_is_seen_without_a_label() {
    let rig = keyed();
    let agent = rig.provisioned();
    let lost = rig.rig.vkey();
    assert!(agent.stop().success());
    fs::remove_dir_all(rig.rig.at("state")).unwrap();
    fs::DirBuilder::new().mode(0o700).create(rig.rig.at("state")).unwrap();
    let agent = rig.start();
    let refused = rig.rig.kunci(&["--json", "log", "init-key"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("orphaned-ledger-key") && said.contains("--new-log"), "{said}");
    assert!(agent.stop().success());
    // As it says.
    let second = fs::read_to_string(rig.rig.at("kunci.toml")).unwrap().replace(ORIGIN, "rig.example/second");
    rig.rig.private("kunci.toml", &second);
    let agent = rig.rig.spawn_with(|command| rig.pcsc.shape(command));
    agent.await_tokens("ready");
    let vkey: ledger::Vkey = rig.rig.kunci_ok(&["log", "init-key", "--new-log"]).trim_end().parse().unwrap();
    assert_ne!(vkey, lost);
    let size = rig.rig.log().size().unwrap();
    assert!(rig.rig.begins_with(agent.await_checkpoint(&vkey, size)));
    // Once it has a key of its own, it is not asked about the other one again.
    rig.rig.kunci_ok(&["log", "init-key"]);
}
