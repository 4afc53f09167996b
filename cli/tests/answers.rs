//! What the log answers after an incident, by the built command.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "../../audit/tests/common/mod.rs"]
mod logs;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Bench, Done};
use logs::{assertion, time, void, write};
use serde_json::Value;

/// One tenant four times, one of them voided; another once; each kind besides; another connector.
fn entry(index: u64) -> String {
    let other = |message: &str| {
        assertion(index, "contoso.example")
            .replace(r#""message":"assertion""#, &format!(r#""message":"{message}""#))
    };
    match index {
        0..4 => assertion(index, "contoso.example"),
        4 => void(4, 2),
        5 => assertion(5, "fabrikam.example").replace("iep.service", "recover.service"),
        6 => other("proof"),
        7 => other("certificate"),
        8 => other("request"),
        9 => other("later"),
        10 => assertion(10, "contoso.example")
            .replace(r#""connector":"de","key":"6a01""#, r#""connector":"uk","key":"6b01""#),
        11 => format!(r#"{{"v":1,"time":"{}","kind":"refusal","connector":"de","count":3}}"#, time(11)),
        12 => assertion(12, "=HYPERLINK(\\\"http://evil\\\")"),
        index => panic!("there is no entry {index}"),
    }
}

fn bench() -> Bench {
    let bench = Bench::new();
    write(&bench.path("state/log"), 13, entry);
    bench
}

fn lines(done: &Done) -> Vec<Value> {
    done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_list_to_call_has_every_tenant_that_was_opened() {
    let done = bench().kunci(&["log", "exposure", "de"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let page: Vec<_> = done.out.lines().collect();
    let expected = [
        "3 tenants were opened with the keys of connector \"de\".",
        "signatures  5, 2026-11-01T00:00:00Z to 2026-11-01T00:00:12Z",
        "key         6a01 of de on frankfurt: 5, 2026-11-01T00:00:00Z to 2026-11-01T00:00:12Z",
        "apart       proofs for key rolls 1, certificates 1, certificate requests 1, messages of a later version 1",
        "voided      1: nothing of these left",
        "log         DIR/state/log, 13 entries",
        &format!("root        {}", root(&done)),
        "",
    ];
    assert_eq!(page[..8], expected);
    let cells = |line: &&str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        page[8..].iter().map(cells).collect::<Vec<_>>(),
        [
            "TENANT CLIENT SIGNATURES FIRST LAST UID UNIT",
            r#""=HYPERLINK(\"http://evil\")" app 1 2026-11-01T00:00:12Z 2026-11-01T00:00:12Z 991 iep.service"#,
            "contoso.example app 3 2026-11-01T00:00:00Z 2026-11-01T00:00:03Z 991 iep.service",
            "fabrikam.example app 1 2026-11-01T00:00:05Z 2026-11-01T00:00:05Z 991 recover.service",
        ]
    );
}

/// The root that the page has.
fn root(done: &Done) -> String {
    done.out.lines().find_map(|line| line.strip_prefix("root        ")).unwrap().to_owned()
}

#[test]
fn the_answer_names_the_log_that_it_is_of() {
    let bench = bench();
    let verified: Value = serde_json::from_str(&bench.kunci(&["--json", "log", "verify"]).out).unwrap();
    assert_eq!(root(&bench.kunci(&["log", "exposure", "de"])), verified["root"]["base64"].as_str().unwrap());
    let last = lines(&bench.kunci(&["--json", "log", "exposure", "de"])).pop().unwrap();
    assert_eq!(last["summary"]["logs"][0]["root"], verified["root"]);
    assert_eq!(last["summary"]["logs"][0]["size"], 13);
}

#[test]
fn the_list_is_json_lines_and_a_last_one_that_sums_up() {
    let all = lines(&bench().kunci(&["--json", "log", "exposure", "de"]));
    let expected = r#"{"tenant":"contoso.example","client_id":"app","uid":991,"unit":"iep.service","signatures":3,"first":"2026-11-01T00:00:00Z","last":"2026-11-01T00:00:03Z"}"#;
    assert_eq!(all[1], serde_json::from_str::<Value>(expected).unwrap());
    let summary = &all[3]["summary"];
    assert_eq!((summary["tenants"].as_u64(), summary["signatures"].as_u64()), (Some(3), Some(5)));
    assert_eq!(
        summary["apart"].to_string(),
        r#"{"certificates":1,"others":1,"proofs":1,"requests":1,"voided":1}"#
    );
    assert_eq!(summary["keys"][0]["key"], "6a01");
}

#[test]
fn no_cell_of_a_list_for_a_spreadsheet_begins_a_formula() {
    let done = bench().kunci(&["log", "exposure", "de", "--csv"]);
    let expected = "tenant,client_id,signatures,first,last,uid,unit\r\n\
        \"'=HYPERLINK(\"\"http://evil\"\")\",app,1,2026-11-01T00:00:12Z,2026-11-01T00:00:12Z,991,iep.service\r\n\
        contoso.example,app,3,2026-11-01T00:00:00Z,2026-11-01T00:00:03Z,991,iep.service\r\n\
        fabrikam.example,app,1,2026-11-01T00:00:05Z,2026-11-01T00:00:05Z,991,recover.service\r\n";
    assert_eq!((done.code, done.out.as_str()), (0, expected));
    assert_eq!(bench().kunci(&["--json", "log", "exposure", "de", "--csv"]).code, 2);
}

#[test]
fn a_key_and_a_time_narrow_the_list() {
    let bench = bench();
    let first = |rest: &[&str]| {
        let done = bench.kunci(&[&["log", "exposure"], rest].concat());
        (done.code, done.out.lines().next().unwrap_or_default().to_owned())
    };
    let (code, said) = first(&["--key", "6B01"]);
    assert!(code == 0 && said == "One tenant was opened with key 6b01.", "{said}");
    assert!(
        first(&["de", "--key", "6a01"]).1.starts_with("3 tenants were opened with key 6a01 of connector")
    );
    let (code, said) = first(&["de", "--since", "2026-11-01T00:00:05Z", "--until", "2026-11-01T00:00:06Z"]);
    assert!(code == 0 && said.starts_with("One tenant was opened"), "{said}");
    // The void comes after the time that is asked for.
    let before = bench.kunci(&["log", "exposure", "de", "--until", "2026-11-01T00:00:03Z"]).out;
    assert!(before.contains("\nsignatures  2, ") && before.contains("\nvoided      1:"), "{before}");
    let (code, said) = first(&["de", "--since", "2026-11-02"]);
    assert_eq!(
        (code, said.as_str()),
        (0, "No tenant was opened with the keys of connector \"de\", as far as the log says.")
    );
}

#[test]
fn a_name_that_is_mistyped_is_no_good_news() {
    let bench = bench();
    let done = bench.kunci(&["log", "exposure", "ed"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("The log knows no connector \"ed\". It knows de, uk"), "{}", done.err);
    let done = bench.kunci(&["log", "exposure", "--key", "6a02"]);
    assert!(done.code == 1 && done.err.contains("no signature by key 6a02"), "{}", done.err);
    let done = bench.kunci(&["log", "exposure", "de", "--key", "6b01"]);
    assert_eq!(done.code, 1, "that key is another connector's");
    assert_eq!(bench.kunci(&["log", "exposure"]).code, 2);
}

#[test]
fn nor_is_it_on_a_customers_page() {
    let bench = bench();
    let page =
        |rest: &[&str]| bench.kunci(&[&["log", "exposure", "--tenant", "contoso.example"], rest].concat());
    for (asked, said) in [
        (&["ed"][..], "The log knows no connector \"ed\". It knows de, uk"),
        (&["--key", "6a02"], "no signature by key 6a02"),
        (&["de", "--key", "6b01"], "no signature by key 6b01"),
    ] {
        let done = page(asked);
        assert!(done.code == 1 && done.err.contains(said), "{}", done.err);
        assert_eq!(page(&[asked, &["--csv"]].concat()).code, 1);
    }
    let json = bench.kunci(&["--json", "log", "exposure", "ed", "--tenant", "contoso.example"]);
    assert_eq!((json.code, json.problem()["code"].as_str()), (1, Some("unknown-connector")));
    // What is known, and was not asked for this tenant or at this time, is an answer.
    for asked in [&["de", "--until", "2026-10-01"][..], &["--key", "6A01", "--until", "2026-10-01"]] {
        let done = page(asked);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
    }
}

#[test]
fn a_customers_page_has_each_signature_and_nobody_else() {
    let bench = bench();
    let done = bench.kunci(&["log", "exposure", "de", "--tenant", "contoso.example"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    assert!(done.out.starts_with(
        "Tenant \"contoso.example\": 3 assertions were signed with the keys of connector \"de\".\n"
    ));
    for index in [0, 1, 3] {
        let line = format!("2026-11-01T00:00:0{index}Z assertion for app, jti jti-{index}, entry {index}\n");
        assert!(done.out.contains(&line), "{}", done.out);
    }
    assert!(done.out.contains("00:06Z proof for app, jti jti-6, entry 6\n"), "{}", done.out);
    assert!(!done.out.contains("jti-2,"), "a voided one never left");
    for secret in ["fabrikam", "iep.service", "991"] {
        assert!(!done.out.contains(secret), "{}", done.out);
    }
    let rows = lines(&bench.kunci(&["--json", "log", "exposure", "de", "--tenant", "contoso.example"]));
    assert_eq!((rows.len(), rows[2]["jti"].as_str()), (8, Some("jti-3")));
    assert_eq!(rows[2]["expires"], "2026-11-01T12:00:00Z");
    let csv = bench.kunci(&["log", "exposure", "de", "--tenant", "contoso.example", "--csv"]).out;
    assert_eq!(csv.lines().count(), 8);
    let none = bench.kunci(&["log", "exposure", "de", "--tenant", "nobody.example"]);
    assert_eq!(none.code, 0);
    assert!(none.out.starts_with("Tenant \"nobody.example\" was not opened"), "{}", none.out);
}

#[test]
fn signatures_are_counted_by_day_connector_and_caller() {
    let bench = bench();
    let done = bench.kunci(&["log", "stats"]);
    assert!(
        done.code == 0 && done.out.starts_with("6 signatures.\napart       proofs for key rolls 1, "),
        "{}",
        done.out
    );
    let csv = bench.kunci(&["log", "stats", "--csv"]).out;
    let expected = "day,connector,uid,unit,signatures\r\n\
        2026-11-01,de,991,iep.service,4\r\n\
        2026-11-01,de,991,recover.service,1\r\n\
        2026-11-01,uk,991,iep.service,1\r\n";
    assert_eq!(csv, expected);
    let rows = lines(&bench.kunci(&["--json", "log", "stats", "--connector", "uk"]));
    assert_eq!(
        rows[0].to_string(),
        r#"{"connector":"uk","day":"2026-11-01","signatures":1,"uid":991,"unit":"iep.service"}"#
    );
    assert_eq!((rows.len(), &rows[1]["summary"]["signatures"]), (2, &1.into()));
}

#[test]
fn an_export_has_every_entry_with_its_place() {
    let bench = bench();
    let done = bench.kunci(&["log", "export", "--format", "ndjson"]);
    let stored = bench.kunci(&["--json", "log", "search"]).out;
    assert_eq!(done.code, 0);
    for ((index, line), stored) in done.out.lines().enumerate().zip(stored.lines()) {
        let place = format!(r#"{{"log":"DIR/state/log","index":{index},"#);
        assert_eq!(line.strip_prefix(&place), stored.strip_prefix('{'));
        serde_json::from_str::<Value>(line).unwrap();
    }
    let done = bench.kunci(&["log", "export", "--format", "csv", "--kind", "void"]);
    let (head, row) = done.out.split_once("\r\n").unwrap();
    let cell =
        |name: &str| row.split(',').nth(head.split(',').position(|found| found == name).unwrap()).unwrap();
    assert_eq!((cell("index"), cell("voids"), cell("kind")), ("4", "2", "void"));
    assert_eq!(cell("time"), "2026-11-01T00:00:04.000000Z");
    let done = bench.kunci(&["log", "export", "--format", "csv"]).out;
    assert!(done.contains("\"'=HYPERLINK(\"\"http://evil\"\")\""), "{done}");
    assert!(done.lines().all(|line| !line.starts_with(['=', '+', '-', '@'])));
}

#[test]
fn several_logs_are_answered_as_one_in_order_of_time() {
    let bench = Bench::new();
    for (log, tenant) in ["one", "two"].iter().zip(["a.example", "b.example"]) {
        // Each has every second second.
        let offset = u64::from(*log == "two");
        write(&bench.path(log), 300, |index| {
            assertion(2 * index + offset, tenant).replace(r#""jti-"#, &format!(r#""{log}-"#))
        });
    }
    let both = ["--log", "one", "--log", "two"];
    let found = bench.kunci(&[&["--json", "log", "search"], &both[..]].concat());
    let times: Vec<_> =
        lines(&found).iter().map(|entry| entry["time"].as_str().unwrap().to_owned()).collect();
    assert!(times.len() == 600 && times.is_sorted(), "{times:?}");
    let page = bench.kunci(&[&["log", "exposure", "de"], &both[..]].concat()).out;
    assert!(page.starts_with("2 tenants were opened") && page.contains("\nsignatures  600, "), "{page}");
    assert!(
        page.contains("\nlog         one, 300 entries\n")
            && page.contains("\nlog         two, 300 entries\n"),
        "{page}"
    );
    let line = bench.kunci(&[&["log", "search", "--jti", "two-3"], &both[..]].concat()).out;
    assert!(line.starts_with("two 1 2026-11-01T00:00:03Z intent"), "{line}");
}

#[test]
fn what_is_damaged_is_said_and_the_rest_is_answered() {
    let bench = bench();
    let path = bench.path("state/log/open/000.entries");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|at| at == b"fabrikam").unwrap();
    bytes[at] = b'k';
    fs::write(&path, bytes).unwrap();
    let done = bench.kunci(&["log", "exposure", "de"]);
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("entry 5 is damaged: the entry does not have its stored leaf hash"),
        "{}",
        done.err
    );
    assert!(
        done.out.starts_with("2 tenants were opened") && done.out.contains("\nDAMAGED     in 1 places"),
        "{}",
        done.out
    );
    assert!(done.out.contains("\nroot        none"), "{}", done.out);
    let json = bench.kunci(&["--json", "log", "stats"]);
    assert_eq!(lines(&json).pop().unwrap()["summary"]["logs"][0]["damage"][0]["index"], 5);
    assert_eq!((json.code, json.problem()["code"].as_str()), (1, Some("log-damaged")));
    for form in ["ndjson", "csv"] {
        let done = bench.kunci(&["log", "export", "--format", form]);
        assert_eq!((done.code, done.out.lines().count()), (1, if form == "csv" { 13 } else { 12 }));
    }
}

#[test]
fn an_index_stays_out_of_the_log_and_is_only_made_for_a_long_one() {
    let bench = bench();
    let inside = bench.path("state/log/index");
    let arguments = ["log", "exposure", "de", "--index", inside.to_str().unwrap()];
    assert_eq!(bench.kunci(&arguments).code, 0);
    assert!(!inside.exists(), "a short log needs none");
    write(&bench.path("state/log"), logs::STRETCH, |index| assertion(index, "contoso.example"));
    let done = bench.kunci(&arguments);
    assert!(done.code == 2 && done.err.contains("may not be kept in the log"), "{}", done.err);
    let done = bench.kunci(&["log", "search", "--jti", "jti-7"]);
    assert!(done.code == 0 && done.err.contains("All of the log is read: no HOME"), "{}", done.err);
    let outside = bench.path("index");
    let quick = ["log", "search", "--jti", "jti-7", "--index", outside.to_str().unwrap()];
    assert_eq!(bench.kunci(&quick).out, done.out);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(bench.kunci(&quick).err, "");
}

/// A follower, and the lines that it printed.
struct Following {
    child: std::process::Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Following {
    fn new(dir: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kunci"))
            .args(arguments)
            .args(["--follow", "--log", dir.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

#[test]
fn a_follower_gets_each_entry_once_across_bundles_and_ends_with_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _) = ledger::Ledger::open(dir.path()).unwrap();
    let record = |number: u64| {
        let entry = ledger::Entry::new(ledger::Kind::Intent).jti(number.to_string());
        ledger.record(entry, |done| drop(done.unwrap()));
    };
    (0..100).for_each(record);
    let mut search = Following::new(dir.path(), &["--json", "log", "search"]);
    let mut export = Following::new(dir.path(), &["log", "export", "--format", "ndjson"]);
    let mut late = Following::new(dir.path(), &["log", "export", "--format", "ndjson", "--from", "50"]);
    assert_eq!(search.line()["jti"], "0");
    (100..1000).for_each(record);
    (1..1000).for_each(|number| assert_eq!(search.line()["jti"], number.to_string()));
    for (follower, first) in [(&mut export, 0), (&mut late, 50)] {
        (first..1000).for_each(|number| assert_eq!(follower.line()["index"], number));
    }
    // Nobody reads any more: it ends by itself, with nothing more to print.
    for Following { mut child, out } in [search, export, late] {
        drop(out);
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_follower_gives_out_nothing_that_is_not_durable() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 3, |index| assertion(index, "contoso.example"));
    let [entries, hashes] = ["entries", "hashes"].map(|name| dir.path().join(format!("open/000.{name}")));
    let add = |path: &Path, bytes: &[u8]| {
        fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap()
    };
    let next = |index: u64| {
        let entry = assertion(index, "contoso.example");
        let frame = [&u16::try_from(entry.len()).unwrap().to_be_bytes()[..], entry.as_bytes()].concat();
        (frame, ledger::leaf_hash(entry.as_bytes()))
    };
    let (written, hash) = next(3);
    // Written, and not confirmed by the disk.
    add(&entries, &written);
    let before = fs::metadata(&entries).unwrap().len() - written.len() as u64;
    let mut search = Following::new(dir.path(), &["--json", "log", "search"]);
    (0..3).for_each(|index| assert_eq!(search.line()["jti"], format!("jti-{index}")));
    // A full disk took it back, and another came in its place.
    fs::OpenOptions::new().write(true).open(&entries).unwrap().set_len(before).unwrap();
    let (other, other_hash) = next(33);
    assert_ne!(hash, other_hash);
    add(&entries, &other);
    add(&hashes, &other_hash);
    assert_eq!(search.line()["jti"], "jti-33");
    drop(search.out);
    assert_eq!(search.child.wait().unwrap().code(), Some(0));
}
