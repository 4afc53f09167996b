//! The README is run: its quickstart prints what it says, and every command that it shows works on what that leaves.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use tests::rig::binary;

/// What stands for anything, in a line and between lines.
const ANYTHING: &str = "…";

#[test]
fn the_readme_is_true() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let commands = blocks(&readme, "sh");
    assert_eq!(commands[..2], ["make quickstart\n", "make test\n"], "two commands do all the set-up");

    let clone = clone();
    let printed = quickstart(clone.path());
    for said in blocks(&readme, "text") {
        assert_prints(&printed, &said);
    }
    for product in ["Sync and Recover", "Continuity Monitor", "Internal Email Protect"] {
        let shown = format!(
            "What these assertions say\n…\n- {product}\n{{\n…\"aud\":…\nexp is …\nopenssl verifies them…\n- {product}\n…\nVerified OK\n"
        );
        assert_prints(&printed, &shown);
    }
    assert_eq!(printed.matches("Verified OK").count(), 3, "one for each product");
    assert_prints(&printed, "SOFTWARE: this token is SoftHSM2, a file.…\n");
    let again = quickstart(clone.path());
    assert_prints(&again, "There is one from an earlier run; it is kept.\n…\nNo damage was found:…\n");

    let output = look_around(clone.path(), &commands[2..]);
    assert_prints(
        &output,
        "…7 of 7 connectors serve\n…\n{\"assertion\":\"ey…\n…\nNo damage was found:…\n…\n",
    );
    make(clone.path(), "clean-quickstart");
    assert!(!clone.path().join("quickstart").exists());
}

#[test]
fn ci_runs_the_readmes_test_command_last() {
    let script = fs::read_to_string(repository().join(".ci/run")).unwrap();
    let mut commands = script.lines().filter_map(|line| line.split_once("make --no-print-directory "));
    let last = commands.next_back().and_then(|(_, targets)| targets.split_whitespace().next());
    assert_eq!(last, Some("test"), "{script}");
}

#[test]
fn every_link_of_the_readme_leads_somewhere() {
    for page in ["README.md", "SECURITY.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(repository().join(page)).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let text = fs::read_to_string(repository().join(file));
            let text = text.or_else(|_| repository().join(file).read_dir().map(|_| String::new()));
            let text = text.unwrap_or_else(|error| panic!("{page} links to {link}: {error}"));
            let headings = text.lines().filter_map(|line| line.split_once("# "));
            let is_there = |(_, words): (&str, &str)| words.to_lowercase().replace(' ', "-") == heading;
            let mut headings = headings.filter(|found| is_there(*found));
            assert!(
                heading.is_empty() || headings.next().is_some(),
                "{page} links to {link}: no such heading"
            );
        }
    }
}

/// A folder that looks like a clone in which these very binaries were built.
fn clone() -> TempDir {
    let folder = tempfile::Builder::new().prefix("kunci-readme-").tempdir().unwrap();
    let built = binary("kunci").parent().unwrap().to_owned();
    fs::create_dir(folder.path().join("target")).unwrap();
    symlink(built, folder.path().join("target/release")).unwrap();
    folder
}

fn quickstart(clone: &Path) -> String {
    make(clone, "quickstart")
}

/// Runs a target of the Makefile on the clone's `quickstart/`, with the profile that these binaries are of.
fn make(clone: &Path, target: &str) -> String {
    let profile = binary("kunci").parent().unwrap().ends_with("release");
    let mut command = plain("make");
    command.arg("--no-print-directory").arg("-C").arg(repository()).arg(target);
    command.arg(format!("FOLDER={}", clone.join("quickstart").display()));
    command.arg(format!("PROFILE={}", if profile { "release" } else { "dev" }));
    success(command.output().unwrap())
}

/// Runs blocks of commands in one shell; where one starts the agent, the next waits for it.
fn look_around(clone: &Path, blocks: &[String]) -> String {
    let waiting = "until kunci --admin-socket quickstart/admin.sock status >&2; do sleep 0.1; done\n";
    let mut script = "set -euo pipefail\ntrap 'kill %1; wait' EXIT\n".to_owned();
    for block in blocks {
        script += block;
        script += if block.contains("kunci-agent") { waiting } else { "" };
    }
    success(plain("timeout").args(["300", "bash", "-c", &script]).current_dir(clone).output().unwrap())
}

/// A command without what cargo gave to this test.
fn plain(program: &str) -> Command {
    let mut command = Command::new(program);
    let kept = ["CARGO_HOME", "CARGO_TARGET_DIR"];
    let ours = std::env::vars().map(|(name, _)| name);
    for name in ours.filter(|name| name.starts_with("CARGO") && !kept.contains(&name.as_str())) {
        command.env_remove(name);
    }
    command
}

#[track_caller]
fn success(output: Output) -> String {
    let [printed, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{}\n{printed}\n{errors}", output.status);
    printed
}

/// The README's blocks of a kind, in order.
fn blocks(readme: &str, kind: &str) -> Vec<String> {
    let opening = format!("\n```{kind}\n");
    readme.split(&opening).skip(1).map(|part| format!("{}\n", part.split("\n```").next().unwrap())).collect()
}

/// Whether what was printed has these lines in this order, next to each other unless `…` stands between them.
#[track_caller]
fn assert_prints(printed: &str, said: &str) {
    let mut rest = printed;
    for piece in said.split(ANYTHING).filter(|piece| !piece.trim().is_empty()) {
        let at = rest.find(piece.trim_matches('\n'));
        let at = at
            .unwrap_or_else(|| panic!("this was not printed, or not in this order: {piece}\n---\n{printed}"));
        rest = &rest[at + piece.trim_matches('\n').len()..];
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
