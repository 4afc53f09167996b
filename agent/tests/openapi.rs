//! docs/openapi.json is the document that the agent serves, docs/api.md and the document name every problem that it can answer
//! with, and no text of a request is without bounds. Whether the server does what the document says is asked of a running one,
//! in tests/tests/api_document.rs.
//!
//! `KUNCI_RENEW=1 cargo test -p agent --test openapi` writes the document anew.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

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
    // A row of the table of problems goes on with its status, one of the table of reasons with its weight.
    let problems = rows(&reference, |word| word.len() == 3 && word.parse::<u16>().is_ok());
    let reasons = rows(&reference, |word| ["fails", "notes"].contains(&word));
    let named: BTreeSet<String> = problems.union(&reasons).cloned().collect();
    let sources = codes();
    for known in
        ["too-many-connections", "connector-not-granted", "invalid-tenant", "wrong-signature", "key-missing"]
    {
        assert!(sources.contains(known), "the sources were not understood: {known} was not found");
    }
    assert_eq!(sources.difference(&named).collect::<Vec<_>>(), [""; 0], "missing in docs/api.md");
    assert_eq!(named.difference(&sources).collect::<Vec<_>>(), [""; 0], "in docs/api.md, and in no source");
    let listed: BTreeSet<String> = api::CODES.iter().map(|code| (*code).to_owned()).collect();
    assert_eq!(listed, problems, "api/src/codes.rs lists the problems of docs/api.md");
    assert!(api::CODES.is_sorted());
}

/// The codes of rows whose second column begins with such a word.
fn rows(reference: &str, is_such: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let such = rows.filter(|(_, rest)| rest.split(' ').next().is_some_and(&is_such));
    such.map(|(code, _)| code.to_owned()).collect()
}

#[test]
fn each_text_that_is_sent_has_a_pattern_or_a_length() {
    let document: Value = serde_json::from_str(&agent::http::document().to_json().unwrap()).unwrap();
    let mut sent = Vec::new();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        sent.extend(parameters.map(|parameter| (parameter["name"].clone(), &parameter["schema"])));
        if let Some(name) = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        {
            let body = document.pointer(name.trim_start_matches('#')).unwrap();
            assert_eq!(body["additionalProperties"], false, "{name}");
            sent.extend(
                body["properties"].as_object().unwrap().iter().map(|(name, one)| (name.as_str().into(), one)),
            );
        }
    }
    let is_text = |one: &Value| {
        one["type"] == "string" || one["type"].as_array().is_some_and(|any| any.contains(&"string".into()))
    };
    let texts: Vec<_> = sent.iter().filter(|(_, one)| is_text(one)).collect();
    assert!(texts.len() > 10, "the document was not understood: {texts:?}");
    for (name, text) in texts {
        assert!(text["pattern"].is_string() || text["maxLength"].is_u64(), "{name}: {text}");
    }
}

/// A form that nobody knows stays a format that no reader of the document knows either.
#[test]
fn each_form_of_a_text_has_become_its_bounds() {
    let document = agent::http::document().to_json().unwrap();
    let formats: BTreeSet<_> =
        document.split("\"format\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(formats, ["date-time", "double", "int32", "int64", "uuid"].into());
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
