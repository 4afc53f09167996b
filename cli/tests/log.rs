//! `kunci log`: the offline auditor on logs that the ledger wrote.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use common::Bench;
use ledger::{Caller, Entry, Kind, Ledger, Reader};

/// Enough for one sealed bundle and some more.
const ENTRIES: u64 = 300;

fn write(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let (ledger, _) = Ledger::open(dir).unwrap();
    let (done, landed) = mpsc::channel();
    for number in 0..ENTRIES {
        let kind = if number % 100 == 7 { Kind::Refusal } else { Kind::Intent };
        let tenant = if number == 42 { "evil\u{1b}[2Jtenant" } else { "contoso" };
        let entry = Entry::new(kind)
            .connector("de")
            .tenant(tenant)
            .jti(number.to_string())
            .caller(Caller { uid: 1000, unit: None });
        let done = done.clone();
        ledger.record(entry, move |result| done.send(result.map(|durable| durable.index())).unwrap());
    }
    for _ in 0..ENTRIES {
        landed.recv().unwrap().unwrap();
    }
}

fn bench() -> Bench {
    let bench = Bench::new();
    write(&bench.path("state/log"));
    bench
}

/// The file that holds the newest entries.
fn open_file(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("open")).unwrap().map(|file| file.unwrap().path());
    let mut entries: Vec<_> =
        files.filter(|path| fs::read(path).unwrap().windows(7).any(|at| at == b"contoso")).collect();
    entries.sort();
    entries.pop().unwrap()
}

#[test]
fn a_whole_log_is_whole() {
    let done = bench().kunci(&["log", "verify"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(done.out.contains("entries     300"), "{}", done.out);
    assert!(done.out.contains("signatures  297 (intents 297, voids 0)"), "{}", done.out);
    assert!(done.out.contains("No damage was found"), "{}", done.out);
}

#[test]
fn the_report_as_json_names_size_and_root() {
    let done = bench().kunci(&["log", "verify", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["size"], ENTRIES);
    assert_eq!(report["root"]["base64"].as_str().unwrap().len(), 44);
}

#[test]
fn a_changed_entry_is_named_by_its_index() {
    let bench = bench();
    let file = open_file(&bench.path("state/log"));
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(7).position(|at| at == b"contoso").unwrap();
    bytes[at] = b'k';
    fs::write(&file, bytes).unwrap();
    let done = bench.kunci(&["log", "verify"]);
    assert_eq!(done.code, 1, "{}", done.out);
    assert!(done.out.contains("DAMAGED     entry 256:"), "{}", done.out);
}

#[test]
fn found_entries_are_the_stored_bytes() {
    let bench = bench();
    let done = bench.kunci(&["log", "search", "--json", "--kind", "refusal"]);
    let reader = Reader::open(&bench.path("state/log")).unwrap();
    let stored = [7, 107, 207].map(|index| {
        let (_, bytes) = reader.raw(index).next().unwrap().unwrap();
        String::from_utf8(bytes).unwrap() + "\n"
    });
    assert_eq!((done.code, done.out), (0, stored.concat()));
}

#[test]
fn one_entry_is_shown_as_it_is_stored() {
    let bench = bench();
    let shown = bench.kunci(&["log", "show", "7"]);
    let found = bench.kunci(&["log", "search", "--json", "--jti", "7"]);
    assert_eq!((shown.code, shown.out), (0, found.out));
    assert_eq!(bench.kunci(&["log", "show", "300"]).code, 1);
}

#[test]
fn an_entry_whose_bundle_is_missing_or_short_is_told_and_no_other_is_shown() {
    let bench = bench();
    let sealed = bench.path("state/log/tile/entries/000");
    let whole = fs::read(&sealed).unwrap();
    // As many frames as one would be short of, without a byte that is not of a frame.
    let hundred =
        (0..100).fold(0, |at, _| at + 2 + usize::from(u16::from_be_bytes([whole[at], whole[at + 1]])));
    fs::write(&sealed, &whole[..hundred]).unwrap();
    let short = bench.kunci(&["log", "show", "150"]);
    assert_eq!((short.code, short.out.as_str()), (1, ""), "it has 100 whole entries, and others follow");
    assert!(short.err.contains("tile/entries/000"), "{}", short.err);
    assert_eq!(bench.kunci(&["log", "show", "99"]).code, 0);
    fs::remove_file(&sealed).unwrap();
    let missing = bench.kunci(&["log", "show", "7"]);
    assert_eq!((missing.code, missing.out.as_str()), (1, ""));
    assert!(missing.err.contains("the file is missing or too short"), "{}", missing.err);
    assert_eq!(bench.kunci(&["log", "show", "260"]).code, 0, "what is there is shown");
}

#[test]
fn nothing_found_is_a_negative_finding() {
    let done = bench().kunci(&["log", "search", "--tenant", "fabrikam"]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
}

#[test]
fn a_callers_escapes_do_not_reach_the_reader() {
    let done = bench().kunci(&["log", "search", "--jti", "42"]);
    assert_eq!(done.code, 0);
    assert!(!done.out.contains('\u{1b}'), "{:?}", done.out);
}

#[test]
fn a_log_that_is_not_there_is_not_an_empty_log() {
    let done = Bench::new().kunci(&["log", "verify", "--json"]);
    assert_eq!((done.code, done.problem()["code"].as_str()), (2, Some("log-unreadable")));
}

#[test]
fn an_auditor_needs_no_configuration() {
    let (bench, copy) = (Bench::new(), tempfile::tempdir().unwrap());
    write(copy.path());
    fs::remove_file(bench.path("kunci.toml")).unwrap();
    assert_eq!(bench.kunci(&["log", "verify", "--dir", copy.path().to_str().unwrap()]).code, 0);
}

#[test]
fn who_hangs_up_early_is_no_error() {
    use std::process::{Command, Stdio};
    let bench = bench();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kunci"))
        .args(["log", "search", "--dir", bench.path("state/log").to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap(), "");
}

#[test]
fn what_was_written_down_of_a_log_is_held_against_it() {
    let bench = bench();
    let whole: serde_json::Value =
        serde_json::from_str(&bench.kunci(&["log", "verify", "--json"]).out).unwrap();
    let root = |form: &str| whole["root"][form].as_str().unwrap().to_owned();
    // Entries that come later change nothing of what was.
    write(&bench.path("state/log"));
    let verify = |size: &str, root: &str| bench.kunci(&["log", "verify", "--size", size, "--root", root]);
    for form in ["base64", "hex"] {
        let done = verify("300", &root(form));
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(
            done.out.contains("entries     600") && done.err.contains("The first 300 entries are those"),
            "{}",
            done.err
        );
    }
    for (size, why) in [
        ("299", "its first entries are others"),
        ("301", "its first entries are others"),
        ("601", "it has fewer entries"),
    ] {
        let done = verify(size, &root("hex"));
        assert_eq!(done.code, 1, "{size}");
        assert!(done.err.contains(why), "{}", done.err);
    }
    let json = bench.kunci(&["--json", "log", "verify", "--size", "299", "--root", &root("hex")]);
    assert_eq!((json.code, json.problem()["code"].as_str()), (1, Some("root-differs")));
    assert_eq!(verify("300", "abc").code, 2);
}

#[test]
fn a_search_takes_times_and_users_as_people_type_them_and_no_more_than_so_many() {
    let bench = bench();
    let search = |rest: &[&str]| bench.kunci(&[&["log", "search"], rest].concat());
    let lines = |rest: &[&str]| search(rest).out.lines().count();
    assert_eq!(lines(&["--since", "1h"]), 300);
    assert_eq!(lines(&["--until", "1h"]), 0);
    assert_eq!(lines(&["--until", "2020-01-31"]), 0);
    let newest = search(&["--kind", "intent", "--limit", "3"]).out;
    let indices: Vec<_> = newest.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(indices, ["297", "298", "299"]);
    assert_eq!(lines(&["--uid", "1000"]), 300);
    assert_eq!(search(&["--uid", "root"]).code, 1, "nobody asked as root");
    let unknown = search(&["--uid", "no-such-user"]);
    assert!(unknown.code == 2 && unknown.err.contains("there is no user"), "{}", unknown.err);
    assert!(unknown.err.contains("number") && !unknown.err.contains("create"), "{}", unknown.err);
}

#[test]
fn a_name_that_the_log_does_not_have_is_told_with_those_that_it_has() {
    let done = bench().kunci(&["log", "search", "--connector", "ed"]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert_eq!(done.err.trim(), "The log knows no connector \"ed\". It knows de");
    let done = bench().kunci(&["--json", "log", "search", "--connector", "ed"]);
    let problem: serde_json::Value = serde_json::from_str(&done.err).unwrap();
    assert_eq!((done.code, done.out.as_str(), &problem["code"]), (1, "", &"unknown-connector".into()));
    let none = bench().kunci(&["log", "search", "--connector", "de", "--jti", "x"]);
    assert_eq!((none.code, none.err.as_str()), (1, ""));
}
