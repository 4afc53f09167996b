//! What callers can cause the agent to say to its operator is bounded, and what matters is still said.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use rustix::process::Signal;
use tests::Rig;
use tests::agent::kill;
use tests::disk::Disk;
use tests::faults::handed;
use tests::wait::until_true;

/// How many connections another process writes to: journald drops a service's messages from 10,000 in half a minute on.
const FOREIGN: usize = 4_000;
/// How many lines a kind of message may have in the time that this takes, at 20 at once and one in 3 s.
const MANY: usize = 100;
/// What is said of each of them, and what is said of those that were left out.
const SAID: &str = "bytes from another process than the one that connected";
const LEFT_OUT: &str = "left_out=";

#[test]
fn thousands_of_connections_with_foreign_bytes_are_told_in_few_lines_and_all_are_counted() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    assert_eq!(handed::handed_over(&agent, FOREIGN), 0);
    let of = |line: &&str| line.contains(SAID);
    let counted = || -> usize {
        let output = agent.output();
        let (left_out, said): (Vec<_>, Vec<_>) =
            output.lines().filter(of).partition(|line| line.contains(LEFT_OUT));
        said.len() + left_out.into_iter().map(number).sum::<usize>()
    };
    until_true("all are counted", || counted() == FOREIGN);
    let lines = agent.output().lines().filter(of).count();
    println!("{FOREIGN} connections, {lines} lines");
    assert!((2..MANY).contains(&lines), "{lines}");

    // The agent's own words get through all the while.
    kill(agent.hosts()[0], Signal::KILL);
    until_true("the host's end is told", || agent.output().contains("the host ended"));
}

/// The number behind `left_out=`.
fn number(line: &str) -> usize {
    let (_, rest) = line.split_once(LEFT_OUT).unwrap();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// Requests that fail for a reason of ours are told, too, and a caller can ask without end.
#[test]
fn thousands_of_requests_that_a_full_disk_refuses_are_told_in_few_lines() {
    let rig = Rig::bare();
    let disk = Disk::memory(&rig.at("state"), "72m");
    let rig = rig.provisioned();
    let agent = rig.start();
    disk.fill();
    until_true("the disk refuses", || agent.assertion("de").status == 503);
    let mut connection = agent.connection();
    for _ in 0..FOREIGN {
        let body = tests::agent::body(tests::rig::TENANT, tests::rig::CLIENT);
        let reply = connection.send("POST", &tests::agent::assertions("de"), body.as_bytes()).unwrap();
        reply.refused(503, "ledger-unavailable");
    }
    until_true("what was left out is told", || agent.output().contains(LEFT_OUT));
    let lines = agent.output().lines().count();
    println!("{FOREIGN} requests, {lines} lines");
    assert!(lines < 3 * MANY, "{lines}");
}
