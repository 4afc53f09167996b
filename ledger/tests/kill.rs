//! A process that is killed while it writes: no acknowledged entry is lost, wherever the kill falls.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::{Arc, mpsc},
};

use common::*;
use ledger::{Ledger, Reader, verify};

const CHILD: &str = "LEDGER_TEST_CHILD_DIR";
const ROUNDS: u64 = 40;
/// How many records the child keeps waiting at once.
const WAITING: u64 = 16;

/// Not a test by itself: the body of the child process.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let (ledger, recovered) = Ledger::open(dir.as_ref()).unwrap();
    let (ledger, start) = (Arc::new(ledger), recovered.size * 1_000);
    let (tell, told) = mpsc::channel();
    for number in start.. {
        if number >= start + WAITING {
            told.recv().unwrap();
        }
        let tell = tell.clone();
        ledger.record(intent(number), move |durable| {
            let index = durable.unwrap().index();
            // One write a line: the pipe keeps what was written before the kill.
            std::io::stdout().write_all(format!("\nack {index} j{number}\n").as_bytes()).unwrap();
            tell.send(()).unwrap();
        });
    }
}

/// Lets a child write until it acknowledged so many, kills it, and adds what it acknowledged.
fn write_and_kill(dir: &std::path::Path, acks: u64, acknowledged: &mut HashMap<u64, String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let [Some("ack"), Some(index), Some(jti)] = std::array::from_fn({
            let mut words = line.split(' ');
            move |_| words.next()
        }) {
            acknowledged.insert(index.parse().unwrap(), jti.to_owned());
            seen += 1;
        }
        if seen == acks {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= acks, "the child ended by itself after {seen}");
}

#[test]
fn a_kill_at_any_point_loses_no_acknowledged_entry() {
    if std::env::var(CHILD).is_ok() {
        return;
    }
    let dir = folder();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        // Uneven counts, so that kills fall on both sides of bundle ends and of marks.
        let acks = 1 + (round * 2_654_435_761) % 700;
        write_and_kill(dir.path(), acks, &mut acknowledged);
        let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
        drop(ledger);
        let reader = Reader::open(dir.path()).unwrap();
        assert_eq!(reader.size().unwrap(), recovered.size);
        let found: HashMap<u64, String> =
            reader.entries(0).map(|item| item.unwrap()).map(|(i, entry)| (i, entry.jti.unwrap())).collect();
        for (index, jti) in &acknowledged {
            assert_eq!(found.get(index), Some(jti), "round {round}, entry {index}");
        }
        assert_eq!(verify(&reader, |_, _| {}).unwrap().damage, [], "round {round}");
    }
}
