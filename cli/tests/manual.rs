//! Manual pages, completions and help.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::Bench;

#[test]
fn every_command_has_a_page() {
    let bench = Bench::new();
    assert_eq!(bench.kunci(&["man", "man1"]).code, 0);
    let pages = [
        "kunci",
        "kunci-provision",
        "kunci-cert-install",
        "kunci-token-unlock",
        "kunci-log-search",
        "kunci-status",
    ];
    for page in pages {
        let text = std::fs::read_to_string(bench.path(&format!("man1/{page}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}

#[test]
fn every_shell_has_completions() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = bench.kunci(&["completions", shell]);
        assert!(done.code == 0 && done.out.contains("provision"), "{shell}");
    }
}

#[test]
fn a_wrong_command_line_is_usage() {
    let done = Bench::new().kunci(&["freeze", "de"]);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("--reason"), "{}", done.err);
}

#[test]
fn help_does_not_show_what_the_environment_says() {
    let bench = Bench::new();
    let done = bench.kunci(&["--help"]);
    assert!(done.code == 0 && done.out.contains("Exit codes:"), "{}", done.out);
    assert!(!done.out.contains("DIR/"), "{}", done.out);
}
