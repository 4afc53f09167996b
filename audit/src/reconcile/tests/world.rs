//! Logs and sign-ins of a test's own: entries written frame by frame, at times of its choice; rows parsed as a file's are.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::super::*;
use crate::{Log, signins};

pub(super) const TENANT: &str = "6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01";
pub(super) const OTHER: &str = "6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a02";
pub(super) const APP: &str = "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
pub(super) const KEY: &str = "0a0b";
pub(super) const SHA1: &str = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4e5f6a1b2";
pub(super) const SHA256: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
pub(super) const KEY_ID: &str = "11112222-3333-4444-5555-666677778888";

/// Logs, and rows of one file.
#[derive(Default)]
pub(super) struct World {
    pub(super) logs: Vec<Vec<Value>>,
    pub(super) rows: Vec<Value>,
    pub(super) question: Question,
    /// Files of each log that lose all behind so many bytes; of none, the file is lost.
    pub(super) torn: Vec<(&'static str, Option<u64>)>,
}

/// So many seconds after the log began.
pub(super) fn at(s: i64) -> String {
    let begin: jiff::Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    (begin + jiff::SignedDuration::from_secs(s)).to_string()
}

pub(super) fn assertion(s: i64, life_s: i64) -> Value {
    let exp = at(s + life_s).parse::<jiff::Timestamp>().unwrap().as_second();
    json!({"v": 1, "time": at(s), "kind": "intent", "connector": "de", "key": KEY, "caller": {"uid": 991, "unit": "iep.service"},
        "tenant": TENANT, "client_id": APP, "exp": exp, "message": "assertion"})
}

pub(super) fn lifecycle(s: i64, state: &str) -> Value {
    json!({"v": 1, "time": at(s), "kind": "lifecycle", "connector": "de", "key": KEY, "state": state})
}

pub(super) fn sign_in(s: i64) -> Value {
    json!({"createdDateTime": at(s), "appId": APP, "resourceTenantId": TENANT, "servicePrincipalCredentialThumbprint": SHA1,
        "servicePrincipalCredentialKeyId": KEY_ID, "resourceId": "graph", "ipAddress": "192.0.2.7", "status": {"errorCode": 0}})
}

/// The same with other members.
pub(super) fn with(mut row: Value, others: Value) -> Value {
    let Value::Object(others) = others else { panic!("{others}") };
    row.as_object_mut().unwrap().extend(others);
    row
}

pub(super) fn egress() -> Option<Egress> {
    Some(Egress::parse(b"192.0.2.0/24\n").unwrap())
}

/// A log that begins with its key's certificate and goes on for 30 days.
pub(super) fn world(
    entries: impl IntoIterator<Item = Value>,
    rows: impl IntoIterator<Item = Value>,
) -> World {
    let certified =
        with(lifecycle(0, "certified"), json!({"certificate_sha256": SHA256, "certificate_sha1": SHA1}));
    let last = json!({"v": 1, "time": at(30 * 86_400), "kind": "probe"});
    let log = [certified].into_iter().chain(entries).chain([last]).collect();
    World {
        logs: vec![log],
        rows: rows.into_iter().collect(),
        question: Question { egress: egress(), ..Question::default() },
        torn: Vec::new(),
    }
}

impl World {
    pub(super) fn asked(self) -> Result<Report, Ambiguous> {
        self.asked_knowing(|_| ())
    }

    pub(super) fn asked_knowing(self, know: impl FnOnce(&mut Keys)) -> Result<Report, Ambiguous> {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = Logs::default();
        for (number, entries) in self.logs.iter().enumerate() {
            let dir = folder.path().join(number.to_string());
            write(&dir, entries);
            self.torn.iter().for_each(|(file, bytes)| tear(&dir.join(file), *bytes));
            logs.read(&Log::open(&dir).unwrap(), self.question.span).unwrap();
        }
        know(&mut logs.keys);
        let mut sign_ins = SignIns::new(logs, self.question);
        let text: String = self.rows.iter().map(|row| format!("{row}\n")).collect();
        signins::read(text.as_bytes(), |line, row| sign_ins.take(0, line, row)).unwrap();
        sign_ins.compare(&["signins.json".to_owned()])
    }

    /// What was found: kind, certainty, how many.
    #[track_caller]
    pub(super) fn finds(self) -> Vec<(Kind, Certainty, u64)> {
        let report = self.asked().unwrap();
        assert_eq!(report.explained, report.findings.is_empty());
        report.findings.iter().map(|finding| (finding.kind, finding.certainty, finding.sign_ins)).collect()
    }
}

fn tear(file: &Path, bytes: Option<u64>) {
    match bytes {
        Some(bytes) => fs::OpenOptions::new().write(true).open(file).unwrap().set_len(bytes).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
}

pub(super) fn write(dir: &Path, entries: &[Value]) {
    fs::create_dir_all(dir.join("tile/entries")).unwrap();
    fs::create_dir_all(dir.join("open")).unwrap();
    for (number, bundle) in entries.chunks(256).enumerate() {
        let mut frames = Vec::new();
        for entry in bundle {
            // The version is always first.
            let text = entry.to_string();
            frames.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            frames.extend(text.as_bytes());
        }
        let name = if bundle.len() == 256 { "tile/entries" } else { "open" };
        let end = if bundle.len() == 256 { "" } else { ".entries" };
        fs::write(dir.join(name).join(format!("{number:03}{end}")), frames).unwrap();
    }
}
