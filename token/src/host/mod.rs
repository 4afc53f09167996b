//! A host: the process that alone sees one token's module and PIN, from its first order to its end.
//!
//! The main thread takes orders, the [`token_manager`] looks after module, token and login, each lane has a thread of its
//! own, and the [`watchdog`] ends the process with its supervisor: a module that hangs while it is being loaded can hold
//! up every thread that allocates or starts another, but not one that only polls. The process is confined before the
//! module is loaded. No thread ever logs out.
//!
//! It leaves when its orders end, whether the supervisor ended them or is gone itself; and nothing ends it amid a call that
//! may write to the token ([`writes`]).

mod backend;
#[cfg(feature = "piv")]
mod card_context;
mod gone;
mod hint;
mod initialise;
mod lane;
mod ledger;
mod ledger_gate;
mod login;
mod pin;
mod pin_reauth;
mod pkcs11;
mod recovery;
mod sandbox;
mod session_pool;
mod shared;
mod token_manager;
mod unlock;
mod watchdog;
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
use crate::{memfd, writes};
use shared::Shared;
use token_manager::{Event, TokenManager};
use watchdog::Looks;

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
    let Some((Order::Start, fds)) = control::receive(&control)? else { return Err(HostError::NotStarted) };
    let mut fds = fds.into_iter();
    let config = memfd::open::<HostConfig>(fds.next().ok_or(HostError::NotStarted)?)?;
    fds.next().into_iter().for_each(|board| writes::show(board, config.token.deadline));
    // Held to the end: see [`Order::Start`].
    let _lock = fds.next();
    writes::heed(control.try_clone()?);
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
    let looks = Looks::new(config.token.deadline);
    watchdog::start(control, &looks)?;
    let (events, inbox) = mpsc::channel();
    let shared = Arc::new(Shared::new(config, Arc::clone(control), events.clone()));
    let manager = TokenManager::new(Arc::clone(&shared), Arc::clone(control), inbox, pin_files, looks);
    start("token-manager", move || manager.keep())?;
    // From here on a call may be under way in another thread, which a return from main would end.
    take_orders(control, &shared, &events)
}

/// A thread that panics takes the process with it: what a module said that nobody thought of is as good as a crash, and a
/// host without its token manager would look alive.
fn end_with_a_panic() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        end()
    }));
}

/// Ends this process as no hanging module can prevent: once no call of another thread is under way that may write to the
/// token, or each is over its limit.
pub(crate) fn end() -> ! {
    writes::leave();
    while writes::hold_up() {
        thread::sleep(writes::POLL_INTERVAL);
    }
    kill()
}

fn kill() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    // Not reached: SIGKILL cannot be held up.
    std::process::abort()
}

fn take_orders(control: &OwnedFd, shared: &Arc<Shared>, events: &Sender<Event>) -> ! {
    while let Ok(Some((order, fds))) = control::receive(control) {
        let event = match order {
            Order::Start => continue,
            Order::Lanes => {
                if let Err(error) = open_lanes(shared, fds) {
                    tracing::error!(%error, "the lanes cannot be opened, and the host ends");
                    break;
                }
                continue;
            }
            Order::LogIn => Some(Event::LogIn),
            Order::Latched(why) => Some(Event::Latched(why)),
            Order::Retry => Some(Event::Retry),
            Order::Ruled { number, refusal } => {
                shared.ledger_gate.ruled(number, refusal);
                continue;
            }
            Order::Unlock => fds.into_iter().next().map(Event::Unlock),
        };
        if event.is_some_and(|event| events.send(event).is_err()) {
            // The token manager is gone, and with it all that this process is for.
            break;
        }
    }
    // One that waits for leave to log in gets none any more.
    let _ = events.send(Event::Leave);
    end()
}

fn open_lanes(shared: &Arc<Shared>, lanes: Vec<OwnedFd>) -> io::Result<()> {
    for lane in lanes {
        let shared = Arc::clone(shared);
        start("lane", move || lane::serve(&lane, &shared))?;
    }
    Ok(())
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(body).map(|_| ())
}
