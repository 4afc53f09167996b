//! docs/openapi.json is the document that the agent serves, and docs/api.md names every problem that it can answer with.
//!
//! `KUNCI_RENEW=1 cargo test -p agent --test openapi` writes the document anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How a problem is made; the code is the first text that follows.
const MAKERS: [&str; 6] =
    ["::new(", "::input(", "::forbidden(", "::missing(", "::conflict(", "::unavailable("];
/// How codes of an error's variants are given, one an arm.
const ARMS: [&str; 3] = ["fn code(", "code = match", "code) = match"];

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let path = at("../docs/openapi.json");
    let served = format!("{}\n", agent::http::document().to_pretty_json().unwrap());
    if std::env::var_os("KUNCI_RENEW").is_some() {
        fs::write(&path, &served).unwrap();
    }
    let renew = "KUNCI_RENEW=1 cargo test -p agent --test openapi";
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == served, "docs/openapi.json is not what the agent serves; renew it with: {renew}");
}

#[test]
fn every_problem_code_stands_in_the_reference_and_no_other() {
    let reference = fs::read_to_string(at("../docs/api.md")).unwrap();
    let named = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).filter(
        |(_, rest)| {
            // A row of the table of problems goes on with its status, one of the table of reasons with its weight.
            rest.split(' ').next().is_some_and(|word| {
                (word.len() == 3 && word.parse::<u16>().is_ok()) || ["fails", "notes"].contains(&word)
            })
        },
    );
    let named: BTreeSet<String> = named.map(|(code, _)| code.to_owned()).collect();
    let sources = codes();
    for known in
        ["too-many-connections", "connector-not-granted", "invalid-tenant", "wrong-signature", "key-missing"]
    {
        assert!(sources.contains(known), "the sources were not understood: {known} was not found");
    }
    assert_eq!(sources.difference(&named).collect::<Vec<_>>(), [""; 0], "missing in docs/api.md");
    assert_eq!(named.difference(&sources).collect::<Vec<_>>(), [""; 0], "in docs/api.md, and in no source");
}

/// Every code in the sources of the agent and of its surface.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for file in [sources(&at("src")), sources(&at("../api/src"))].concat() {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        codes.extend(made(text));
        if ARMS.iter().any(|arms| text.contains(arms)) {
            let arms = text.lines().filter(|line| line.contains("=>"));
            codes.extend(
                arms.filter_map(|line| line.rsplit('"').nth(1))
                    .filter(|code| is_code(code))
                    .map(str::to_owned),
            );
        }
    }
    codes
}

/// The codes of problems that are made here.
fn made(text: &str) -> impl Iterator<Item = String> {
    let makers =
        ["Problem", "Self"].iter().flat_map(|of| MAKERS.iter().map(move |maker| format!("{of}{maker}")));
    makers.flat_map(move |maker| {
        let calls = text.split(maker.as_str()).skip(1);
        let first = calls.filter_map(|call| call.split('"').nth(1)).filter(|code| is_code(code));
        first.map(str::to_owned).collect::<Vec<_>>()
    })
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// All files of a folder that ship: what is said in tests is no answer.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.file_stem().is_some_and(|name| name != "tests"));
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().flat_map(|folder| sources(folder));
    files.into_iter().filter(|file| file.extension().is_some_and(|ext| ext == "rs")).chain(inner).collect()
}
