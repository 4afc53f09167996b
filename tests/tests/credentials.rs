//! A PIN that systemd hands over as a credential (systemd.exec(5)): read by the host alone, and only if nobody else could.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::process::Command;

use tests::caller::STRANGER;
use tests::rig::PIN;
use tests::{Agent, Rig};

const NAME: &str = "rig-pin";

#[test]
fn a_pin_comes_as_a_credential_and_the_front_is_not_told_where() {
    let rig = rig();
    let agent = with_credentials(&rig);
    agent.wait_ready();
    agent.assertion("de").ok();
    let folder = rig.at("credentials").to_str().unwrap().to_owned();
    assert!(environment(agent.hosts()[0]).contains(&folder), "so this looks where it would stand");
    assert!(!environment(agent.front().unwrap()).contains(&folder));
    assert!(agent.stop().success());
    assert_eq!(rig.calls("C_Login"), 1);
}

#[test]
fn a_credential_that_others_could_read_or_own_is_never_tried() {
    let rig = rig();
    let file = rig.at("credentials").join(NAME);
    for mode in [0o404, 0o420, 0o620, 0o410] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        assert_refused(&rig, "chmod");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    chown(&file, Some(STRANGER), None).unwrap();
    assert_refused(&rig, "chown");
    chown(&file, Some(0), None).unwrap();
    fs::rename(&file, rig.at("elsewhere")).unwrap();
    std::os::unix::fs::symlink(rig.at("elsewhere"), &file).unwrap();
    assert_refused(&rig, NAME);
    assert_eq!(rig.calls("C_Login"), 0);

    // As systemd leaves it where the service's user is not root: root's, with an ACL's mask in the group's bits.
    fs::rename(rig.at("elsewhere"), &file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
    let agent = with_credentials(&rig);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!(rig.calls("C_Login"), 1);
}

#[test]
fn a_credential_is_missed_by_name_where_no_systemd_started_the_agent() {
    let rig = rig();
    let agent = rig.spawn_with(|command| command.env_remove("CREDENTIALS_DIRECTORY"));
    agent.await_tokens("no-pin");
    let detail = agent.detail();
    assert!(detail.contains(NAME) && detail.contains("LoadCredential"), "{detail}");
}

/// A provisioned rig whose token's PIN is a credential from now on, counted by OpenSC's spy.
fn rig() -> Rig {
    let rig = Rig::bare().provisioned().spied().pin_source(&format!("{{ credential = {NAME:?} }}"));
    rig.write();
    DirBuilder::new().mode(0o500).create(rig.at("credentials")).unwrap();
    let file = rig.at("credentials").join(NAME);
    fs::write(&file, PIN).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o400)).unwrap();
    rig
}

fn with_credentials(rig: &Rig) -> Agent {
    let folder = rig.at("credentials");
    rig.spawn_with(|command: &mut Command| command.env("CREDENTIALS_DIRECTORY", folder))
}

/// The token has no PIN, and whoever asks is told which file it is and what to do.
#[track_caller]
fn assert_refused(rig: &Rig, remedy: &str) {
    let agent = with_credentials(rig);
    agent.await_tokens("no-pin");
    let detail = agent.detail();
    assert!(detail.contains(NAME) && detail.contains(remedy), "{detail}");
    agent.assertion("de").refused(503, "token-unavailable");
    assert!(agent.stop().success());
}

fn environment(pid: u32) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).unwrap()).into_owned()
}
