//! How the front comes up, what it does with the supervisor's words, and how it goes down.
//!
//! Order: take the configuration and the sockets, confine, open the ledger, serve. The ledger starts threads, and the
//! sandbox holds only those that are started in it; it leaves just the log and the certificates writable.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, RwLock};

use hsm_config::{Name, Tenants};
use ledger::Ledger;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::outlook::Subject;
use super::reload::{NotOpened, Tables};
use super::{Front, Supervisor, Told, confine, frozen, standing, tick, told};
use crate::front::door::Door;
use crate::http;
use crate::ipc::control::Control;
use crate::ipc::exit;
use crate::ipc::link::{FromFront, Resolved, ToFront};
use crate::keys::certificates::Store;
use crate::keys::connectors::Connectors;
use crate::keys::lifecycle::Lifecycle;
use crate::keys::posture::Exceptions;
use crate::records::clock::{Clock, Reading};
use crate::records::journal::Journal;
use crate::records::refusals::Refusals;
use crate::spine::flight::Gates;
use crate::spine::policy::Policy;
use crate::tokens::Tokens;

/// Why the front does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The supervisor is gone or spoke nonsense.
    #[error("the supervisor's words cannot be read: {0}")]
    Control(#[from] io::Error),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The supervisor's tenants are not sound.
    #[error(transparent)]
    Tenants(#[from] NotOpened),
    /// The sandbox cannot be put up.
    #[error("the front cannot confine itself: {0}")]
    Confine(#[from] confine::ConfineError),
}

impl StartError {
    /// The process's exit code.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Ledger(ledger::Error::Corrupt { .. }) => exit::CORRUPT,
            _ => 3,
        }
    }
}

struct Given {
    resolved: Resolved,
    tenants: BTreeMap<Name, Tenants>,
    frozen: Vec<Name>,
    sockets: [OwnedFd; 2],
}

/// The life of the front process.
pub fn run(control: OwnedFd) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(live(control))
}

async fn live(control: OwnedFd) -> Result<(), StartError> {
    let control = Arc::new(Control::new(control)?);
    let mut tables = Tables::default();
    let given = take(&control, &mut tables).await?;
    let state = given.resolved.config.agent.state_dir.clone();
    confine::front(&state)?;
    let (ledger, recovered) = Ledger::open(&state.join(confine::LOG))?;
    let (words, queue) = unbounded_channel();
    let kept = Store::all(&state)?;
    let front =
        Arc::new(front(&given.resolved, given.tenants, Journal::new(ledger), &recovered, kept, words));
    frozen::restore(&front, given.frozen);
    standing::remember(&front).await;
    told::tell(&front, |subject| *subject == Subject::Agent);
    let [agent, admin] = given.sockets.map(UnixListener::from);
    http::serve(front.clone(), agent, http::Surface::Agent)?;
    http::serve(front.clone(), admin, http::Surface::Admin)?;
    tokio::spawn(speak(control.clone(), queue));
    tokio::spawn(tick::run(front.clone()));
    front.supervisor.ready();
    listen(&front, &control, &mut tables).await?;
    tokio::select! {
        () = stop(&front) => {}
        // A host that was on its way may still come, for those who wait for it.
        () = listen_on(&front, &control, tables) => {}
    }
    Ok(())
}

async fn take(control: &Control, tables: &mut Tables) -> Result<Given, StartError> {
    let mut frozen = Vec::new();
    loop {
        let closed = || io::Error::from(io::ErrorKind::UnexpectedEof);
        match control.receive::<ToFront>().await?.ok_or_else(closed)? {
            (ToFront::Tenants { connector }, fds) => tables.keep(connector, fds)?,
            (ToFront::Frozen { connector }, _) => frozen.push(connector),
            (ToFront::Start, fds) => {
                let [config, agent, admin] = <[OwnedFd; 3]>::try_from(fds).map_err(|_| closed())?;
                let resolved: Resolved = token::sealed::open(config)?;
                let tenants = tables.open()?;
                return Ok(Given { resolved, tenants, frozen, sockets: [agent, admin] });
            }
            _ => return Err(closed().into()),
        }
    }
}

fn front(
    resolved: &Resolved,
    tenants: BTreeMap<Name, Tenants>,
    journal: Journal,
    recovered: &ledger::Recovered,
    kept: BTreeSet<(String, String)>,
    words: tokio::sync::mpsc::UnboundedSender<FromFront>,
) -> Front {
    let last = recovered.last_time.map(|time| time.as_nanosecond());
    Front {
        agent: resolved.config.agent.clone(),
        journal,
        clock: Clock::new(Reading::now(), last),
        tokens: Tokens::new(&resolved.config, words.clone()),
        connectors: Connectors::default(),
        kept,
        exceptions: Exceptions::default(),
        told: Told::default(),
        gates: Gates::default(),
        door: Door::new(&resolved.config),
        refusals: Refusals::default(),
        lifecycle: Mutex::new(Lifecycle::fold(
            recovered.lifecycle.iter().map(|(index, entry)| (*index, entry)),
        )),
        reloading: tokio::sync::Mutex::new(()),
        provisioning: tokio::sync::Mutex::new(()),
        supervisor: Supervisor::new(words),
        rules: RwLock::new(Arc::new(Policy::new(resolved, tenants))),
    }
}

async fn speak(control: Arc<Control>, mut queue: UnboundedReceiver<FromFront>) {
    while let Some(word) = queue.recv().await {
        if let Err(error) = control.send(&word, &[]).await {
            tracing::error!(%error, "the supervisor does not listen");
        }
    }
}

/// Follows the supervisor's words until it says stop or is gone.
async fn listen(front: &Arc<Front>, control: &Control, tables: &mut Tables) -> Result<(), StartError> {
    while let Some((word, fds)) = control.receive::<ToFront>().await? {
        match word {
            ToFront::Tenants { connector } => tables.keep(connector, fds)?,
            ToFront::Reloaded { asked, problem } => {
                let given = std::mem::take(tables);
                let front = front.clone();
                tokio::spawn(async move { given.reloaded(&front, asked, problem, fds).await });
            }
            ToFront::Lanes { token, generation } => {
                front.connectors.token_away(&token);
                front.tokens.lanes(&token, generation, fds);
            }
            ToFront::Host { token, generation, state } => standing::host(front, token, generation, state),
            ToFront::Touch { token, generation, waits } => front.tokens.touched(&token, generation, waits),
            ToFront::Unlatched { id, problem } => front.supervisor.answered(id, problem),
            ToFront::Stop => break,
            ToFront::Start | ToFront::Frozen { .. } => tracing::warn!("a second start is ignored"),
        }
    }
    Ok(())
}

/// Follows the supervisor's words for as long as somebody asks.
async fn listen_on(front: &Arc<Front>, control: &Control, mut tables: Tables) {
    if let Err(error) = listen(front, control, &mut tables).await {
        tracing::warn!(%error, "the supervisor's last words cannot be read");
    }
    std::future::pending().await
}

/// Lets answers that are on their way leave and voids what did not, then writes down what was only counted.
async fn stop(front: &Front) {
    front.door.drain(&front.gates).await;
    front.journal.settled().await;
    for (_, entry) in front.refusals.rest(std::time::Instant::now()) {
        // At a stop nobody can be told any more; the ledger logs its own failure.
        let _ = front.journal.record(entry).await;
    }
}
