//! The life of one token: the cases in their order, each with what is left by those before it.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use token::control::HostConfig;
use token::lane::KeyReport;
use token::{KeyRef, PublicKey};

use crate::backend::{Backend, Lack};
use crate::backends::Entry;
use crate::bench::{Bench, PIN};
use crate::cases::Case;
use crate::host::Host;

/// How much of a failure's words the table shows, in characters.
const MAX_WORDS: usize = 300;

/// A token, from blank to destroyed keys.
pub(crate) struct Life {
    pub bench: Bench,
    pub backend: Backend,
    keys: BTreeMap<&'static str, KeyReport>,
    host: Option<Host>,
    notes: Vec<String>,
}

/// What came of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Pass,
    Fail,
    #[serde(rename = "not offered")]
    NotOffered,
}

/// One row of the results.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub backend: &'static str,
    pub case: &'static str,
    pub result: Outcome,
    /// Of a pass, what is worth knowing; of the others, the cause.
    pub why: String,
}

impl Life {
    /// Lives a backend's cases.
    pub(crate) fn of(entry: &Entry) -> Vec<Row> {
        let bench = Bench::new();
        let made = catch_unwind(AssertUnwindSafe(|| (entry.make)(&bench)));
        let backend = match made {
            Ok(backend) => backend,
            Err(panic) => return entry.cases().map(|case| entry.failed(case, said(&*panic))).collect(),
        };
        let mut life = Self { bench, backend, keys: BTreeMap::new(), host: None, notes: Vec::new() };
        entry.cases().map(|case| life.row(entry, case)).collect()
    }

    fn row(&mut self, entry: &Entry, case: &Case) -> Row {
        let failure = catch_unwind(AssertUnwindSafe(|| (case.run)(self))).err().map(|panic| said(&*panic));
        if failure.is_some() {
            // Whatever state the failure left host and PIN in is no business of the next case.
            self.host = None;
            self.bench.write("pin", PIN);
        }
        let notes = std::mem::take(&mut self.notes).join("; ");
        let lack = self.backend.lacks.iter().find(|lack| lack.case == case.name);
        let (result, why) = judge(lack, failure, notes);
        Row { backend: entry.name, case: case.name, result, why }
    }

    /// What a host is told to serve.
    pub(crate) fn config(&self) -> HostConfig {
        self.bench.config(&self.backend.section)
    }

    /// Starts a host that nobody lets log in yet.
    pub(crate) fn start(&self) -> Host {
        Host::start(&self.config(), |command| self.backend.device.inside(command))
    }

    /// The host that serves the token, started if none does.
    pub(crate) fn host(&mut self) -> &Host {
        let host = self.host.take().unwrap_or_else(|| self.start().ready());
        self.host.insert(host)
    }

    /// The same while something of the token's life is looked at.
    pub(crate) fn host_and_keys(&mut self) -> (&Host, &BTreeMap<&'static str, KeyReport>) {
        self.host();
        (self.host.as_ref().unwrap(), &self.keys)
    }

    /// The bench while the host is asked.
    pub(crate) fn bench_and_host(&mut self) -> (&Bench, &Host) {
        self.host();
        (&self.bench, self.host.as_ref().unwrap())
    }

    /// Every connector with its key's pin and public key.
    pub(crate) fn pins(&self) -> Vec<(&'static str, KeyRef, PublicKey)> {
        let pin = |(connector, key): (&&'static str, &KeyReport)| {
            (*connector, pin_of(key), key.public_key().unwrap())
        };
        self.keys.iter().map(pin).collect()
    }

    /// Lets this host serve the token from now on.
    pub(crate) fn serve(&mut self, host: Host) {
        self.host = Some(host);
    }

    /// Kills the host.
    pub(crate) fn stop(&mut self) {
        self.host = None;
    }

    /// Remembers a key that was made.
    pub(crate) fn born(&mut self, connector: &'static str, key: KeyReport) {
        self.keys.insert(connector, key);
    }

    /// Leaves a key out of what follows.
    pub(crate) fn forget(&mut self, connector: &str) {
        self.keys.remove(connector);
    }

    /// Says something that a reader of the table wants to know of a pass.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// A key's pin.
pub(crate) fn pin_of(report: &KeyReport) -> KeyRef {
    KeyRef { id: report.id.unwrap(), spki_sha256: report.public_key().unwrap().sha256() }
}

/// A case that is not offered must fail, and as was said; else the backend's words are wrong.
fn judge(lack: Option<&Lack>, failure: Option<String>, notes: String) -> (Outcome, String) {
    match (lack, failure) {
        (None, None) => (Outcome::Pass, notes),
        (None, Some(failure)) => (Outcome::Fail, failure),
        (Some(lack), None) => (Outcome::Fail, format!("it passes, but is said to lack this: {}", lack.why)),
        (Some(lack), Some(failure)) if failure.contains(lack.says) => {
            (Outcome::NotOffered, lack.why.to_owned())
        }
        (Some(lack), Some(failure)) => (Outcome::Fail, format!("not with {:?}: {failure}", lack.says)),
    }
}

/// The words of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    words.chars().take(MAX_WORDS).collect::<String>().replace('\n', " ")
}
