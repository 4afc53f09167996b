//! The login, in the order that no PIN lock survives: attempt reported, made durable by the supervisor, C_Login once,
//! outcome reported.
//!
//! A refused PIN is not tried again until the supervisor says so. A source that was replaced since this process
//! confined itself is closed to it, so then the process ends and a new one takes its place.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use hsm_config::PinSource;

use super::keeper::{Event, Keeper, LAST_WAIT};
use super::unlock::Client;
use super::{end, pin, sandbox};
use crate::control::{HostState, LoginOutcome, PinOrigin, Report};
use crate::lane::Fault;
use crate::pkcs11::{Anchor, Found, Module, Pin};

/// The wait between looks at a token that cannot be opened and at a PIN source that cannot be used.
const WAIT: Duration = Duration::from_secs(1);

/// A PIN, where it came from, and who waits for the outcome.
struct Given {
    pin: Pin,
    origin: PinOrigin,
    client: Option<Client>,
}

/// A file's device and inode; what Landlock's rules bind to.
pub(super) type FileId = Option<(u64, u64)>;

/// Logs in to the token; `None` when it has to be looked for again first.
pub(super) fn log_in(keeper: &mut Keeper, module: &Module, token: &Found) -> Option<Anchor> {
    let anchor = match Anchor::open(module, token) {
        Ok(anchor) => anchor,
        Err(failure) => {
            let fault = failure.into_fault();
            keeper.down(module, fault.clone());
            keeper.report(HostState::Missing(fault.to_string()));
            keeper.pause(WAIT, "the token cannot be opened");
            return None;
        }
    };
    if anchor.is_logged_in().unwrap_or(false) {
        return Some(anchor);
    }
    let given = match &keeper.shared.config.token.pin.clone() {
        PinSource::Prompt => await_client(keeper, module)?,
        source => read_source(keeper, module, source)?,
    };
    let serial = token.report.serial.clone();
    keeper.send(&Report::Attempt { serial: serial.clone(), source: given.origin });
    if let Some(why) = latched(keeper) {
        return latch(keeper, module, given.client, why);
    }
    let outcome = anchor.login(given.pin);
    keeper.send(&Report::Outcome { serial, outcome: outcome.clone() });
    match outcome {
        LoginOutcome::Accepted => {
            given.client.into_iter().for_each(Client::accept);
            Some(anchor)
        }
        LoginOutcome::Refused(why) => latch(keeper, module, given.client, why),
        LoginOutcome::NotJudged(why) => {
            keeper.down(module, Fault::Device(why.clone()));
            given.client.into_iter().for_each(|client| client.refuse(&why));
            keeper.report(HostState::NoPin(format!("the token did not judge the PIN: {why}")));
            keeper.pause(LAST_WAIT, "the token did not take a login");
            None
        }
    }
}

/// Waits for the word on the attempt: the reason, if the latch is shut.
fn latched(keeper: &Keeper) -> Option<String> {
    loop {
        match keeper.inbox.recv() {
            Ok(Event::LogIn) => return None,
            Ok(Event::Latched(why)) => return Some(why),
            Ok(Event::Unlock(client)) => Client::new(client).refuse("another PIN is being tried"),
            Ok(Event::Retry | Event::Suspect(_)) => {}
            Err(_) => end(),
        }
    }
}

/// Waits until an operator clears the latch.
fn latch(keeper: &mut Keeper, module: &Module, client: Option<Client>, why: String) -> Option<Anchor> {
    keeper.down(module, Fault::Latched(why.clone()));
    client.into_iter().for_each(|client| client.refuse(&why));
    keeper.report(HostState::Latched(why));
    while !matches!(keeper.pause(LAST_WAIT, "latched: run kunci token unlatch first"), Some(Event::Retry)) {}
    None
}

fn read_source(keeper: &mut Keeper, module: &Module, source: &PinSource) -> Option<Given> {
    if file_id(source) != keeper.pin_file {
        tracing::info!("the PIN source was replaced: the host starts again to be let at it");
        end();
    }
    match pin::read(source) {
        Ok((pin, identity)) => Some(Given { pin, origin: PinOrigin::Source(identity), client: None }),
        Err(fault) => {
            keeper.down(module, fault.clone());
            keeper.report(HostState::NoPin(fault.to_string()));
            keeper.pause(WAIT, "the PIN comes from a file or credential");
            None
        }
    }
}

fn await_client(keeper: &mut Keeper, module: &Module) -> Option<Given> {
    keeper.down(module, Fault::Locked);
    keeper.report(HostState::Locked);
    match keeper.inbox.recv_timeout(LAST_WAIT) {
        Ok(Event::Unlock(connection)) => {
            let mut client = Client::new(connection);
            match client.pin() {
                Some(pin) => Some(Given { pin, origin: PinOrigin::Prompt, client: Some(client) }),
                None => {
                    client.refuse("no PIN of 1 to 256 bytes and a newline came in 30 s");
                    None
                }
            }
        }
        // Nothing came: the token is looked for again, since it may have gone meanwhile.
        _ => None,
    }
}

/// Which file a source is; looking at it is allowed even where opening it is not.
pub(super) fn file_id(source: &PinSource) -> FileId {
    let path = sandbox::pin_path(source)?;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
