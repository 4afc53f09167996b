//! The pages for the day after are run as they stand, and DuckDB counts what we count.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "../../audit/tests/common/mod.rs"]
mod logs;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::Bench;
use logs::{assertion, void, write};
use serde_json::Value;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/how-to").join(name);
    fs::read_to_string(path).unwrap()
}

/// The page's blocks of a kind.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let opening = format!("\n```{kind}\n");
    page.split(&opening).skip(1).map(|part| format!("{}\n", part.split("\n```").next().unwrap())).collect()
}

/// Four assertions, one of them voided and one more, and a proof: what the page shows.
fn shown(index: u64) -> String {
    let at = |time: &str, tenant: &str| {
        let entry = assertion(index, tenant);
        let until = entry.find(r#"","kind""#).unwrap();
        format!(r#"{{"v":1,"time":"{time}{}"#, &entry[until..])
    };
    match index {
        0 => at("2026-11-02T09:00:00Z", "contoso.example"),
        1 => at("2026-11-09T09:00:00Z", "contoso.example"),
        2 => at("2026-11-09T09:00:01Z", "contoso.example"),
        3 => void(3, 2),
        4 => at("2026-11-16T12:00:00Z", "fabrikam.example"),
        5 => at("2026-11-16T12:00:01Z", "fabrikam.example").replace("assertion\"}", "proof\"}"),
        _ => at("2026-11-23T17:30:00Z", "northwind.example").replace("991", "992").replace("iep", "recover"),
    }
}

fn bench() -> Bench {
    let bench = Bench::new();
    write(&bench.path("state/log"), 7, shown);
    bench
}

/// Runs a script in the bench, where the page's folders are the bench's.
fn run(bench: &Bench, script: &str) -> Output {
    let here = bench.path("");
    let script = script
        .replace("/var/lib/kunci", &here.join("state").display().to_string())
        .replace("/mnt/", &format!("{}/mnt/", here.display()));
    let kunci = Path::new(env!("CARGO_BIN_EXE_kunci")).parent().unwrap().to_owned();
    let path = format!("{}:{}", kunci.display(), env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &script]).env_clear().env("PATH", path).current_dir(&here);
    command.env("KUNCI_CONFIG", bench.path("kunci.toml")).output().unwrap()
}

#[track_caller]
fn success(output: Output) -> String {
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    out
}

#[test]
fn the_page_for_the_day_after_is_true() {
    let (bench, page) = (bench(), page("after-an-incident.md"));
    for host in ["fra1", "fra2"] {
        write(&bench.path(&format!("mnt/{host}/log")), 7, shown);
    }
    fs::create_dir_all(bench.path("mnt/evidence")).unwrap();
    let printed: Vec<_> = blocks(&page, "sh").iter().map(|block| success(run(&bench, block))).collect();
    let list =
        blocks(&page, "text").remove(0).replace("/var/lib/kunci", &bench.path("state").display().to_string());
    let (before, after) = list.split_once('…').unwrap();
    assert!(printed[1].starts_with(before) && printed[1].ends_with(after), "{}", printed[1]);
    assert!(printed[2].contains("2 tenants") || printed[2].contains("3 tenants"), "{}", printed[2]);
    assert!(printed[3].starts_with("Tenant \"contoso.example\": 2 assertions were signed"), "{}", printed[3]);
    let customers = fs::read_dir(bench.path("customers")).unwrap().count();
    assert_eq!((customers, printed[4].lines().count()), (3, 3));
    assert_eq!(fs::read_to_string(bench.path("to-call.csv")).unwrap().lines().count(), 4);
}

/// The Python that `make setup` made.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_kunci")).ancestors().nth(2).unwrap();
    let python = target.join("clients-venv/bin/python");
    assert!(python.exists(), "{} is missing: run make setup", python.display());
    python
}

#[test]
fn duckdb_counts_what_we_count() {
    let bench = Bench::new();
    for (log, offset) in [("fra1", 0), ("fra2", 1)] {
        write(&bench.path(&format!("mnt/{log}/log")), 2000, |index| match index {
            index if index % 50 == 49 => void(index, index - 9 - offset),
            index if index % 97 == 0 => {
                assertion(index, "contoso.example").replace("assertion\"}", "proof\"}")
            }
            index => assertion(index, &format!("t{}.example", (index + offset) % 7))
                .replace("iep", if index % 3 == 0 { "iep" } else { "recover" }),
        });
    }
    let logs = ["--log", "mnt/fra1/log", "--log", "mnt/fra2/log"];
    let ours = bench.kunci(&[&["--json", "log", "exposure", "de"], &logs[..]].concat());
    assert_eq!((ours.code, ours.err.as_str()), (0, ""));
    let mut rows: Vec<Value> = ours.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = rows.pop().unwrap();
    let export = bench.kunci(&[&["log", "export", "--format", "ndjson"], &logs[..]].concat());
    bench.write("log.ndjson", &export.out);

    let sql = blocks(&page("analyse-the-log.md"), "sql").concat();
    bench.write("page.sql", &sql);
    let script = "import duckdb, json\nfor s in open('page.sql').read().split(';\\n'):\n  if s.strip(): r = duckdb.execute(s)\nfor row in r.fetchall(): print(json.dumps(row, default=str))";
    let theirs =
        success(Command::new(python()).args(["-c", script]).current_dir(bench.path("")).output().unwrap());
    let theirs: Vec<Value> = theirs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(theirs.len(), rows.len());
    assert!(rows.len() > 10 && summary["summary"]["apart"]["voided"].as_u64() > Some(70), "{summary}");
    for (theirs, ours) in theirs.iter().zip(&rows) {
        let fields = ["tenant", "client_id", "uid", "unit", "signatures"];
        assert_eq!(theirs.as_array().unwrap()[..5], fields.map(|field| ours[field].clone()));
    }
}

#[test]
fn the_page_on_counting_is_true() {
    let (bench, page) = (bench(), page("analyse-the-log.md"));
    for block in blocks(&page, "sh") {
        success(run(&bench, &block));
    }
    assert_eq!(fs::read_to_string(bench.path("log.ndjson")).unwrap().lines().count(), 7);
    assert_eq!(fs::read_to_string(bench.path("intents.csv")).unwrap().lines().count(), 7);
}
