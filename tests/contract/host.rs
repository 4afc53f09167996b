//! The supervisor's and the front's side of one host process, `kunci-agent host`, as it is installed.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{RecvFlags, SendFlags};
use tests::rig::binary;
use token::control::{self, HostConfig, HostState, LoginOutcome, Order, Report};
use token::lane::{self, Answer, Ask, Done, Fault, KeyReport, TokenReport, Work};
use token::{KeyId, KeyRef, Message, memfd, seqpacket};

/// How long a host may be silent: a module that is loaded anew every half minute may need two of these to see its token.
const PATIENCE: Duration = Duration::from_secs(150);
/// What a host has of its supervisor's environment; all else is the token's.
const ENVIRONMENT: [&str; 3] = ["PATH", "LANG", "KUNCI_LOG"];

/// A running host with one lane.
pub(crate) struct Host {
    control: OwnedFd,
    lane: Lane,
    child: Child,
    heard: RefCell<Vec<String>>,
}

impl Host {
    /// Starts a host; it does not log in unless it is told so.
    pub(crate) fn start(config: &HostConfig, inside: impl Fn(Command) -> Command) -> Self {
        let (control, theirs) = seqpacket::pair().unwrap();
        set_socket_timeout(&control, Timeout::Recv, Some(PATIENCE)).unwrap();
        let mut command = Command::new(binary("kunci-agent"));
        command.args(["host", config.name.as_str()]).env_clear().env("KUNCI_LOG", "warn");
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(&config.token.env);
        let mut command = inside(command);
        let child = command.stdin(theirs).stdout(Stdio::null()).spawn().unwrap();
        drop(command);
        control::send(&control, &Order::Start, &[memfd::seal(config).unwrap().as_fd()]).unwrap();
        let lane = Lane::open(&control);
        Self { control, lane, child, heard: RefCell::default() }
    }

    /// Lets it log in and waits until it serves.
    pub(crate) fn ready(self) -> Self {
        assert_eq!(self.log_in(), LoginOutcome::Accepted);
        self.await_state(|state| matches!(state, HostState::Ready { .. }));
        self
    }

    /// One more lane.
    pub(crate) fn open_lane(&self) -> Lane {
        Lane::open(&self.control)
    }

    /// Says a word of the supervisor's.
    pub(crate) fn order(&self, order: &Order) {
        control::send(&self.control, order, &[]).unwrap();
    }

    /// What the host says next; none when it is gone.
    pub(crate) fn report(&self) -> Option<Report> {
        let heard = control::receive::<Report>(&self.control);
        let heard = heard.unwrap_or_else(|error| panic!("{error} after {:?}", self.heard.borrow()));
        let (report, _) = heard?;
        self.heard.borrow_mut().push(format!("{report:?}"));
        Some(report)
    }

    /// Waits for an attempt, allows it, and gives its outcome.
    pub(crate) fn log_in(&self) -> LoginOutcome {
        self.await_report(|report| matches!(report, Report::Attempt { .. }));
        self.order(&Order::LogIn);
        match self.await_report(|report| matches!(report, Report::Outcome { .. })) {
            Report::Outcome { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    }

    /// Hears the host until it says this.
    pub(crate) fn await_report(&self, wanted: impl Fn(&Report) -> bool) -> Report {
        loop {
            match self.report() {
                Some(report) if wanted(&report) => return report,
                Some(_) => {}
                None => panic!("the host is gone after {:?}", self.heard.borrow()),
            }
        }
    }

    /// Hears the host until it is in this state.
    pub(crate) fn await_state(&self, wanted: impl Fn(&HostState) -> bool) {
        self.await_report(|report| matches!(report, Report::State(state) if wanted(state)));
    }

    /// One question on the host's first lane.
    pub(crate) fn ask(&self, work: Work) -> Result<Done, Fault> {
        self.lane.ask(work)
    }

    /// One question, which may need the PIN given once more: each attempt is allowed meanwhile.
    pub(crate) fn ask_with_leave(&self, work: Work) -> Result<Done, Fault> {
        let asked = self.lane.send(work)?;
        while !self.lane_is_heard() {
            match self.report() {
                Some(Report::Attempt { .. }) => self.order(&Order::LogIn),
                Some(_) => {}
                None => break,
            }
        }
        self.lane.receive(asked)
    }

    /// One question about the ledger's key: each of the host's own questions meanwhile gets this word, and is told.
    pub(crate) fn ask_ruled(&self, work: Work, refusal: Option<&str>) -> (Result<Done, Fault>, Vec<Report>) {
        let mut told = Vec::new();
        let asked = match self.lane.send(work) {
            Ok(asked) => asked,
            Err(fault) => return (Err(fault), told),
        };
        while !self.lane_is_heard() {
            match self.report() {
                Some(Report::Attempt { .. }) => self.order(&Order::LogIn),
                Some(report) => {
                    if let Report::Checkpoint { number, .. } | Report::LedgerKey { number, .. } = &report {
                        self.order(&Order::Ruled { number: *number, refusal: refusal.map(str::to_owned) });
                        told.push(report);
                    }
                }
                None => break,
            }
        }
        (self.lane.receive(asked), told)
    }

    /// Whether an answer is there; false where the host says something else first.
    fn lane_is_heard(&self) -> bool {
        let [answer, report] = [&self.lane.socket, &self.control];
        let mut fds = [PollFd::new(answer, PollFlags::IN), PollFd::new(report, PollFlags::IN)];
        let patience = Timespec::try_from(PATIENCE).unwrap();
        poll(&mut fds, Some(&patience)).unwrap();
        !fds[0].revents().is_empty() || fds[1].revents().is_empty()
    }

    /// Asks for a signature of a connector's key.
    pub(crate) fn sign(&self, connector: &str, key: KeyRef, message: Message) -> Result<Done, Fault> {
        self.lane.sign(connector, key, message)
    }

    /// The identifier for a connector's key that is about to be made.
    pub(crate) fn identify(&self, connector: &str) -> Result<KeyId, Fault> {
        match self.ask(Work::Identify { connector: connector.parse().unwrap() })? {
            Done::Identifier(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    /// Generates a connector's key under this identifier.
    pub(crate) fn generate(&self, connector: &str, id: KeyId) -> Result<KeyReport, Fault> {
        match self.ask_with_leave(Work::Generate { connector: connector.parse().unwrap(), id })? {
            Done::Generated(report) => Ok(report),
            other => panic!("{other:?}"),
        }
    }

    /// The keys that the host sees on its token.
    pub(crate) fn survey(&self) -> Vec<KeyReport> {
        match self.ask(Work::Survey { from: 0 }) {
            Ok(Done::Survey(_, keys)) => keys,
            other => panic!("{other:?}"),
        }
    }

    /// What the host says of its token.
    pub(crate) fn token(&self) -> TokenReport {
        match self.ask(Work::Survey { from: 0 }) {
            Ok(Done::Survey(token, _)) => token,
            other => panic!("{other:?}"),
        }
    }

    /// Hears the host until its token is served, and allows each login until then.
    pub(crate) fn await_login(&self) {
        self.await_report(|report| {
            if matches!(report, Report::Attempt { .. }) {
                self.order(&Order::LogIn);
            }
            matches!(report, Report::State(HostState::Ready { .. }))
        });
    }

    /// Whether it said that it could not go on; then it is gone.
    pub(crate) fn has_failed(&self) -> bool {
        self.heard.borrow().last().is_some_and(|report| report.contains("Failed"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The front's end of a lane.
pub(crate) struct Lane {
    socket: OwnedFd,
    asked: Cell<u64>,
}

impl Lane {
    fn open(control: &OwnedFd) -> Self {
        let (socket, theirs) = seqpacket::pair().unwrap();
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).unwrap();
        control::send(control, &Order::Lanes, &[theirs.as_fd()]).unwrap();
        Self { socket, asked: Cell::new(0) }
    }

    /// One question and its answer.
    pub(crate) fn ask(&self, work: Work) -> Result<Done, Fault> {
        let asked = self.send(work)?;
        self.receive(asked)
    }

    fn send(&self, work: Work) -> Result<u64, Fault> {
        self.asked.set(self.asked.get() + 1);
        let frame = lane::encode(&Ask { id: self.asked.get(), work })?;
        seqpacket::send(&self.socket, &frame, &[], SendFlags::empty()).unwrap();
        Ok(self.asked.get())
    }

    fn receive(&self, asked: u64) -> Result<Done, Fault> {
        let mut buffer = vec![0; lane::MAX_ANSWER];
        let answer = seqpacket::receive(&self.socket, &mut buffer, &mut Vec::new(), RecvFlags::empty());
        match answer.unwrap() {
            [] => panic!("the lane was closed"),
            frame => {
                let Answer { id, outcome } = lane::decode(frame).unwrap();
                assert_eq!(id, asked);
                outcome
            }
        }
    }

    /// Asks for a signature of a connector's key.
    pub(crate) fn sign(&self, connector: &str, key: KeyRef, message: Message) -> Result<Done, Fault> {
        self.ask(Work::Sign { connector: connector.parse().unwrap(), key, message })
    }
}
