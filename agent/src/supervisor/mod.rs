//! The supervisor: reads the configuration, opens sockets, starts the front and a host for each token, starts them
//! again, keeps the PIN latches. It stays unconfined, since sandboxes are inherited, and so it stays tiny: it parses
//! nothing from callers, and from its children only a few names and numbers.
//!
//! One thread and one queue of events. Nothing waits for a child; only its own files make it wait.

pub mod asked;
mod backoff;
mod checkpoints;
mod child;
mod durable;
mod ending;
mod front;
mod host;
mod hosts;
mod latch;
mod load_timeout;
mod loaded_config;
mod logins;
mod reload;
mod resolve;
mod serial_registry;
mod signals;
mod signed;
mod state;
mod stop;
mod unlock;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use hsm_config::{Name, Problems};
use sd_notify::NotifyState;
use token::confine;
use token::control::{HostConfig, LedgerUse, Report};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::checkpoints::published::BEHIND;
use crate::ipc::link::FromFront;
use crate::ipc::sockets::{Activation, Listener, SocketError};
use asked::Asked;
use child::News;
use front::Front;
use host::Host;
use latch::{Store, StoreError};
use loaded_config::LoadedConfig;
use logins::{HostId, Logins};
use serial_registry::SerialRegistry;
use signals::{Signal, Signals};
use signed::SignedHeads;
use state::{StateDir, StateError};
use stop::Stage;

/// How many events may wait; a child that has more to say waits itself.
const EVENTS: usize = 256;
/// How often to look for hung hosts and for outcomes that are not on disk.
const TICK: Duration = Duration::from_millis(500);

/// How the agent was started.
#[derive(Debug)]
pub struct Options {
    /// The configuration.
    pub config: PathBuf,
    /// The folder of a private agent's sockets; such an agent ends with its standard input.
    pub private: Option<PathBuf>,
}

/// Why the agent ended.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum Failure {
    /// The configuration or a tenants file is broken.
    Configuration(#[from] Problems),
    /// The state directory cannot be used.
    State(Box<dyn std::error::Error + Send + Sync>),
    /// There is no socket to listen on.
    Socket(#[from] SocketError),
    /// The system refused.
    #[error("the agent cannot run: {0}")]
    System(#[from] io::Error),
    /// The ledger is damaged; the front has said where.
    #[error(
        "the ledger is damaged, so the agent does not run; run `kunci log verify`, move its folder aside for the auditors, and restore a copy that is not older"
    )]
    Corrupt,
    /// The ledger does not begin with what was signed of it; the front has said how far each goes.
    #[error("the ledger does not go on from its last checkpoint, so the agent does not run. {BEHIND}")]
    Behind,
    /// A private agent's front did not come up.
    #[error("the agent's front did not start ({0})")]
    Front(ExitStatus),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::State(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::State(error.into())
    }
}

/// What happens.
enum Event {
    Front(u64, News<FromFront>),
    Host(HostId, News<Report>),
    FrontDue,
    HostDue(Name),
    Unlock(Name, OwnedFd),
    Reload(OwnedFd),
}

/// Everything that the supervisor holds.
struct Supervisor {
    options: Options,
    loaded: LoadedConfig,
    sockets: Sockets,
    logins: Logins,
    signed: SignedHeads,
    front: Front,
    hosts: BTreeMap<Name, Host>,
    inbox: mpsc::Sender<Event>,
    asked: Asked,
    announced: bool,
    stage: Stage,
    failed: Option<Failure>,
    /// Held to the end, so that no second agent uses the same state.
    state: StateDir,
}

/// The sockets that we listen on.
struct Sockets {
    agent: Listener,
    admin: Listener,
    _unlock: Vec<Listener>,
    _reload: Option<Listener>,
}

/// Runs the agent until it is told to stop.
pub fn run(options: Options) -> Result<(), Failure> {
    // It holds no secret, but whoever traced it could have it start a host to their taste.
    confine::undumpable().and_then(|()| confine::no_core()).map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let signals = Signals::new(options.private.is_some())?;
        let (inbox, events) = mpsc::channel(EVENTS);
        let mut supervisor = Supervisor::new(options, inbox)?;
        supervisor.start();
        supervisor.serve(events, signals).await
    })
}

impl Supervisor {
    fn new(options: Options, inbox: mpsc::Sender<Event>) -> Result<Self, Failure> {
        let loaded = LoadedConfig::load(&options)?;
        let state = StateDir::open(&loaded.config().agent.state_dir)?;
        let hosts = loaded.hosts();
        let logins = Logins::new(Store::open(state.latches())?, SerialRegistry::new(&hosts));
        let sockets = Sockets::open(&loaded, options.private.is_some(), &inbox)?;
        let unusable =
            |error| io::Error::other(format!("{} cannot be used: {error}", state.signed().display()));
        let signed = SignedHeads::open(state.signed()).map_err(unusable)?;
        let known = |host: HostConfig| HostConfig {
            known: logins.known(&host.name),
            ledger: LedgerUse { keys: signed.keys(), ..host.ledger },
            ..host
        };
        let hosts = hosts.into_iter().map(known);
        let hosts = hosts.map(|host| (host.name.clone(), Host::new(host))).collect();
        Ok(Self {
            options,
            loaded,
            sockets,
            logins,
            signed,
            front: Front::default(),
            hosts,
            inbox,
            asked: Asked::default(),
            announced: false,
            stage: Stage::default(),
            failed: None,
            state,
        })
    }

    fn start(&mut self) {
        let tokens: Vec<Name> = self.hosts.keys().cloned().collect();
        tokens.iter().for_each(|token| self.start_host(token));
        self.start_front();
    }

    async fn serve(mut self, mut events: mpsc::Receiver<Event>, mut signals: Signals) -> Result<(), Failure> {
        let mut tick = tokio::time::interval(TICK);
        // One look after a machine stood still, not one for each that was missed.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.failed.is_none() {
            tokio::select! {
                Some(event) = events.recv() => self.on(event),
                _ = tick.tick() => self.look(),
                signal = signals.next() => match signal {
                    Signal::Reload => self.reload_asked(None),
                    Signal::Stop => break,
                },
            }
        }
        self.stop(&mut events).await;
        self.failed.map_or(Ok(()), Err)
    }

    fn on(&mut self, event: Event) {
        match event {
            Event::Front(epoch, news) => self.front_news(epoch, news),
            Event::Host(id, news) => self.host_news(&id, news),
            Event::FrontDue if self.stage == Stage::Serving => self.start_front(),
            Event::HostDue(token) if self.stage < Stage::Ending => self.start_host(&token),
            Event::FrontDue | Event::HostDue(_) => {}
            Event::Unlock(token, client) => self.unlock(&token, client),
            Event::Reload(client) => self.reload_asked(Some(client)),
        }
    }

    /// Looks for what no event tells.
    fn look(&mut self) {
        self.look_after_hosts();
        self.logins.flush();
    }

    fn later(&self, wait: Duration, event: Event) {
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // Nobody listens any more when the supervisor is at its end.
            let _ = inbox.send(event).await;
        });
    }

    /// Tells whoever started us that we serve.
    fn announce(&mut self) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        tracing::info!("serving");
        notify(&[NotifyState::Ready]);
        if self.options.private.is_some() {
            let mut client = io::stdout();
            // A client that is gone shows by the end of standard input.
            let _ = client.write_all(b"ready\n").and_then(|()| client.flush());
        }
    }
}

impl Sockets {
    fn open(loaded: &LoadedConfig, private: bool, inbox: &mpsc::Sender<Event>) -> Result<Self, SocketError> {
        let agent = &loaded.config().agent;
        let mut passed = if private { Activation::none() } else { Activation::from_env() };
        let mut listen = |name, path, mode: hsm_config::Mode| match passed.take(name)? {
            Some(listener) => Ok(listener),
            None => Listener::bind(path, mode.bits()),
        };
        let (callers, admins) = (
            listen("agent", &agent.socket, agent.socket_mode)?,
            listen("admin", &agent.admin_socket, agent.admin_mode)?,
        );
        let unlock = loaded.unlock_sockets().into_iter();
        let unlock = unlock.map(|(token, path)| {
            unlock::listen(&path, inbox.clone(), unlock::refusal, move |client| {
                Event::Unlock(token.clone(), client)
            })
        });
        let unlock = unlock.collect::<Result<_, _>>()?;
        let reload = if private { None } else { Self::reload(&agent.reload_socket(), inbox) };
        Ok(Self { agent: callers, admin: admins, _unlock: unlock, _reload: reload })
    }

    /// Nobody is kept waiting for signatures because nobody can ask for a reload.
    fn reload(path: &Path, inbox: &mpsc::Sender<Event>) -> Option<Listener> {
        let told =
            |error: &SocketError| tracing::warn!(%error, "nobody can ask here for a reload, but by SIGHUP");
        unlock::listen(path, inbox.clone(), asked::refusal, Event::Reload).inspect_err(told).ok()
    }
}

/// Tells systemd, if it listens.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
