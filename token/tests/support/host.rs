//! The supervisor's and the front's side of one host process.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags};
use token::control::{self, HostConfig, HostState, LoginOutcome, Order, Report};
use token::lane::{self, Answer, Ask, Done, Fault, KeyReport, Work};
use token::{KeyId, KeyRef, memfd, seqpacket};

/// The longest wait for anything that a host says.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running host with one lane.
pub struct Host {
    pub control: Option<OwnedFd>,
    pub lane: OwnedFd,
    pub child: Child,
    next: Cell<u64>,
    seen: RefCell<Vec<String>>,
}

/// The body of the test that is the host's process.
pub fn be_a_host(test: &str) {
    if super::is_role(test) {
        let control = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
        panic!("the host ended: {:?}", token::host::run(control));
    }
}

impl Host {
    /// Starts a host in the test binary's `host_process`.
    pub fn start(config: HostConfig) -> Self {
        let (control, theirs) = seqpacket::pair().unwrap();
        set_socket_timeout(&control, Timeout::Recv, Some(PATIENCE)).unwrap();
        let mut command = super::again("host_process");
        command.envs(&config.token.env).stdin(Stdio::from(theirs)).stderr(Stdio::inherit());
        let child = command.spawn().unwrap();
        drop(command);
        control::send(&control, &Order::Start, &[memfd::seal(&config).unwrap().as_fd()]).unwrap();
        let lane = Self::lane(&control);
        Self { control: Some(control), lane, child, next: Cell::new(0), seen: RefCell::default() }
    }

    /// Starts a host and lets it log in.
    pub fn ready(config: HostConfig) -> Self {
        let host = Self::start(config);
        assert_eq!(host.log_in(), LoginOutcome::Accepted);
        host.await_state(|state| matches!(state, HostState::Ready { .. }));
        host
    }

    fn lane(control: &OwnedFd) -> OwnedFd {
        let (lane, theirs) = seqpacket::pair().unwrap();
        set_socket_timeout(&lane, Timeout::Recv, Some(PATIENCE)).unwrap();
        control::send(control, &Order::Lanes, &[theirs.as_fd()]).unwrap();
        lane
    }

    pub fn open_lane(&self) -> OwnedFd {
        Self::lane(self.control())
    }

    pub fn control(&self) -> &OwnedFd {
        self.control.as_ref().unwrap()
    }

    pub fn order(&self, order: &Order) {
        control::send(self.control(), order, &[]).unwrap();
    }

    pub fn report(&self) -> Report {
        let received = control::receive::<Report>(self.control());
        let Ok(Some((report, _))) = received else { panic!("{received:?} after {:#?}", self.seen.borrow()) };
        self.seen.borrow_mut().push(format!("{report:?}"));
        report
    }

    /// Waits for an attempt, allows it, and gives its outcome.
    pub fn log_in(&self) -> LoginOutcome {
        self.await_report(|report| matches!(report, Report::Attempt { .. }));
        self.order(&Order::LogIn);
        match self.await_report(|report| matches!(report, Report::Outcome { .. })) {
            Report::Outcome { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    }

    pub fn await_report(&self, wanted: impl Fn(&Report) -> bool) -> Report {
        loop {
            let report = self.report();
            if wanted(&report) {
                return report;
            }
        }
    }

    pub fn await_state(&self, wanted: impl Fn(&HostState) -> bool) -> HostState {
        match self.await_report(|report| matches!(report, Report::State(state) if wanted(state))) {
            Report::State(state) => state,
            other => panic!("{other:?}"),
        }
    }

    pub fn ask(&self, work: Work) -> Result<Done, Fault> {
        self.next.set(self.next.get() + 1);
        ask(&self.lane, self.next.get(), work)
    }

    /// Generates a connector's key; the identifier is the test's own.
    pub fn generate(&self, connector: &str, id: u8) -> KeyReport {
        match self.ask(Work::Generate { connector: connector.parse().unwrap(), id: KeyId([id; 16]) }) {
            Ok(Done::Generated(report)) => report,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the process ended, and says how.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the host does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn ask(lane: &OwnedFd, id: u64, work: Work) -> Result<Done, Fault> {
    let frame = lane::encode(&Ask { id, work }).unwrap();
    seqpacket::send(lane, &frame, &[], SendFlags::empty()).unwrap();
    let answer = receive(lane).expect("the lane was closed");
    assert_eq!(answer.id, id);
    answer.outcome
}

pub fn receive(lane: &OwnedFd) -> Option<Answer> {
    let mut buffer = vec![0; lane::MAX_ANSWER];
    match seqpacket::receive(lane, &mut buffer, &mut Vec::new(), RecvFlags::empty()).unwrap() {
        [] => None,
        frame => Some(lane::decode(frame).unwrap()),
    }
}

pub fn pin_of(report: &KeyReport) -> KeyRef {
    KeyRef { id: report.id.unwrap(), spki_sha256: report.public_key().unwrap().sha256() }
}
