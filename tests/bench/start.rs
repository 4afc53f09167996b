//! How long a start takes beside a long log: from the agent's start, after all of it was killed, to a good answer of every
//! connector.
//!
//! The log is what the rounds left, filled up with entries like theirs by the ledger itself, as a front would.

use crate::agent::Agent;
use crate::latency::median;
use crate::problem::Problem;
use crate::site::{Places, Site};
use ledger::{Caller, Entry, Kind, Ledger};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long the log gets, in entries, unless the disk is too slow for it.
const ENTRIES: u64 = 1_000_000;
/// How long it may be filled.
const FILLING: Duration = Duration::from_secs(30);
/// How many entries share an fdatasync while it is filled.
const BATCH: usize = ledger::MAX_QUEUED / 2;
/// How often the agent is killed and started.
const STARTS: usize = 5;

/// Fills the log of an agent that has ended, and starts agents on it: how many entries there are, and the median in ms.
pub(crate) fn measure(places: &Places, site: &Site) -> Result<(u64, f64), Problem> {
    let entries = fill(places)?;
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let agent = Agent::spawn(places, site)?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        agent.kill()?;
    }
    Ok((entries, median(took)))
}

fn fill(places: &Places) -> Result<u64, Problem> {
    let log = places.state.join("ledger/log");
    let ledger =
        Ledger::open(&log).map_err(|error| Problem::Agent(format!("the log cannot be filled: {error}")))?.0;
    let end = Instant::now() + FILLING;
    while ledger.size() < ENTRIES && Instant::now() < end {
        let (done, waiting) = mpsc::channel();
        for _ in 0..BATCH {
            let done = done.clone();
            ledger.record(intent(), move |result| {
                // The receiver outlives the batch.
                let _ = done.send(result.is_ok());
            });
        }
        drop(done);
        if waiting.iter().any(|recorded| !recorded) {
            return Err(Problem::Agent("the disk does not take the log's entries".to_owned()));
        }
    }
    Ok(ledger.size())
}

/// An intent as long as the rounds' own. Nobody received what it stands for, which this log's only reader knows.
fn intent() -> Entry {
    Entry::new(Kind::Intent)
        .connector("ps256")
        .key("0123456789abcdef0123456789abcdef")
        .token("softhsm")
        .caller(Caller { uid: 1001, unit: Some("bench.service".into()) })
        .tenant("11111111-2222-3333-4444-555555555555")
        .client_id("66666666-7777-8888-9999-000000000000")
        .aud("https://login.example/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token")
        .jti("0a1b2c3d4e5f60718293a4b5c6d7e8f9")
        .exp(1_800_000_000)
        .digest("0".repeat(64))
        .message("assertion")
}
