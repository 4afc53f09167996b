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
const PUBLISHES: &str = "LEDGER_TEST_CHILD_PUBLISHES";
const ROUNDS: u64 = 40;
/// How many records the child keeps waiting at once.
const WAITING: u64 = 16;

/// Not a test by itself: the body of the child process.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let (ledger, recovered) = Ledger::open(dir.as_ref()).unwrap();
    let (ledger, start) = (Arc::new(ledger), recovered.size * 1_000);
    if std::env::var(PUBLISHES).is_ok() {
        let ledger = ledger.clone();
        std::thread::spawn(move || publish_on_and_on(&ledger));
    }
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

/// Tells each size once its checkpoint is published.
fn publish_on_and_on(ledger: &Ledger) {
    let key = LogKey::new();
    loop {
        let size = publish(ledger, &key).head().size;
        std::io::stdout().write_all(format!("\npub {size}\n").as_bytes()).unwrap();
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

/// Lets a child publish so many checkpoints, kills it, and gives the size of the last one that it told.
fn publish_and_kill(dir: &std::path::Path, checkpoints: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .env(PUBLISHES, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut seen, mut last) = (0, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(size) = line.unwrap().strip_prefix("pub ") {
            (seen, last) = (seen + 1, size.parse().unwrap());
        }
        if seen == checkpoints {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(seen >= checkpoints, "the child ended by itself after {seen}");
    last
}

#[test]
fn a_kill_at_any_point_leaves_a_checkpoint_that_a_copy_and_the_next_start_find_true() {
    if std::env::var(CHILD).is_ok() {
        return;
    }
    let dir = folder();
    for round in 0..12 {
        let told = publish_and_kill(dir.path(), 1 + (round * 2_654_435_761) % 23);
        // As the kill left it: nobody has mended anything.
        let copy = folder();
        copy_published(dir.path(), copy.path());
        let report = verify(&Reader::open(copy.path()).unwrap(), |_, _| {}).unwrap();
        assert_eq!(report.damage, [], "round {round}");
        assert!(report.size >= told, "round {round}: {} and {told}", report.size);
        let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
        drop(ledger);
        let checkpoint = recovered.checkpoint.unwrap().head();
        assert_eq!((checkpoint.size, Some(checkpoint.root)), (report.size, report.root), "round {round}");
        let report = verify(&Reader::open(dir.path()).unwrap(), |_, _| {}).unwrap();
        assert_eq!(report.damage, [], "round {round}");
    }
}
