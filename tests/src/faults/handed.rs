//! A connection that is used by another process than the one that opened it: handed over, or by a successor with the same
//! process id. Nothing may come back, however often it is tried.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::row::Row;
use crate::agent::{assertions, body, request};
use crate::caller::caller;
use crate::hand::{ANSWERED, pass, take};
use crate::rig::{CLIENT, TENANT};
use crate::{Agent, Rig};

/// The names of the rows.
pub const HANDED: &str = "a connection handed to another process";
pub const REUSED: &str = "a connection used by a process with the same id as the one that opened it";
/// How often `make faults` tries each.
pub const TRIES: usize = 10_000;
/// Where the kernel says which process id it gave last; the next is the one after it.
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";
/// How often a process id may go to a stranger before a try is given up.
const STRANGERS: usize = 100;

/// A connection that was handed over, tried so many times.
pub fn handed(tries: usize) -> Row {
    row(HANDED, tries, handed_over)
}

/// A connection whose opener ended, used by a process with the same id, tried so many times.
pub fn reused(tries: usize) -> Row {
    row(REUSED, tries, |agent, tries| (0..tries).filter(|_| succeeded(agent)).count())
}

/// An answer counts as released without a record: the log names another process's right.
fn row(kind: &str, tries: usize, answered: impl Fn(&Agent, usize) -> usize) -> Row {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let before = rig.entries().len();
    let released_unrecorded = answered(&agent, tries);
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    assert_eq!(rig.entries().len(), before + 1, "something was recorded for another process");
    Row { runs: tries, released_unrecorded, ..Row::new(kind) }
}

/// How many of so many connections, opened by us and then used by another process, were answered to that one.
pub fn handed_over(agent: &Agent, tries: usize) -> usize {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut child = with_socket(Command::new(caller()).args(["--handed-many", &asking()]), theirs);
    let answered = (0..tries).filter(|_| {
        pass(&ours, UnixStream::connect(agent.socket()).unwrap());
        let mut said = [0];
        ours.read_exact(&mut said).unwrap();
        said == [ANSWERED]
    });
    let answered = answered.count();
    drop(ours);
    assert!(child.wait().unwrap().success());
    answered
}

/// Opens a connection by a process that ends, and uses it by one that has the same process id; whether it was answered.
fn succeeded(agent: &Agent) -> bool {
    for _ in 0..STRANGERS {
        let (pid, connection) = opened(agent.socket());
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new(caller());
        command.arg("--handed").stdout(Stdio::piped());
        fs::write(LAST_PID, (pid - 1).to_string()).expect("who chooses process ids is root");
        let mut successor = with_socket(&mut command, theirs);
        pass(&ours, connection);
        ours.write_all(asking().as_bytes()).unwrap();
        drop(ours);
        let mut answer = String::new();
        successor.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
        let is_same = successor.id() == pid;
        assert!(successor.wait().unwrap().success());
        if is_same {
            return answer.starts_with("HTTP/1.1 200");
        }
    }
    panic!("process {STRANGERS} went to others as well");
}

/// A connection, and the process that opened it, which has ended.
fn opened(socket: &Path) -> (u32, OwnedFd) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut first = with_socket(Command::new(caller()).arg("--connect").arg(socket), theirs);
    let connection = take(ours.as_fd()).expect("a connection comes");
    assert!(first.wait().unwrap().success());
    (first.id(), connection)
}

fn with_socket(command: &mut Command, socket: UnixStream) -> Child {
    let child = command.stdin(OwnedFd::from(socket)).spawn().unwrap();
    // The command keeps our copy of the socket open else.
    command.stdin(Stdio::null());
    child
}

fn asking() -> String {
    String::from_utf8(request("POST", &assertions("de"), &body(TENANT, CLIENT))).unwrap()
}
