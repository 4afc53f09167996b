//! What the set-up scripts do to a machine: nothing that they have not named first, with sudo only where they must. On a PATH that
//! has a few real tools, and apt-get, sudo, id and cargo as each test plays them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What lib.sh itself needs.
const TOOLS: [&str; 6] = ["sh", "sed", "cut", "sort", "head", "env"];
/// What scripts/audit.sh needs besides.
const TOOLS_OF_AUDIT: [&str; 5] = ["dirname", "find", "mktemp", "realpath", "rm"];
/// A package that this machine lacks, by a command that no machine has, and one that it has.
const INSTALL: &str = r#"install_packages "kunci-no-such-command kunci-no-such-package" "sh dash""#;
const MISSING: &str = "kunci-no-such-package";

#[test]
fn root_is_told_what_is_missing_before_it_is_installed_and_sudo_is_not_asked() {
    let machine = Machine::of(0);
    let (code, said) = machine.run(INSTALL);
    assert_eq!(code, 0, "{said}");
    assert_in_order(&said, &[MISSING, "APT update", "APT install", MISSING, "Installed."]);
    assert!(!said.contains("SUDO") && !said.contains("dash"), "{said}");
}

#[test]
fn another_user_is_told_and_each_call_goes_through_sudo() {
    let machine = Machine::of(1000);
    let (code, said) = machine.run(INSTALL);
    assert_eq!(code, 0, "{said}");
    assert_in_order(&said, &[MISSING, "SUDO", "APT update", "SUDO", "APT install", "Installed."]);
    assert_eq!(said.matches("SUDO").count(), said.matches("APT").count(), "{said}");
}

#[test]
fn where_nothing_is_missing_nothing_is_called() {
    let (code, said) = Machine::of(1000).run(r#"install_packages "sh dash" "/ base-files""#);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("SUDO") && !said.contains("APT"), "{said}");
}

#[test]
fn without_the_means_it_stops_with_what_to_do() {
    let no_sudo = Machine::of(1000).without("sudo");
    let (code, said) = no_sudo.run(INSTALL);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("Run this as root") && said.contains(&format!("apt-get install {MISSING}")),
        "{said}"
    );
    assert!(!said.contains("APT"), "{said}");

    let (code, said) = Machine::of(0).without("apt-get").run(INSTALL);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there is no apt-get here") && said.contains(MISSING), "{said}");

    let refusing = Machine::of(0).with("apt-get", "echo 'E: no such mirror' >&2; exit 100");
    let (code, said) = refusing.run(INSTALL);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("no such mirror") && said.contains("apt-get could not install"), "{said}");
    assert!(!said.contains("Installed."), "{said}");
}

#[test]
fn rust_that_is_missing_or_too_old_is_told_how_to_get_and_never_installed() {
    let machine = Machine::of(0);
    let (code, said) = machine.run("need_rust");
    assert_eq!(code, 2, "{said}");
    let help =
        ["Rust is missing; 1.", "apt-get install rustup && rustup default stable", "https://sh.rustup.rs"];
    assert_in_order(&said, &help);

    let (code, said) = machine.with("cargo", "echo 'cargo 1.70.0 (of old)'").run("need_rust");
    assert_eq!(code, 2, "{said}");
    assert_in_order(&said, &["Rust 1.70.0 is too old; 1.", "rustup default stable"]);

    let (code, said) = Machine::of(0).with("cargo", "echo 'cargo 1.1000.0 (to come)'").run("need_rust");
    assert_eq!((code, said.as_str()), (0, "Rust 1.1000.0 is here.\n"));
}

#[test]
fn quickstart_and_setup_end_where_rust_is_missing_before_they_build_anything() {
    for script in ["scripts/quickstart.sh", "scripts/setup.sh"] {
        let source = fs::read_to_string(repository().join(script)).unwrap();
        let (checked, built) = (source.find("\nneed_rust\n"), source.find("cargo build"));
        assert!(checked.unwrap() < built.unwrap(), "{script}");
        assert!(source.find("\ninstall_packages").unwrap() < checked.unwrap(), "{script}");
    }
}

/// cargo-audit as it is asked here: it says an advisory that is there and not ignored, and ends with 1. The real one runs in CI.
#[test]
fn an_audit_fails_for_what_nobody_accepted_and_for_what_is_accepted_in_vain() {
    let accepted = accepted();
    let audit = |found: &[String]| {
        let machine = TOOLS_OF_AUDIT.iter().fold(Machine::of(0), |machine, tool| machine.tool(tool));
        machine.with("cargo-audit", "exit 9").with("cargo", &cargo_audit(found)).run("scripts/audit.sh .")
    };
    let (code, said) = audit(&accepted);
    assert_eq!(code, 0, "{said}");

    let another = "RUSTSEC-2999-0001".to_owned();
    let (code, said) = audit(&[&accepted[..], &[another]].concat());
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("found RUSTSEC-2999-0001"), "{said}");

    for gone in &accepted {
        let left: Vec<_> = accepted.iter().filter(|id| *id != gone).cloned().collect();
        let (code, said) = audit(&left);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(&format!("accepts {gone}, which matches nothing")), "{said}");
    }
}

/// What is accepted. Each has its reason before it.
fn accepted() -> Vec<String> {
    let text = fs::read_to_string(repository().join(".cargo/audit.toml")).unwrap();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let mut accepted = Vec::new();
    for pair in lines.windows(2).filter(|pair| pair[1].starts_with("\"RUSTSEC-")) {
        assert!(pair[0].starts_with("# "), "{} is accepted without a reason", pair[1]);
        accepted.push(pair[1].trim_matches(['"', ',']).to_owned());
    }
    assert_eq!(accepted.len(), text.matches("\"RUSTSEC-").count(), "one a line");
    accepted
}

/// A cargo whose database has advisories about something in every Cargo.lock.
fn cargo_audit(found: &[String]) -> String {
    let found = found.join(" ");
    format!(
        "[ \"$1\" = audit ] || {{ echo 'cargo 1.1000.0 (to come)'; exit; }}\n\
         ignored=$*; [ ! -f .cargo/audit.toml ] || ignored=\"$ignored $(sed -n 's/^ *\"\\(RUSTSEC.*\\)\",/\\1/p' .cargo/audit.toml)\"\n\
         for id in {found}; do case $ignored in *$id*) ;; *) echo \"found $id\"; exit 1 ;; esac; done"
    )
}

#[test]
fn the_last_lines_of_the_tests_are_the_sum_of_all_programs_and_the_time() {
    let whole = "     Running unittests\ntest result: ok. 15 passed; 0 failed; 1 ignored; 0 measured; 98 filtered out\n   \
                 Doc-tests agent\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                 test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
    let (code, lines) = tested(whole, 0);
    assert_eq!(code, 0, "{lines:?}");
    // Doc tests that must not compile have a line of their own.
    assert_sum(&lines, "18 passed, 0 failed, 1 skipped", "18 passed, 0 failed, 1 ignored in 0 min ");
}

#[test]
fn a_run_of_the_tests_in_which_one_fails_or_is_not_heard_of_is_no_success() {
    let ended = "     Running one\ntest a_claim ... FAILED\ntest result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured";
    let (code, lines) = tested(ended, 101);
    assert_eq!(code, 101, "{lines:?}");
    assert!(lines.iter().filter(|line| *line == "test a_claim ... FAILED").count() == 2, "{lines:?}");
    assert_sum(&lines, "1 passed, 3 failed, 0 skipped", "1 passed, 3 failed, 0 ignored in ");
    // Whatever cargo's exit status says.
    assert_eq!(tested(ended, 0).0, 1);

    // A program that crashed, and one that was never built.
    let crashed =
        "     Running one\ntest result: ok. 4 passed; 0 failed; 0 ignored; 0 measured\n     Running two";
    for (printed, status, sum) in
        [(crashed, 0, "4 passed"), (crashed, 101, "4 passed"), ("error: no", 101, "0 passed")]
    {
        let (code, lines) = tested(printed, status);
        assert_eq!(code, status.max(1), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains(" told no result: ")), "{lines:?}");
        assert_sum(&lines, &format!("{sum}, 0 failed, 0 skipped"), sum);
    }
}

/// Runs scripts/test.sh where cargo prints this and ends so; its exit status, and the lines that it printed.
fn tested(printed: &str, status: i32) -> (i32, Vec<String>) {
    let machine = Machine::of(0);
    let script = format!("[ \"$1\" = test ] || exit 0\ncat <<'SAID'\n{printed}\nSAID\nexit {status}");
    let machine = machine.with("cargo", &script);
    let path = format!("{}:/usr/bin:/bin", machine.path.path().display());
    let mut command = Command::new(repository().join("scripts/test.sh"));
    // Not over what the run that this one is part of is writing.
    command.arg("--workspace").env("PATH", path).env("CARGO_TARGET_DIR", machine.path.path());
    let output = command.output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    (output.status.code().unwrap(), lines)
}

#[track_caller]
fn assert_sum(lines: &[String], for_programs: &str, last: &str) {
    let [.., sum, told] = lines else { panic!("{lines:?}") };
    assert_eq!(sum, for_programs);
    assert!(told.starts_with(last) && told.contains(" min ") && told.ends_with(" s"), "{told}");
}

/// A PATH of its own.
struct Machine {
    path: TempDir,
    uid: u32,
}

impl Machine {
    /// A Debian without Rust, for a user of this number.
    fn of(uid: u32) -> Self {
        let path = tempfile::Builder::new().prefix("kunci-path-").tempdir().unwrap();
        for tool in TOOLS {
            symlink(real(tool), path.path().join(tool)).unwrap();
        }
        Self { path, uid }
            .with("id", "echo \"$FAKE_UID\"")
            .with("apt-get", "echo \"APT $*\" >&2")
            .with("sudo", "echo \"SUDO $*\" >&2; exec \"$@\"")
    }

    /// A program that is this.
    fn with(self, name: &str, script: &str) -> Self {
        tests::program::script(&self.path.path().join(name), &format!("#!/bin/sh\n{script}\n"));
        self
    }

    /// A real tool of the system's.
    fn tool(self, name: &str) -> Self {
        symlink(real(name), self.path.path().join(name)).unwrap();
        self
    }

    fn without(self, name: &str) -> Self {
        fs::remove_file(self.path.path().join(name)).unwrap();
        self
    }

    /// Runs words of lib.sh; the exit code, and all that was said, in its order.
    fn run(&self, words: &str) -> (i32, String) {
        let script = format!("exec 2>&1; set -eu; . scripts/lib.sh; {words}");
        let mut command = Command::new(real("sh"));
        command.args(["-c", &script]).current_dir(repository()).env_clear();
        command.env("PATH", self.path.path()).env("FAKE_UID", self.uid.to_string());
        let output = command.env("CARGO_HOME", self.path.path().join("no-cargo")).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }
}

/// Where a tool really is.
fn real(tool: &str) -> PathBuf {
    let found =
        ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool)).into_iter().find(|at| at.exists());
    found.unwrap_or_else(|| panic!("{tool} is missing"))
}

#[track_caller]
fn assert_in_order(said: &str, pieces: &[&str]) {
    let mut rest = said;
    for piece in pieces {
        let at =
            rest.find(piece).unwrap_or_else(|| panic!("{piece:?} is not said, or not in this order: {said}"));
        rest = &rest[at + piece.len()..];
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
