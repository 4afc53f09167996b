//! Progress is for people: shown on a terminal, and nowhere else.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use tests::Rig;
use tests::rig::binary;

/// What long work says while it goes on, with its elapsed time.
const TURNING: &str = "(0s)";

#[test]
fn provisioning_shows_its_progress_on_a_terminal_and_only_there() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256");
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    let shown = on_a_terminal(&rig, &["provision", "de"]);
    assert!(shown.contains(TURNING) && shown.contains("de") && shown.contains('\u{1b}'), "{shown:?}");

    let output = rig.kunci(&["provision", "--all"]);
    assert!(output.status.success(), "{output:?}");
    let said = [&output.stdout[..], &output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains(TURNING) && !said.contains('\u{1b}'), "{said:?}");
    assert!(said.contains("uk"), "the result is there all the same: {said:?}");
}

#[test]
fn what_programs_read_is_the_same_on_a_terminal() {
    let rig = Rig::bare().provisioned();
    let shown = on_a_terminal(&rig, &["--json", "provision", "--all"]);
    // Progress goes to standard error, which here is the same terminal: each line of JSON is whole.
    let found: Vec<serde_json::Value> =
        shown.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).collect();
    assert!(found.iter().any(|line| line["connector"] == "de"), "{shown:?}");
}

/// What the command shows on a terminal of its own, made by script(1).
fn on_a_terminal(rig: &Rig, arguments: &[&str]) -> String {
    let kunci = format!(
        "{} --config {} {}",
        binary("kunci").display(),
        rig.at("kunci.toml").display(),
        arguments.join(" ")
    );
    let mut command = Command::new("script");
    let command = command.args(["-qec", &kunci, "/dev/null"]).env("TERM", "xterm");
    let output = command.output().expect("script is missing: apt-get install bsdutils");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
