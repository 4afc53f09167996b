//! A freeze that the disk does not confirm: it holds all the same, the answer says that it is not on record, and the front that
//! recovers keeps it, also where its entry is lost. strace lets the disk fail: run these as root.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::strace::Strace;
use tests::wait::until_true;
use tests::{Agent, Rig};

const FREEZE: &str = "/v1/connectors/de/freeze";
const THAW: &str = "/v1/connectors/de/thaw";
const WHY: &str = r#"{"reason":"drill"}"#;
/// The kernel has the bytes, and cannot say that the disk has them.
const UNCONFIRMED: [&str; 2] = ["-e", "inject=fdatasync:error=EIO"];
/// Neither has them, although every byte was taken: what a disk does that drops its pages after an error.
const LOST: [&str; 4] = ["-e", "inject=pwrite64:retval=1", "-e", "inject=fdatasync:error=EIO"];

#[test]
fn a_freeze_that_the_disk_does_not_confirm_says_so_and_outlives_the_front_that_took_it() {
    for (what, failing) in [("unconfirmed", &UNCONFIRMED[..]), ("lost", &LOST)] {
        let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").rules(RULES).provisioned();
        let agent = rig.start();
        agent.assertion("de").ok();
        let before = rig.entries().len();
        let front = agent.front().unwrap();
        let disk = Strace::attach(front, &rig.at("trace"), failing);
        let frozen = agent.admin("POST", FREEZE, WHY).ok().json();
        assert_eq!(
            (&frozen["frozen"], &frozen["durable"]),
            (&true.into(), &false.into()),
            "{what}: {frozen}"
        );
        disk.until_ended(front);
        until_true("another front is there", || agent.front().is_some_and(|other| other != front));

        assert_frozen(&agent);
        agent.wait_ready();
        assert_frozen(&agent);
        agent.assertion("uk").ok();
        until_true("the freeze is on record", || {
            rig.entries()[before..].iter().any(|entry| entry.state.as_deref() == Some("frozen"))
        });
        // Now that it is, a restart of the whole agent keeps it too.
        assert!(agent.stop().success());
        let agent = rig.start();
        assert_frozen(&agent);
        agent.admin("POST", THAW, WHY).ok();
        agent.assertion("de").ok();
        tests::agent::kill(agent.front().unwrap(), rustix::process::Signal::KILL);
        until_true("what was thawed stays so", || agent.assertion("de").status == 200);
        assert!(agent.stop().success());
        rig.assert_whole();
    }
}

#[test]
fn the_command_says_that_such_a_freeze_is_not_on_record_and_ends_with_1() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let front = agent.front().unwrap();
    let disk = Strace::attach(front, &rig.at("trace"), &UNCONFIRMED);
    let output = rig.kunci(&["freeze", "de", "--reason", "drill"]);
    disk.until_ended(front);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("de is FROZEN, but the ledger cannot be written"), "{said}");
    until_true("the front is back", || agent.connection().send("GET", "/v1/health", b"").is_ok());
    // Frozen again, it is on record.
    let output = rig.kunci_ok(&["freeze", "de", "--reason", "drill"]);
    assert!(output.contains("de is FROZEN (log entry "), "{output}");
}

const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\n\
                     may = [\"provision\", \"init\", \"freeze\", \"thaw\"]\n";

/// Whatever else may refuse it, it is never signed for; and it shows as frozen.
#[track_caller]
fn assert_frozen(agent: &Agent) {
    agent.assertion("de").refused(403, "connector-frozen");
    assert!(agent.connectors()[0]["frozen"].is_string(), "{:?}", agent.connectors());
}
