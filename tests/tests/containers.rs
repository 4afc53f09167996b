//! Callers in containers: PID and user namespaces of their own, on either side of the socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use tests::agent::{assertions, body, request};
use tests::caller::{NOBODY, STRANGER};
use tests::hand::take;
use tests::http::Connection;
use tests::rig::{CLIENT, PIN, TENANT, binary};
use tests::wait::until_true;
use tests::{Caller, Rig};

#[test]
fn a_caller_in_a_container_is_served_by_its_uid_outside_with_the_socket_mounted_in() {
    let rig = Rig::bare().rules(&format!(
        "[callers.iep]\nuser = \"{NOBODY}\"\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let mut served = rig.caller_contained(agent.socket(), NOBODY);
    let index = served.assertion("de").ok().json()["log_index"].as_u64().unwrap();
    // On the same connection, where each message must come from the same process.
    served.assertion("de").ok();
    let intent = rig.entries()[usize::try_from(index).unwrap()].clone();
    assert_eq!(intent.caller.unwrap().uid, NOBODY);
    // Both are root in there, and neither is out here.
    rig.caller_contained(agent.socket(), STRANGER).assertion("de").refused(403, "connector-not-granted");
}

#[test]
fn a_caller_whom_the_agent_cannot_see_is_told_so_on_both_sockets_and_served_on_neither() {
    let rig = Rig::bare().provisioned();
    let (program, before) = (rig.caller(), rig.entries().len());
    let agent = rig.spawn_contained();
    agent.wait_ready_beside(&program);
    for socket in [agent.socket(), agent.admin_socket()] {
        for _ in 0..20 {
            let told = Connection::open(socket).unwrap().send("GET", "/v1/health", b"").unwrap();
            assert_eq!(told.header("content-type"), Some("application/problem+json"));
            told.refused(403, "peer-unseen");
        }
        // Also where nothing is asked yet.
        Connection::open(socket).unwrap().read().unwrap().refused(403, "peer-unseen");
    }
    // Who is seen is served, and nobody else on his connection.
    let mut inside = Caller::start(agent.beside(Command::new(&program).arg(agent.socket())));
    inside.assertion("de").ok();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut lending = agent.beside(Command::new(&program).arg("--lend").arg(agent.socket()));
    let mut lender = lending.stdin(OwnedFd::from(theirs)).spawn().unwrap();
    lending.stdin(Stdio::null());
    let mut lent = UnixStream::from(take(&ours).unwrap());
    lent.write_all(&request("POST", &assertions("de"), &body(TENANT, CLIENT))).unwrap();
    let mut answer = String::new();
    let _ = lent.read_to_string(&mut answer);
    assert_eq!(answer, "");
    drop(ours);
    assert!(lender.wait().unwrap().success());
    assert_eq!(rig.entries().len(), before + 1, "one assertion is on record, and nothing else");
}

#[test]
fn who_types_a_pin_where_the_agent_cannot_see_him_is_told_so_and_spends_no_try() {
    let rig = Rig::bare().provisioned().spied().pin_source("{ prompt = true }");
    rig.write();
    let agent = rig.spawn_contained();
    until_true("the unlock socket is there", || rig.at("unlock-soft.sock").exists());
    let mut unlock = rig.command(&["token", "unlock", "soft"]);
    let mut unlock =
        unlock.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(unlock.stdin.take().unwrap(), "{PIN}").unwrap();
    let refused = unlock.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("in a PID namespace that the agent cannot see into (peer-unseen)"), "{told}");
    drop(agent);
    assert_eq!(rig.calls("C_Login"), 0);
}

#[test]
fn who_asks_for_a_reload_where_the_agent_cannot_see_him_is_told_so() {
    let rig = Rig::bare().provisioned();
    let agent = rig.spawn_contained();
    until_true("the reload socket is there", || rig.at("reload-admin.sock").exists());
    let mut reload = Command::new(binary("kunci-agent"));
    let refused = reload.arg("--config").arg(rig.at("kunci.toml")).arg("reload").output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(
        told.contains("the old one still is: the process that connected is in a PID namespace"),
        "{told}"
    );
    assert!(told.contains("(peer-unseen)"), "{told}");
    drop(agent);
}
