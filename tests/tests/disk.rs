//! Nothing is released without a durable record: on a disk that is full, that turns read-only, that does not confirm; and
//! as system calls show it. These tests mount file systems and trace processes: run them as root.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;

use rustix::process::Signal;
use tests::agent::{assertions, body};
use tests::disk::Disk;
use tests::load::Received;
use tests::rig::{CLIENT, TENANT};
use tests::strace::Strace;
use tests::wait::{until, until_true};
use tests::{Agent, Load, Rig};

/// Room for the reserve of 64 MiB and a little more.
const SMALL: &str = "72m";
const FREEZE: &str = "/v1/connectors/de/freeze";
const THAW: &str = "/v1/connectors/de/thaw";
const REASON: &str = r#"{"reason":"the disk is full"}"#;

#[test]
fn a_full_disk_refuses_signatures_takes_a_freeze_and_costs_nothing_once_there_is_space() {
    for kind in ["tmpfs", "ext4"] {
        let rig = Rig::bare();
        let disk = match kind {
            "tmpfs" => Disk::memory(&rig.at("state"), SMALL),
            _ => Disk::ext4(&rig.at("state"), &rig.at("image"), 96),
        };
        let rig = rig.provisioned();
        let agent = rig.start();
        let mut received = vec![Received::of(&agent.assertion("de").ok())];
        let front = agent.front();
        disk.fill();
        until("the disk refuses", || {
            let reply = agent.assertion("de");
            if reply.status == 200 {
                received.push(Received::of(&reply));
            }
            (reply.status != 200).then_some(reply)
        })
        .refused(503, "ledger-unavailable");
        let frozen = agent.admin("POST", FREEZE, REASON).ok().json();
        assert_eq!(frozen["durable"], true, "{kind}: {frozen}");
        agent.assertion("de").refused(403, "connector-frozen");
        agent.admin("POST", THAW, REASON).ok();
        agent.assertion("de").refused(503, "ledger-unavailable");
        disk.free();
        received.push(Received::of(&agent.assertion("de").ok()));
        assert_eq!(agent.front(), front, "{kind}: the front did not stay up");
        assert!(agent.stop().success());
        rig.assert_recorded(&received);
    }
}

#[test]
fn an_agent_that_starts_on_a_full_disk_freezes_there_and_signs_when_there_is_space() {
    let rig = Rig::bare();
    let disk = Disk::memory(&rig.at("state"), SMALL);
    let rig = rig.provisioned();
    rig.start().stop();
    disk.fill();
    let agent = rig.spawn();
    assert_ne!(agent.assertion("de").status, 200);
    let frozen = agent.admin("POST", FREEZE, REASON).ok().json();
    assert_eq!(frozen["durable"], true, "{frozen}");
    disk.free();
    agent.admin("POST", THAW, REASON).ok();
    until_true("it signs", || agent.assertion("de").status == 200);
    assert!(agent.stop().success());
    rig.assert_whole();
}

#[test]
fn a_disk_that_turns_read_only_refuses_signatures_and_the_mended_one_has_all_that_was_released() {
    let rig = Rig::bare();
    let (state, image) = (rig.at("state"), rig.at("image"));
    let disk = Disk::ext4(&state, &image, 160);
    let rig = rig.provisioned();
    let agent = rig.start();
    let received = vec![Received::of(&agent.assertion("de").ok()), Received::of(&agent.assertion("de").ok())];
    let front = agent.front();
    disk.abort();
    for _ in 0..3 {
        agent.assertion("de").refused(503, "ledger-unavailable");
    }
    // It stays frozen in memory, and says that the disk has not got it.
    let frozen = agent.admin("POST", FREEZE, REASON).ok().json();
    assert_eq!((&frozen["frozen"], &frozen["durable"]), (&true.into(), &false.into()));
    agent.assertion("de").refused(403, "connector-frozen");
    assert_eq!(agent.front(), front, "the front did not stay up");
    drop(agent);
    disk.unmount();
    // 1: errors were corrected.
    let mended = std::process::Command::new("fsck.ext4").arg("-p").arg(&image).output().unwrap();
    assert!(matches!(mended.status.code(), Some(0 | 1)), "{mended:?}");
    let _disk = Disk::image(&state, &image);
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    rig.assert_recorded(&received);
}

#[test]
fn a_freeze_that_the_disk_refused_is_put_on_record_once_the_disk_takes_it() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let refusing =
        Strace::attach(agent.front().unwrap(), &rig.at("trace"), &["-e", "inject=pwrite64:error=EROFS"]);
    let frozen = agent.admin("POST", FREEZE, REASON).ok().json();
    assert_eq!((&frozen["frozen"], &frozen["durable"]), (&true.into(), &false.into()));
    drop(refusing);
    let on_record = || rig.entries().iter().any(|entry| entry.state.as_deref() == Some("frozen"));
    until_true("the freeze is on record", on_record);
    drop(agent);
    rig.start().assertion("de").refused(403, "connector-frozen");
}

#[test]
fn a_refused_write_is_told_and_the_next_request_works_once_the_disk_takes_writes() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let front = agent.front();
    let refusing = Strace::attach(front.unwrap(), &rig.at("trace"), &["-e", "inject=pwrite64:error=EROFS"]);
    for _ in 0..3 {
        agent.assertion("de").refused(503, "ledger-unavailable");
    }
    drop(refusing);
    let received = Received::of(&agent.assertion("de").ok());
    assert_eq!(agent.front(), front, "the front did not stay up");
    assert!(agent.stop().success());
    rig.assert_recorded(&[received]);
}

#[test]
fn a_disk_that_does_not_confirm_ends_the_front_and_nothing_is_released_without_a_record() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let front = agent.front().unwrap();
    let failing = Strace::attach(front, &rig.at("trace"), &["-e", "inject=fdatasync:error=EIO"]);
    // No answer at all is as good: the front has no longer anything to say.
    let answer = agent.connection().send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes());
    assert!(answer.as_ref().map_or(true, |reply| reply.status == 503), "{answer:?}");
    failing.until_ended(front);
    until_true("another front signs", || agent.assertion("de").status == 200);

    let load = Load::start(agent.socket(), 4);
    for round in 0..3 {
        load.until_answered(50);
        let front = agent.front().unwrap();
        let failing = Strace::attach(
            front,
            &rig.at(&format!("trace-{round}")),
            &["-e", "inject=fdatasync:error=EIO:when=3"],
        );
        failing.until_ended(front);
        until_true("another front is there", || agent.front().is_some_and(|other| other != front));
        load.until_answered(50);
    }
    let took = load.stop();
    agent.await_output("could not be made durable");
    assert!(agent.stop().success());
    rig.assert_recorded(&took.received);
}

/// The names of new files are part of what is durable, and the kernel tells such an error once.
#[test]
fn a_folder_that_the_disk_does_not_confirm_ends_the_front_too() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let front = agent.front().unwrap();
    let failing = Strace::attach(front, &rig.at("trace"), &["-e", "inject=fsync:error=EIO:when=1"]);
    let load = Load::start(agent.socket(), 4);
    failing.until_ended(front);
    until_true("another front is there", || agent.front().is_some_and(|other| other != front));
    load.until_answered(300);
    let took = load.stop();
    assert!(agent.stop().success());
    rig.assert_recorded(&took.received);
}

/// The claim of the whole ledger, in the kernel's words. It fails, as it should, where the ledger's writer answers before
/// its fdatasync (`accept` before `sync` in ledger/src/writer.rs): "sent before its entry was durable".
#[test]
fn each_response_is_sent_after_an_fdatasync_that_covers_its_entry() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let calls = "trace=pwrite64,fdatasync,write,writev,sendto,sendmsg";
    let strace = Strace::attach(agent.front().unwrap(), &rig.at("trace"), &["-e", calls]);
    let load = Load::start(agent.socket(), 4);
    load.until_answered(600);
    let took = load.stop();
    let trace = Trace::of(&strace.lines());
    for received in &took.received {
        trace.assert_durable_before_it_was_sent(received);
    }
    println!("{} responses, {} fdatasyncs", took.received.len(), trace.syncs.len());
    assert!(agent.stop().success());
    rig.assert_recorded(&took.received);
}

#[test]
fn a_stop_under_load_loses_nothing() {
    let rig = Rig::bare().provisioned();
    let before = ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures;
    let mut received = Vec::new();
    for _ in 0..5 {
        let agent: Agent = rig.start();
        let load = Load::start(agent.socket(), 8);
        load.until_answered(100);
        agent.signal(Signal::TERM);
        assert!(agent.wait().success());
        received.extend(load.stop().received);
        rig.assert_recorded(&received);
    }
    // What nobody received is voided.
    let signatures = ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures;
    assert_eq!(signatures, before + received.len() as u64);
}

#[test]
fn an_intent_whose_signature_failed_is_voided_though_the_agent_stops_at_once() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let before = ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures;
    let id = rig.entries().into_iter().find_map(|entry| entry.key).unwrap();
    rig.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", &id]);
    // The token's refusal comes long before the disk confirms the intent.
    let slow = Strace::attach(
        agent.front().unwrap(),
        &rig.at("trace"),
        &["-e", "inject=fdatasync:delay_enter=300ms"],
    );
    assert!(agent.assertion("de").status >= 500);
    assert!(agent.stop().success());
    drop(slow);
    let report = ledger::verify(&rig.log(), |_, _| {}).unwrap();
    assert_eq!((report.signatures, report.voids), (before, 1));
}

/// What strace saw of the front, by line: the kernel let no thread go on before its line was written.
#[derive(Default)]
struct Trace {
    /// Entries, by jti: the file, and the line on which the write returned.
    written: HashMap<String, (String, usize)>,
    /// Files that were synced: on which line the call began, and on which it returned 0.
    syncs: Vec<(String, usize, usize)>,
    /// Responses, by jti: the line on which sending began.
    sent: HashMap<String, usize>,
}

impl Trace {
    fn of(lines: &[String]) -> Self {
        let mut trace = Self::default();
        let mut begun: HashMap<&str, (usize, &str)> = HashMap::new();
        for (number, line) in lines.iter().enumerate() {
            let (pid, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            if let Some(call) = call.strip_suffix("<unfinished ...>") {
                begun.insert(pid, (number, call));
            } else if call.starts_with("<...") {
                if let Some((start, begun)) = begun.remove(pid) {
                    trace.call(begun, call.ends_with(" = 0"), start, number);
                }
            } else {
                trace.call(call, call.ends_with(" = 0"), number, number);
            }
        }
        trace
    }

    fn call(&mut self, call: &str, is_zero: bool, start: usize, end: usize) {
        let Some((name, arguments)) = call.split_once('(') else { return };
        let file = arguments.split_once('<').and_then(|(_, file)| file.split_once('>')).unwrap_or_default().0;
        match name {
            "pwrite64" if file.ends_with(".entries") => jtis(arguments).for_each(|jti| {
                self.written.insert(jti, (file.to_owned(), end));
            }),
            "fdatasync" if is_zero => self.syncs.push((file.to_owned(), start, end)),
            "write" | "writev" | "sendto" | "sendmsg" if arguments.contains("HTTP/1.1 200") => {
                jtis(arguments).for_each(|jti| {
                    self.sent.insert(jti, start);
                });
            }
            _ => {}
        }
    }

    #[track_caller]
    fn assert_durable_before_it_was_sent(&self, Received { log_index, jti }: &Received) {
        let (file, written) = self.written.get(jti).expect("the entry is in the trace");
        let sent = self.sent.get(jti).expect("the response is in the trace");
        let covers =
            |(synced, start, end): &(String, usize, usize)| synced == file && start > written && end < sent;
        assert!(self.syncs.iter().any(covers), "entry {log_index} was sent before its entry was durable");
    }
}

/// The jti of every JSON object in what strace printed.
fn jtis(text: &str) -> impl Iterator<Item = String> + '_ {
    let found = text.split(r#"\"jti\":\""#).skip(1);
    found.filter_map(|rest| rest.split_once('\\').map(|(jti, _)| jti.to_owned()))
}
