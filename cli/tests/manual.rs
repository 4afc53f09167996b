//! Manual pages, completions and help.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Bench;
use serde_json::Value;

/// Every page that `kunci man` writes, below a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for section in ["man1", "man5", "man8"] {
        all.extend(fs::read_dir(folder.join(section)).unwrap().map(|page| page.unwrap().path()));
    }
    all
}

#[test]
fn every_command_the_agent_and_its_configuration_have_a_page() {
    let bench = Bench::new();
    assert_eq!(bench.kunci(&["man", "man"]).code, 0);
    for page in [
        "man1/kunci.1",
        "man1/kunci-provision.1",
        "man1/kunci-cert-install.1",
        "man1/kunci-token-unlock.1",
        "man1/kunci-log-search.1",
        "man1/kunci-status.1",
        "man8/kunci-agent.8",
        "man8/kunci-agent-reload.8",
    ] {
        let text = fs::read_to_string(bench.path("man").join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    for hidden in ["man1/kunci-complete.1", "man8/kunci-agent-front.8", "man8/kunci-agent-host.8"] {
        assert!(!bench.path("man").join(hidden).exists(), "{hidden}");
    }
}

/// As a person reads them: man and groff warn of nothing, no line is too long, and each is found by its name.
#[test]
fn every_page_is_clean_and_fits_on_a_terminal() {
    let bench = Bench::new();
    bench.kunci(&["man", "man"]);
    let all = pages(&bench.path("man"));
    assert!(all.len() > 35, "{all:?}");
    for page in all {
        let name = page.file_stem().unwrap().to_str().unwrap();
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l"])
            .arg(&page)
            .env("MANWIDTH", "80")
            .env("MAN_KEEP_FORMATTING", "");
        let shown = man.output().unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(
            shown.status.success() && shown.stderr.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&shown.stderr)
        );
        for line in text.lines() {
            let is_word = !line.trim().contains(' ');
            assert!(line.chars().count() <= 80 || is_word, "{name}: {line}");
        }
        let found = Command::new("lexgrog").arg(&page).output().unwrap();
        let said = String::from_utf8(found.stdout).unwrap();
        assert!(found.status.success() && said.contains(&format!("\"{name} - ")), "{name}: {said}");
    }
}

#[test]
fn the_page_of_the_configuration_has_every_field_with_its_words_and_default() {
    let bench = Bench::new();
    bench.kunci(&["man", "man"]);
    let text = fs::read_to_string(bench.path("man/man5/kunci.toml.5")).unwrap().replace("\\-", "-");
    let schema: Value = serde_json::from_str(&bench.kunci(&["config", "schema"]).out).unwrap();
    let mut seen = 0;
    for (name, section) in schema["properties"].as_object().unwrap() {
        let entry = section["patternProperties"].as_object().map(|entries| entries.values().next().unwrap());
        let path = entry.unwrap_or(section)["$ref"].as_str().unwrap().trim_start_matches('#');
        let fields = schema.pointer(path).unwrap()["properties"].as_object().unwrap();
        let heading = if entry.is_some() { format!("[{name}.NAME]") } else { format!("[{name}]") };
        let (_, chapter) = text.split_once(&format!(".SH {heading}")).unwrap_or_else(|| panic!("{heading}"));
        let chapter = chapter.split(".SH ").next().unwrap();
        for field in fields.keys() {
            assert!(chapter.contains(&format!("\\fB{field}\\fR (")), "{heading} {field}");
            seen += 1;
        }
    }
    assert!(
        seen > 35 && text.contains("PS256 | RS256 | ES256") && text.contains("default 1024"),
        "{seen}: {text}"
    );
}

#[test]
fn every_shell_has_completions() {
    let bench = Bench::new();
    for (shell, has) in [
        ("bash", "kunci complete"),
        ("zsh", "kunci complete"),
        ("fish", "kunci complete"),
        ("elvish", "provision"),
        ("powershell", "provision"),
    ] {
        let done = bench.kunci(&["completions", shell]);
        assert!(done.code == 0 && done.out.contains(has), "{shell}");
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
