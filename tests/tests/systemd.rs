//! What systemd sees of the agent, played by hand: listening sockets that it passes (sd_listen_fds(3)), and the states that it
//! is told of (sd_notify(3)).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tests::http::Connection;
use tests::rig::binary;
use tests::wait::PATIENCE;
use tests::{Agent, Rig};
use token::writes::CHANGE_LIMIT;

/// A shell, since only the process itself knows its id before it is the agent: the sockets come as its descriptors 0 and 1.
const START: &str = "exec 3<&0 4<&1 </dev/null >>\"$0\" 2>&1; LISTEN_PID=$$; export LISTEN_PID; exec \"$@\"";

#[test]
fn systemd_hears_of_every_state_and_the_sockets_that_it_passes_are_answered_on() {
    let rig = Rig::bare().provisioned();
    let (held_agent, held_admin) = (rig.at("held-agent"), rig.at("held-admin"));
    let sockets = [&held_admin, &held_agent].map(|path| UnixListener::bind(path).unwrap());
    let manager = Manager::at(&rig.at("notify"));
    // A caller that came before the agent waits, and is answered.
    let mut early = Connection::open(&held_agent).unwrap();
    let agent = start(&rig, sockets.each_ref(), "admin:agent");
    assert_eq!(early.send("GET", "/v1/health", b"").unwrap().status, 200);
    assert_eq!(manager.next(), "READY=1");
    agent.wait_ready();
    agent.assertion("de").ok();
    assert!(!rig.at("agent.sock").exists() && !rig.at("admin.sock").exists(), "it made sockets of its own");

    agent.signal(Signal::HUP);
    assert_eq!([manager.next(), manager.next()], ["RELOADING=1", "READY=1"]);
    // A broken configuration ends the reload as well: the old one is served.
    rig.private("kunci.toml", "[agent");
    agent.signal(Signal::HUP);
    assert_eq!([manager.next(), manager.next()], ["RELOADING=1", "READY=1"]);
    agent.assertion("de").ok();

    agent.signal(Signal::TERM);
    let stops = manager.next();
    let longest =
        stops.strip_prefix("STOPPING=1\nEXTEND_TIMEOUT_USEC=").unwrap_or_else(|| panic!("{stops:?}"));
    // What callers have asked for, and then what hosts write to their tokens: each may be a key that is being made.
    assert!(Duration::from_micros(longest.parse().unwrap()) > CHANGE_LIMIT * 2, "{longest}");
    assert!(agent.wait().success());
    // They are systemd's: callers wait on them for the next agent.
    rig.write();
    let mut early = Connection::open(&held_agent).unwrap();
    let agent = start(&rig, sockets.each_ref(), "admin:agent");
    assert_eq!(early.send("GET", "/v1/health", b"").unwrap().status, 200);
    assert_eq!(manager.next(), "READY=1");
    assert!(agent.stop().success());
}

#[test]
fn a_passed_socket_that_is_no_listening_stream_is_named_and_nothing_starts() {
    let rig = Rig::bare().provisioned();
    let (_ours, theirs) = UnixDatagram::pair().unwrap();
    let listener = UnixListener::bind(rig.at("held")).unwrap();
    let agent = start(&rig, [OwnedFd::from(theirs), listener.into()], "agent:admin");
    let output = rig.at("passed.log");
    assert!(!agent.wait().success());
    let said = fs::read_to_string(output).unwrap();
    assert!(said.contains("the socket \"agent\" that systemd passed cannot be used"), "{said}");
}

/// The service manager's end of NOTIFY_SOCKET.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// What it is told next.
    #[track_caller]
    fn next(&self) -> String {
        let mut buffer = [0; 256];
        let length = self.0.recv(&mut buffer).expect("the agent says something");
        String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned()
    }
}

/// Starts the agent with two sockets under these names.
fn start(rig: &Rig, sockets: [impl AsFd; 2], names: &str) -> Agent {
    let log = rig.at("passed.log");
    File::options().create(true).append(true).open(&log).unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", START])
        .arg(&log)
        .arg(binary("kunci-agent"))
        .arg("--config")
        .arg(rig.at("kunci.toml"));
    command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", names).env("NOTIFY_SOCKET", rig.at("notify"));
    let [first, second] = sockets.map(|socket| socket.as_fd().try_clone_to_owned().unwrap());
    let child = command.stdin(first).stdout(second).spawn().unwrap();
    Agent::of(child, log, rig.at("held-agent"), rig.at("held-admin"))
}

/// systemd says which stream is the journal's, which writes the time itself. One that was sent elsewhere is not that one.
#[test]
fn the_time_is_left_out_where_the_journal_writes_it_and_nowhere_else() {
    let rig = Rig::new();
    let log = rig.at("agent.log");
    let file = File::create(&log).unwrap().metadata().unwrap();
    let journal = format!("{}:{}", file.dev(), file.ino());
    let first = |stream: &str| {
        File::create(&log).unwrap();
        let agent = rig.spawn_with(|command| command.env("JOURNAL_STREAM", stream));
        agent.output().trim_start().chars().next().unwrap()
    };
    assert!(first(&journal).is_ascii_uppercase());
    for other in ["1:2".to_owned(), format!("{journal}0"), format!("0{journal}"), String::new()] {
        assert!(first(&other).is_ascii_digit(), "{other}");
    }
}
