//! A host: the process that alone sees one token's module and PIN, from its first order to its end.
//!
//! The main thread takes orders, the [`keeper`] looks after module, token and login, each lane has a thread of its
//! own, and the [`mourner`] ends the process with its supervisor: a module that hangs while it is being loaded can hold
//! up every thread that allocates or starts another, but not one that only polls. The process is confined before the
//! module is loaded. No thread ever logs out.

mod desks;
mod hint;
mod initialise;
mod keeper;
mod lane;
mod leave;
mod login;
mod mourner;
mod pin;
#[cfg(feature = "piv")]
mod porter;
mod remedy;
mod sandbox;
mod served;
mod shared;
mod unlock;
mod work;
#[cfg(feature = "piv")]
mod yubikey;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use rustix::process::{Signal, getpid, kill_process};

use crate::confine::ConfineError;
use crate::control::{self, HostConfig, HostState, Order, Report};
use crate::sealed;
use keeper::{Event, Keeper};
use mourner::Looks;
use shared::Shared;

pub use sandbox::enter as confine;

/// The stack of every thread, in bytes: modules run on it, and it costs only as much as they touch.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Why a host could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The control socket failed, or spoke another language.
    #[error("the supervisor's orders cannot be read: {0}")]
    Control(#[from] io::Error),
    /// The first order was not to start.
    #[error("the first order was not to start; a host is started by kunci-agent only")]
    NotStarted,
    /// The process could not confine itself, so the module was not loaded.
    #[error("the host does not run unconfined: {0}")]
    Confine(#[from] ConfineError),
}

/// Serves one token until the supervisor is gone. Blocking; call it in a process of its own with one thread.
pub fn run(control: OwnedFd) -> Result<(), HostError> {
    let config = match control::receive(&control)? {
        Some((Order::Start, fds)) => {
            sealed::open::<HostConfig>(fds.into_iter().next().ok_or(HostError::NotStarted)?)?
        }
        _ => return Err(HostError::NotStarted),
    };
    let control = Arc::new(control);
    serve(config, &control).inspect_err(|error| {
        // Whoever asks for the token is told, not only whoever reads the log.
        let why = Report::State(HostState::Failed(error.to_string()));
        let _ = control::send(&control, &why, &[]);
    })
}

fn serve(config: HostConfig, control: &Arc<OwnedFd>) -> Result<(), HostError> {
    // Before the sandbox binds to the file that is there now: a file that replaces it must never pass for it.
    let pin_files = login::PinFiles::of(&config.token);
    sandbox::enter(&config)?;
    end_with_a_panic();
    let looks = Looks::default();
    mourner::start(control, &looks, config.token.deadline)?;
    let (events, inbox) = mpsc::channel();
    let shared = Arc::new(Shared::new(config, events.clone()));
    let keeper = Keeper::new(Arc::clone(&shared), Arc::clone(control), inbox, pin_files, looks);
    start("keeper", move || keeper.keep())?;
    take_orders(control, &shared, &events)
}

/// A thread that panics takes the process with it: what a module said that nobody thought of is as good as a crash, and a
/// host without its keeper would look alive.
fn end_with_a_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        end()
    }));
}

/// Ends this process as no hanging module can prevent.
pub(crate) fn end() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    // Not reached: SIGKILL cannot be held up.
    std::process::abort()
}

fn take_orders(control: &OwnedFd, shared: &Arc<Shared>, events: &Sender<Event>) -> Result<(), HostError> {
    loop {
        let (order, fds) = match control::receive(control) {
            Ok(Some(received)) => received,
            Ok(None) | Err(_) => end(),
        };
        let event = match order {
            Order::Start => continue,
            Order::Lanes => {
                open_lanes(shared, fds)?;
                continue;
            }
            Order::LogIn => Some(Event::LogIn),
            Order::Latched(why) => Some(Event::Latched(why)),
            Order::Retry => Some(Event::Retry),
            Order::Unlock => fds.into_iter().next().map(Event::Unlock),
        };
        if event.is_some_and(|event| events.send(event).is_err()) {
            // The keeper is gone, and with it all that this process is for.
            end();
        }
    }
}

fn open_lanes(shared: &Arc<Shared>, lanes: Vec<OwnedFd>) -> Result<(), HostError> {
    for lane in lanes {
        let shared = Arc::clone(shared);
        start("lane", move || lane::serve(&lane, &shared))?;
    }
    Ok(())
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(body).map(|_| ())
}
