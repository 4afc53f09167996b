//! What commands do where no agent answers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
// The crate of the tests stands above this one; its file needs nothing of it, and there its words are public.
#[allow(unreachable_pub)]
#[path = "../../tests/src/program.rs"]
mod program;

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use common::Bench;

const ASSERTION: [&str; 6] = ["assertion", "de", "--tenant", "contoso.onmicrosoft.com", "--client-id", "i"];

/// A copy of `kunci` in a folder where `kunci-agent` is this script.
fn beside(bench: &Bench, script: &str) -> PathBuf {
    let kunci = bench.path("kunci");
    program::copy(Path::new(env!("CARGO_BIN_EXE_kunci")), &kunci);
    program::script(&bench.path("kunci-agent"), script);
    kunci
}

#[test]
fn a_service_is_told_that_no_agent_runs() {
    let done = Bench::new().kunci(&[ASSERTION.as_slice(), &["--json"]].concat());
    assert_eq!((done.code, done.problem()["code"].as_str(), done.out.as_str()), (3, Some("no-agent"), ""));
}

#[test]
fn an_assertion_never_starts_an_agent() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\ntouch started\n");
    let done = bench.run(&kunci, &ASSERTION);
    assert_eq!(done.code, 3);
    assert!(!bench.path("started").exists());
}

#[test]
fn status_says_that_no_agent_runs_and_starts_none_unless_it_is_asked_to() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\ntouch started\n");
    let done = bench.run(&kunci, &["status"]);
    assert_eq!((done.code, done.out.as_str()), (3, ""));
    assert!(
        done.err.contains("No agent runs at \"DIR/admin.sock\"") && done.err.contains("--offline"),
        "{}",
        done.err
    );
    let done = bench.run(&kunci, &["status", "--json"]);
    assert_eq!((done.code, done.problem()["code"].as_str()), (3, Some("no-agent")));
    assert!(!bench.path("started").exists());
    assert_eq!(bench.run(&kunci, &["status", "--offline"]).code, 3);
    assert!(bench.path("started").exists());
}

#[test]
fn an_admin_does_start_one() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\necho \"$@\" > started\n");
    assert_eq!(bench.run(&kunci, &["token", "list"]).code, 3);
    let arguments = fs::read_to_string(bench.path("started")).unwrap();
    assert!(arguments.starts_with("--config ") && arguments.contains(" --private "), "{arguments}");
}

#[test]
fn a_socket_that_was_named_is_meant() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\ntouch started\n");
    let done = bench.run(&kunci, &["status", "--json", "--admin-socket", "nowhere.sock"]);
    assert_eq!((done.code, done.problem()["code"].as_str()), (3, Some("no-agent")));
    assert!(!bench.path("started").exists());
}

#[test]
fn an_agent_that_does_not_start_is_quoted() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\necho the state directory is taken >&2\nexit 3\n");
    let done = bench.run(&kunci, &["token", "list"]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("the state directory is taken"), "{}", done.err);
}

#[test]
fn an_agent_that_blames_the_configuration_is_believed() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\nexit 2\n");
    assert_eq!(bench.run(&kunci, &["token", "list"]).code, 2);
}

#[test]
fn a_missing_agent_is_said_to_be_missing() {
    let bench = Bench::new();
    let kunci = bench.path("kunci");
    program::copy(Path::new(env!("CARGO_BIN_EXE_kunci")), &kunci);
    let done = bench.run(&kunci, &["token", "list", "--json"]);
    assert_eq!((done.code, done.problem()["code"].as_str()), (3, Some("agent-not-started")));
}

#[test]
fn reload_is_for_a_running_agent() {
    let bench = Bench::new();
    let kunci = beside(&bench, "#!/bin/sh\ntouch started\n");
    assert_eq!(bench.run(&kunci, &["reload"]).code, 3);
    assert!(!bench.path("started").exists());
}

#[test]
fn a_pin_that_nobody_takes_is_not_asked_for() {
    let done = Bench::new().kunci(&["token", "unlock", "frankfurt", "--json"]);
    assert_eq!((done.code, done.problem()["code"].as_str()), (3, Some("no-agent")));
}

#[test]
fn a_server_that_hangs_up_is_an_agent_that_is_away() {
    let bench = Bench::new();
    let listener = UnixListener::bind(bench.path("agent.sock")).unwrap();
    let server = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
    });
    let done = bench.kunci(&[ASSERTION.as_slice(), &["--json"]].concat());
    assert_eq!((done.code, done.problem()["code"].as_str()), (3, Some("agent-unavailable")));
    server.join().unwrap();
}

#[test]
fn provisioning_everything_needs_a_configuration() {
    let bench = Bench::new();
    fs::remove_file(bench.path("kunci.toml")).unwrap();
    assert_eq!(bench.kunci(&["provision", "--all"]).code, 2);
}

#[test]
fn a_command_line_that_cannot_be_read_is_a_problem_in_json_where_that_is_asked_for() {
    let bench = Bench::new();
    for line in [
        &["freeze", "de", "--json"][..],
        &["--json", "nonsense"],
        &["--json", "log", "search", "--since", "noon"],
    ] {
        let done = bench.kunci(line);
        assert_eq!((done.code, done.problem()["code"].as_str(), done.out.as_str()), (2, Some("usage"), ""));
    }
    let plain = bench.kunci(&["freeze", "de"]);
    assert!(plain.code == 2 && plain.err.contains("--reason"), "{}", plain.err);
    let help = bench.kunci(&["--json", "--help"]);
    assert!(help.code == 0 && help.out.contains("Usage:"), "{}", help.err);
}

#[test]
fn provisioning_nothing_in_particular_is_told_how_to_provision_all() {
    let done = Bench::new().kunci(&["provision"]);
    assert!(done.code == 2 && done.err.contains("kunci provision --all"), "{}", done.err);
}

#[test]
fn a_certificates_file_that_is_too_large_is_said_to_be_so() {
    let bench = Bench::new();
    bench.write("large.pem", &"x".repeat(64 * 1024 + 1));
    let done = bench.kunci(&["cert", "install", "de", bench.path("large.pem").to_str().unwrap()]);
    assert!(done.code == 2 && done.err.contains("has more than 65536 bytes"), "{}", done.err);
}
