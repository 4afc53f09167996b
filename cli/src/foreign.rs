//! Every page, filled with words of others that want to be lines of ours.
//!
//! Each such word would begin lines with `HOSTILE`, in every way in which a line can be begun. On no page does it begin one,
//! no page has more lines than with a tame word, and it stands nowhere but between quotation marks.

use std::io;
use std::path::Path;

use attest::bundle::{self, Bundle};
use attest::{Evidence, Outcome, Question, Timestamp};
use proptest::prelude::*;
use quoted::{Quoted, one_line};
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::print::Printer;
use crate::print::tests::{Paper, fits, printer};

/// What stands in the words and nowhere on our pages.
const HOSTILE: char = '█';
const TAME: &str = "█";
/// Whatever a terminal or an editor may take for the end of a line.
const ENDS: [char; 7] = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// A page of these words.
type Page = fn(&Printer, &str);

const PAGES: [(&str, Page); 19] = [
    ("attest verify: a bundle", bundle),
    ("attest verify: malformed", malformed),
    ("token list", token_list),
    ("token check", token_check),
    ("status", status),
    ("token init", token_init),
    ("token unlock", token_unlock),
    ("whoami", whoami),
    ("provision", provision),
    ("cert: what stands in its way", cert),
    ("log search", log_search),
    ("log search: damage", log_search_damage),
    ("log exposure, stats and search", log_answers),
    ("log verify", log_verify),
    ("log verify: damage", log_verify_damage),
    ("log reconcile", log_reconcile),
    ("log reconcile: a file", log_reconcile_file),
    ("config check", config_check),
    ("a problem", problem),
];

fn printed(page: Page, word: &str, terminal: bool) -> String {
    let (print, out, err): (Printer, Paper, Paper) = printer(false, terminal);
    page(&print, word);
    out.text() + &err.text()
}

fn hostile() -> impl Strategy<Value = String> {
    let begin = prop::sample::select(ENDS.to_vec());
    let line =
        (begin, prop::sample::select(vec!["", " ", "\"", "\\", "\\\"", "PROVEN: ", "\u{202e}", "\u{1b}[2J"]));
    prop::collection::vec(line, 1..6).prop_map(|lines| {
        lines.into_iter().map(|(end, text)| format!("{HOSTILE}{end}{HOSTILE}{text}{HOSTILE}")).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_word_of_others_begins_a_line_on_any_page(word in hostile()) {
        for (name, page) in PAGES {
            for terminal in [false, true] {
                let shown = printed(page, &word, terminal);
                prop_assert!(shown.contains(HOSTILE), "{}: no word of others is on it", name);
                judge(name, &shown, terminal)?;
                if !terminal {
                    let tame = printed(page, TAME, terminal);
                    prop_assert_eq!(begun(&shown), begun(&tame), "{}:\n{}", name, shown);
                }
            }
        }
    }
}

/// All pages, and all problems of configurations and tenants files that have a snapshot, as they are at a terminal.
#[test]
fn no_page_is_wider_than_a_terminal() {
    for (_, page) in PAGES {
        fits(printed(page, TAME, true));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hsm-config/tests/snapshots");
    let snapshots = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let is_of_problems = |text: &String| text.contains("\n  help: ");
    let told: Vec<_> =
        snapshots.map(|file| std::fs::read_to_string(file).unwrap()).filter(is_of_problems).collect();
    assert!(told.len() > 90, "{}", told.len());
    for text in told {
        let (print, _, err) = printer(false, true);
        print.failure(&Failure::usage("c", "The configuration has problems", text));
        fits(err.text());
    }
}

/// Lines that begin where ours do: what is set in belongs to the one above.
fn begun(shown: &str) -> usize {
    shown.lines().filter(|line| !line.starts_with(' ')).count()
}

fn judge(name: &str, shown: &str, terminal: bool) -> Result<(), TestCaseError> {
    let ours = |c: char| c == '\n' || c == '\t' || one_line(c.encode_utf8(&mut [0; 4])).chars().count() == 1;
    prop_assert!(shown.chars().all(ours), "{}: {:?}", name, shown);
    for line in shown.split(ENDS) {
        prop_assert!(!line.starts_with(HOSTILE), "{}:\n{}", name, shown);
    }
    // On a terminal, cells of a table stand beside each other in several lines.
    if terminal {
        return Ok(());
    }
    let (mut quoted, mut escaped) = (false, false);
    for c in shown.chars() {
        prop_assert!(quoted || c != HOSTILE, "{}, outside of quotation marks:\n{}", name, shown);
        (quoted, escaped) = match c {
            '"' if !escaped => (!quoted, false),
            c => (quoted, c == '\\' && !escaped),
        };
    }
    Ok(())
}

fn bundle(print: &Printer, word: &str) {
    let document = json!({ "format": bundle::BUNDLE, "connector": word, "keys": [{
        "token": word,
        "key": "07",
        "attributes": {"sensitive": true, "extractable": true, "never_extractable": true},
        "device": {"label": word, "manufacturer": word, "model": word, "serial": word, "library": word},
        "findings": [{"code": word, "reason": word, "excepted": false}, {"code": word, "reason": word, "excepted": true}],
    }]});
    let bundle = Bundle::from_json(document.to_string().as_bytes()).unwrap();
    let report = bundle::verify(&bundle, &Evidence::new(), &Question::at(Timestamp::UNIX_EPOCH)).unwrap();
    print.lines(crate::attest::page::outcome(&Outcome::Bundle(report))).unwrap();
}

fn malformed(print: &Printer, word: &str) {
    let file = format!("-----BEGIN {}-----\nAAAA\n-----END {}-----\n", label(word), label(word));
    let why = attest::parse(file.as_bytes()).unwrap_err();
    let name = Quoted::path(Path::new(word));
    print.failure(&Failure::finding("malformed", format!("{name}: {why}"), "Give another."));
}

/// What can stand in a PEM label, which ends with its line.
fn label(word: &str) -> String {
    word.replace(['\n', '\r'], "\u{2028}")
}

/// What the agent says of a word of others: it quotes it.
fn sentence(word: &str) -> String {
    format!("the answer was {}", Quoted(word))
}

fn reason(word: &str, weight: api::Weight) -> api::ReadinessReason {
    api::ReadinessReason { code: "store-full".into(), weight, detail: sentence(word) }
}

fn reasons(word: &str) -> Vec<api::ReadinessReason> {
    [api::Weight::Blocks, api::Weight::Fails, api::Weight::Notes].map(|weight| reason(word, weight)).into()
}

fn finding(word: &str, excepted: bool) -> api::Finding {
    api::Finding { code: "copyable".into(), reason: sentence(word), mend: sentence(word), excepted }
}

fn status_of(word: &str) -> api::TokenStatus {
    let said = || Some(word.to_owned());
    api::TokenStatus {
        name: "frankfurt".into(),
        state: "ready".into(),
        label: said(),
        serial: said(),
        model: said(),
        manufacturer: said(),
        reasons: reasons(word),
        ..api::TokenStatus::default()
    }
}

fn token_list(print: &Printer, word: &str) {
    let why = Some(sentence(word));
    let away = api::TokenStatus { detail: why.clone(), ..status_of(word) };
    let failing = api::TokenStatus { failing: why, ..status_of(word) };
    print.table(&crate::token::HEAD, &[crate::token::row(&away), crate::token::row(&failing)]).unwrap();
}

fn token_init(print: &Printer, word: &str) {
    print.line(&crate::token::initialised(&status_of(word))).unwrap();
}

fn token_unlock(print: &Printer, word: &str) {
    print.failure(&crate::unlock::refused("frankfurt", &format!("refused: {}", sentence(word))));
}

fn whoami(print: &Printer, word: &str) {
    let said = || Some(vec![word.to_owned()]);
    let granted = api::Granted {
        connectors: vec![word.into()],
        tenants: said(),
        client_ids: said(),
        rate: Some(word.into()),
    };
    let whoami = api::Whoami {
        unit: Some(word.into()),
        rules: vec![granted],
        verbs: vec![word.into()],
        ..api::Whoami::default()
    };
    print.lines(crate::whoami::words(&whoami)).unwrap();
}

fn provision(print: &Printer, word: &str) {
    let key = json!({"connector": "de", "token": "frankfurt", "outcome": "created", "grade": "asserted", "key": "07",
        "spki_sha256": "c0ffee", "certificates_in_doubt": [], "orphans": ["cafe"], "unfinished": [],
        "reasons": reasons(word)});
    let key = serde_json::from_value(key).unwrap();
    print.line(&crate::provision::page::line(&key)).unwrap();
    crate::provision::page::reasons(&key).iter().for_each(|line| print.warn(line));
    crate::provision::page::orphans(&key).iter().for_each(|line| print.warn(line));
}

fn cert(print: &Printer, word: &str) {
    reasons(word).iter().for_each(|reason| print.warn(&crate::token::readiness(reason)));
}

fn token_check(print: &Printer, word: &str) {
    let key = json!({"label": word, "spki_sha256": "c0ffee", "standing": "orphan", "grade": "asserted",
        "findings": [finding(word, false)], "reasons": [reason(word, api::Weight::Notes)], "pin_each_time": false});
    let checked = api::Checked {
        token: status_of(word),
        well: false,
        findings: vec![finding(word, false), finding(word, true)],
        keys: vec![serde_json::from_value(key).unwrap()],
    };
    print.lines(crate::token::checked(&checked)).unwrap();
}

fn status(print: &Printer, word: &str) {
    crate::status::tests::frozen_for(word, status_of(word)).show(print).unwrap();
}

fn log_search(print: &Printer, word: &str) {
    let entry = json!({"v": 1, "time": "2026-11-30T12:00:00Z", "kind": "refusal", "connector": word, "token": word,
        "caller": {"uid": 7, "unit": word}, "callers": word, "tenant": word, "client_id": word, "jti": word,
        "state": word, "message": word, "reason": word});
    print.line(&crate::log::page::entry(7, &serde_json::from_value(entry).unwrap())).unwrap();
}

/// Bytes that are no entry: serde repeats what it could not read.
fn log_search_damage(print: &Printer, word: &str) {
    let bytes = json!({"v": 1, "time": "2026-11-30T12:00:00Z", "kind": word}).to_string();
    let what = crate::log::search::entry(7, bytes.as_bytes()).unwrap_err();
    print.failure(&Failure::finding("log-damaged", what, "D"));
}

/// A log of one entry in which all texts are the word, and what is asked of it.
fn log_answers(print: &Printer, word: &str) {
    use clap::Parser;
    let (log, held) = (tempfile::tempdir().unwrap(), ledger::cut(word, ledger::MAX_TEXT_BYTES));
    let entry = json!({"v": 1, "time": "2026-11-30T12:00:00Z", "kind": "intent", "connector": held, "key": held,
        "token": held, "caller": {"uid": 7, "unit": held}, "tenant": held, "client_id": held, "jti": held,
        "message": "assertion"});
    let (entry, folder) = (entry.to_string(), log.path().to_str().unwrap());
    ["open", "tile/entries"].iter().for_each(|path| std::fs::create_dir_all(log.path().join(path)).unwrap());
    let length = u16::try_from(entry.len()).unwrap().to_be_bytes();
    std::fs::write(log.path().join("open/000.entries"), [&length, entry.as_bytes()].concat()).unwrap();
    let tenant = format!("--tenant={word}");
    for asked in [
        &["log", "exposure", "--", word][..],
        &["log", "exposure", &tenant, "--", word],
        &["log", "exposure", "--key", "none", "--", word],
        &["log", "exposure", "--", &format!("other {word}")],
        &["log", "stats"],
        &["log", "search"],
    ] {
        let words = [&["kunci"], &asked[..2], &["--log", folder], &asked[2..]].concat();
        let crate::args::Command::Offline(crate::args::Offline::Log(command)) =
            crate::args::Cli::try_parse_from(words).unwrap().command
        else {
            panic!("{asked:?} is no question to the log")
        };
        crate::log::run(&command, &crate::paths::Paths::default(), print).unwrap();
    }
}

fn log_verify_damage(print: &Printer, word: &str) {
    let damage = ledger::Damage { index: Some(7), what: sentence(word) };
    let report = ledger::Report { damage: vec![damage], ..ledger::Report::default() };
    print.lines(crate::log::page::report(&report)).unwrap();
}

fn log_verify(print: &Printer, word: &str) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(label(word).replace('/', "-"));
    let missing = ledger::Reader::open(&log).map(|_| ()).unwrap_err();
    let name = Quoted::path(&log);
    print.failure(&Failure::usage(
        "log-unreadable",
        format!("There is no log to read at {name}: {missing}"),
        "D",
    ));
}

fn log_reconcile(print: &Printer, word: &str) {
    use audit::reconcile::{Certainty, Counts, Finding, Kind, LogRead, Place, Report, Rows, ToCall};
    let said = || word.to_owned();
    let (first, last) = (ledger::Timestamp::UNIX_EPOCH, ledger::Timestamp::UNIX_EPOCH);
    let (certainty, kind) = (Certainty::Sure, Kind::Unexplained);
    let call =
        ToCall { tenant: said(), also: vec![said()], certainty, sign_ins: 1, first, last, kinds: vec![kind] };
    let finding = Finding {
        kind,
        certainty,
        why: "no assertion".to_owned(),
        tenant: said(),
        also: vec![said()],
        client_id: said(),
        key: Some(said()),
        connector: Some(said()),
        sign_ins: 1,
        failed: 1,
        first,
        last,
        addresses: Vec::new(),
        rows: vec![Place { file: said(), line: 7 }],
    };
    let log = LogRead { name: said(), damaged: 1, damage: Some(sentence(word)), ..LogRead::default() };
    let report = Report {
        explained: false,
        rows: Rows::default(),
        sign_ins: Counts::default(),
        tenants: 1,
        tenants_without: 0,
        call: vec![call],
        findings: vec![finding],
        notes: Vec::new(),
        logs: vec![log],
    };
    print.lines(crate::log::reconcile::page::lines(&report)).unwrap();
}

fn log_reconcile_file(print: &Printer, word: &str) {
    let row = json!({"appId": "a", "createdDateTime": "2026-11-30T12:00:00Z", "ipAddress": word, "status": {"errorCode": 0}});
    let fault = audit::signins::read(row.to_string().as_bytes(), |_, _| Ok(())).unwrap_err();
    print.failure(&crate::log::reconcile::unreadable(Path::new(word), &fault));
}

fn config_check(print: &Printer, word: &str) {
    let key = toml_text(word);
    let text = format!(
        "[{key}]\n[connectors.{key}]\n{key} = 1\nregion = {key}\ntenants = {key}\nlifetime = {key}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kunci.toml");
    std::fs::write(&file, text).unwrap();
    let problems = hsm_config::Config::load(&file).unwrap_err();
    print.failure(&Failure::configuration(&problems));
}

/// TOML's basic string, which JSON's is.
fn toml_text(word: &str) -> String {
    Value::from(word).to_string()
}

fn problem(print: &Printer, word: &str) {
    let named = Quoted(word);
    let body = json!({"type": "t", "status": 503, "code": "c", "title": format!("The token is {named}"),
        "detail": format!("It is {named}.")});
    let failure = Failure::of_agent(503, body.to_string().into());
    assert_eq!(failure.exit, Exit::Unavailable);
    print.failure(&failure);
    print.note(&format!("The file is {named}"));
    print.warn(&format!("The file is {named}"));
    print.failure(&Failure::file(Path::new(word), &io::Error::other("full")));
}
