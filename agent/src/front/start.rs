//! How the front comes up, and how it goes down.
//!
//! Order: take the configuration and the sockets, confine, open the ledger, serve. The ledger starts threads, and the
//! sandbox holds only those that are started in it; it leaves just the log and the certificates writable.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use hsm_config::{Name, Tenants};
use ledger::Ledger;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use super::outlook::Subject;
use super::parts::Parts;
use super::reload::{NotOpened, Tables};
use super::words::{listen, listen_on, speak};
use super::{Front, activation, confine, frozen, maintenance, told};
use crate::checkpoints::published::{self, NotHeld};
use crate::checkpoints::signer;
use crate::http;
use crate::ipc::control::Control;
use crate::ipc::exit;
use crate::ipc::link::{Resolved, Signed, ToFront};
use crate::keys::certificates::Store;

/// Why the front does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The supervisor is gone or spoke nonsense.
    #[error("the supervisor's words cannot be read: {0}")]
    Control(#[from] io::Error),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The ledger is not the one that checkpoints were signed of.
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
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
            Self::Ledger(error) | Self::NotHeld(NotHeld::Ledger(error)) if error.is_damage() => exit::CORRUPT,
            Self::NotHeld(NotHeld::Behind { .. }) => exit::BEHIND,
            _ => 3,
        }
    }
}

struct Given {
    resolved: Resolved,
    tenants: BTreeMap<Name, Tenants>,
    frozen: Vec<Name>,
    signed: Option<Signed>,
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
    let (words, queue) = unbounded_channel();
    let ledger = Ledger::open(&state.join(confine::LOG))?;
    let signed = given.signed;
    signed.iter().try_for_each(|signed| published::hold(&ledger.0, signed.last))?;
    let shown = published::shown(&ledger.0, signed.as_ref(), &given.resolved.config.ledger.origin);
    let parts = Parts {
        resolved: &given.resolved,
        tenants: given.tenants,
        ledger,
        checkpoints: (signed, shown),
        kept: Store::all(&state)?,
        words,
    };
    let front = Arc::new(Front::new(parts));
    frozen::restore(&front, given.frozen);
    activation::remember(&front).await;
    told::tell(&front, |subject| *subject == Subject::Agent);
    let [agent, admin] = given.sockets.map(UnixListener::from);
    http::serve(front.clone(), agent, http::Surface::Agent)?;
    http::serve(front.clone(), admin, http::Surface::Admin)?;
    tokio::spawn(speak(control.clone(), queue));
    tokio::spawn(maintenance::run(front.clone()));
    let signing = tokio::spawn(signer::run(front.clone()));
    front.supervisor.ready();
    listen(&front, &control, &mut tables).await?;
    tokio::select! {
        () = stop(&front, signing) => {}
        // A host that was on its way may still come, for those who wait for it.
        () = listen_on(&front, &control, tables) => {}
    }
    Ok(())
}

async fn take(control: &Control, tables: &mut Tables) -> Result<Given, StartError> {
    let (mut frozen, mut signed) = (Vec::new(), None);
    loop {
        let closed = || io::Error::from(io::ErrorKind::UnexpectedEof);
        match control.receive::<ToFront>().await?.ok_or_else(closed)? {
            (ToFront::Tenants { connector }, fds) => tables.keep(connector, fds)?,
            (ToFront::Frozen { connector }, _) => frozen.push(connector),
            (ToFront::Signed { signed: last }, _) => signed = Some(last),
            (ToFront::Start, fds) => {
                let [config, agent, admin] = <[OwnedFd; 3]>::try_from(fds).map_err(|_| closed())?;
                let resolved: Resolved = token::memfd::open(config)?;
                let tenants = tables.open()?;
                return Ok(Given { resolved, tenants, frozen, signed, sockets: [agent, admin] });
            }
            _ => return Err(closed().into()),
        }
    }
}

/// Lets answers that are on their way leave and voids what did not, then writes down what was only counted, and has all of it signed.
async fn stop(front: &Arc<Front>, signing: JoinHandle<()>) {
    front.shutdown.drain(&front.gates).await;
    front.journal.settled().await;
    for (_, entry) in front.refusals.rest(std::time::Instant::now()) {
        // At a stop nobody can be told any more; the ledger logs its own failure.
        let _ = front.journal.record(entry).await;
    }
    signer::finish(front, signing).await;
}
