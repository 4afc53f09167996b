//! Completions, asked as the shells ask: what they offer, and that nobody's word becomes a command.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::Bench;

/// What is offered behind these words, without what it is.
fn offered(bench: &Bench, words: &[&str]) -> Vec<String> {
    let at = (words.len() - 1).to_string();
    let done = bench.kunci(&[&["complete", &at, "--"], words].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let mut lines = done.out.lines().map(|line| line.split('\t').next().unwrap().to_owned());
    match lines.next().as_deref() {
        Some("words") => lines.collect(),
        other => other.map(str::to_owned).into_iter().collect(),
    }
}

#[test]
fn names_are_the_configurations_and_no_agent_is_asked() {
    let bench = Bench::new();
    for words in [
        &["kunci", "freeze", ""][..],
        &["kunci", "thaw", "d"],
        &["kunci", "provision", "de", ""],
        &["kunci", "cert", "install", ""],
        &["kunci", "evidence", ""],
        &["kunci", "assertion", "--tenant", "t", ""],
        &["kunci", "log", "search", "--connector", ""],
    ] {
        assert_eq!(offered(&bench, words), ["de"], "{words:?}");
    }
    for words in [&["kunci", "token", "check", ""][..], &["kunci", "cert", "de", "--token", "fr"]] {
        assert_eq!(offered(&bench, words), ["frankfurt"], "{words:?}");
    }
    assert_eq!(offered(&bench, &["kunci", "log", "search", "--kind", "p"]), ["posture", "probe"]);
    assert_eq!(offered(&bench, &["kunci", "tok"]), ["token"]);
    assert!(offered(&bench, &["kunci", "freeze", "--r"]).contains(&"--reason".to_owned()));
    for words in [
        &["kunci", "attest", "verify", "l"][..],
        &["kunci", "cert", "install", "de", ""],
        &["kunci", "--config", ""],
    ] {
        assert_eq!(offered(&bench, words), ["files"], "{words:?}");
    }
}

#[test]
fn the_configuration_that_the_line_names_counts_and_a_broken_one_offers_nothing() {
    let bench = Bench::new();
    let other = bench.config("lanes = 2").replace("connectors.de", "connectors.uk");
    bench.write("other.toml", &other);
    let (other, missing) = (bench.path("other.toml"), bench.path("missing.toml"));
    let other = other.to_str().unwrap();
    assert_eq!(offered(&bench, &["kunci", "--config", other, "freeze", ""]), ["uk"]);
    assert_eq!(offered(&bench, &["kunci", "thaw", "--config", other, ""]), ["uk"]);
    assert!(
        !offered(&bench, &["kunci", "thaw", "--config", missing.to_str().unwrap(), ""])
            .contains(&"de".to_owned())
    );
    bench.write("kunci.toml", "this is no TOML");
    assert!(!offered(&bench, &["kunci", "thaw", ""]).contains(&"de".to_owned()));
    // Nor does a line that cannot be.
    assert_eq!(bench.kunci(&["complete", "99", "--", "kunci"]).out, "words\n");
}

/// The folder of the built program first.
fn path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_kunci")).parent().unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// Has a shell do this in the folder of the bench, in which the script of completions lies.
fn shell(bench: &Bench, shell: &str, text: &str) -> String {
    bench.write("script", &bench.kunci(&["completions", shell]).out);
    let mut command = Command::new(shell);
    command.env_clear().env("PATH", path()).env("HOME", bench.path("")).env("TERM", "dumb");
    command.env("KUNCI_CONFIG", bench.path("kunci.toml")).current_dir(bench.path(""));
    let output = command.args(["-c", text]).output().unwrap_or_else(|error| panic!("{shell}: {error}"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn bash_offers_what_kunci_knows() {
    let ask = |words: &str| {
        let text = format!(
            "source ./script; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _kunci kunci \"${{COMP_WORDS[COMP_CWORD]}}\" ''; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        shell(&Bench::new(), "bash", &text)
    };
    assert_eq!(ask("kunci freeze ''"), "de\n");
    assert_eq!(ask("kunci token check fr"), "frankfurt\n");
    assert_eq!(ask("kunci log search --kind in"), "intent\n");
    assert_eq!(ask("kunci attest verify ''"), "\n", "files are readline's");
}

#[test]
fn zsh_offers_what_kunci_knows() {
    // What zsh itself would show, since its functions can be called from its line editor only.
    // It is waited for until the word is there, a minute at most.
    let ask = |line: &str, wanted: &str| {
        let text = format!(
            "zmodload zsh/zpty; zpty line zsh -f -i; zpty -w line 'PS1=; autoload -U compinit; compinit -u -D; source ./script'; \
             zpty -w line 'bindkey \"^I\" list-choices; PS1=READY'; zpty -r line seen '*READY*'; \
             zpty -w -n line $'{line}\\t'; repeat 600; do \
             zpty -rt line more && seen+=$more; [[ $seen == *{wanted}* ]] && break; sleep 0.1; done; print -r -- \"$seen\""
        );
        shell(&Bench::new(), "zsh", &text)
    };
    let said = ask("kunci token check ", "frankfurt");
    assert!(said.contains("frankfurt"), "{said}");
}

#[test]
fn fish_offers_what_kunci_knows() {
    let ask = |line: &str| shell(&Bench::new(), "fish", &format!("source ./script; complete -C '{line}'"));
    assert_eq!(ask("kunci freeze "), "de\tGermany\n");
    assert_eq!(ask("kunci token check f"), "frankfurt\ta token\n");
    assert!(ask("kunci attest verify kun").contains("kunci.toml"));
}

/// Evidence comes from others, and so do its files' names.
#[test]
fn a_files_name_is_quoted_where_it_is_completed() {
    let bench = Bench::new();
    bench.write("evidence$(touch harm).pem", "");
    bench.write("typed.py", TYPED);
    bench.write("script", &bench.kunci(&["completions", "bash"]).out);
    let mut python = Command::new("python3");
    python.arg("typed.py").env("PATH", path()).env("HOME", bench.path("")).current_dir(bench.path(""));
    let output = python.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("completed: kunci attest verify evidence\\$\\(touch\\ harm\\).pem"), "{said}");
    assert!(!bench.path("harm").exists());
}

/// A person at bash, who types the beginning of a name and the tab key, and looks at the line.
const TYPED: &str = r#"
import os, pty, time
child, terminal = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def until(file):
    for _ in range(600):
        if os.path.exists(file):
            return
        time.sleep(0.05)
    raise SystemExit(os.read(terminal, 65536))
# A key that writes down the line as it stands.
os.write(terminal, rb"""source ./script; bind -x '"\C-g": printf %s "$READLINE_LINE" > l && mv l line'; > ready""" + b"\n")
until("ready")
os.write(terminal, b"kunci attest verify ev\t\x07")
until("line")
print("completed:", open("line").read())
"#;
