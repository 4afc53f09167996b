//! The login, in the order that no PIN lock survives: attempt reported, made durable by the supervisor, C_Login once,
//! outcome reported.
//!
//! A refused PIN is not tried again until the supervisor says so; it is asked when an operator cleared the latch, or
//! when the source is another file. A source that was replaced since this process confined itself is closed to it, so
//! then the process ends and a new one takes its place.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use hsm_config::{ManagementKey, PinIdentity, PinSource, Token};

use super::token_manager::{Event, LAST_WAIT, TokenManager};
use super::unlock::Client;
use super::{end, pin, sandbox};
use crate::control::{HostState, LoginOutcome, PinOrigin, Report, Use};
use crate::lane::Fault;
use crate::pin::Pin;
use crate::pkcs11::{Anchor, Found, Module, Names};
use crate::writes::{Call, Write};

/// The wait before another look at a token that cannot be opened or did not judge a PIN, or at a PIN source that cannot
/// be used.
const WAIT: Duration = Duration::from_secs(1);

/// A PIN that the token accepted, and where it came from.
pub(super) struct Given {
    pub(super) pin: Arc<Pin>,
    pub(super) origin: PinOrigin,
}

/// A token that the process is logged in to.
pub(super) struct Login {
    pub(super) anchor: Anchor,
    /// Its PIN, where a key of ours wants it for each signature; else it is wiped by now.
    pub(super) pin: Option<Given>,
}

/// A PIN to be tried, where it came from, and who waits for the outcome.
struct Offer {
    pin: Pin,
    origin: PinOrigin,
    client: Option<Client>,
}

/// A file's device and inode; what Landlock's rules bind to.
type FileId = Option<(u64, u64)>;

/// Which files the PIN sources were, and the management key's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct PinFiles {
    user: FileId,
    officer: FileId,
    management: FileId,
}

impl PinFiles {
    /// Which files they are now; looking at one is allowed even where opening it is not.
    pub(super) fn of(token: &Token) -> Self {
        let management = token.management_key.as_ref().and_then(ManagementKey::source);
        Self {
            user: file_id(&token.pin),
            officer: token.so_pin.as_ref().and_then(file_id),
            management: management.and_then(file_id),
        }
    }

    /// Ends the process where one was replaced since: a new process is let at it.
    pub(super) fn hold(&self, token: &Token) {
        if Self::of(token) != *self {
            tracing::info!("a PIN source was replaced: the host starts again to be let at it");
            end();
        }
    }
}

/// Logs in to the token, where its login, and the PIN that is `kept` of it, are not good any more; `None` when it has to be
/// looked for again first.
pub(super) fn log_in(
    manager: &mut TokenManager,
    module: &Module,
    token: &Found,
    kept: Option<Given>,
    names: &Names,
) -> Option<Login> {
    let looks = manager.looks.clone();
    let anchor = match looks.away(|| Anchor::open(module, token)) {
        Ok(anchor) => anchor,
        Err(failure) => {
            let fault = failure.into_fault();
            manager.down(fault.clone());
            manager.report(HostState::Missing(fault.to_string()));
            manager.pause(WAIT, "the token cannot be opened");
            return None;
        }
    };
    match pin_of(manager, &anchor, &token.report.serial, kept, names) {
        Ok(pin) => Some(Login { anchor, pin }),
        Err(NotLoggedIn) => {
            // Its session closes.
            looks.away(|| drop(anchor));
            None
        }
    }
}

/// A token that took no login, or none that lasts.
struct NotLoggedIn;

/// Logs in where that is not done yet; the PIN, if a key of ours wants it each time.
fn pin_of(
    manager: &mut TokenManager,
    anchor: &Anchor,
    serial: &str,
    kept: Option<Given>,
    names: &Names,
) -> Result<Option<Given>, NotLoggedIn> {
    let looks = manager.looks.clone();
    let is_logged_in = || looks.away(|| anchor.is_logged_in().unwrap_or(false));
    if is_logged_in() {
        return Ok(kept);
    }
    drop(kept);
    let given = give_pin(manager, serial, |_| Ok(()), |pin, write| anchor.login(write, pin));
    let given = given.ok_or(NotLoggedIn)?;
    // A module may say so, or that somebody is logged in already, and be wrong: then it is looked at again.
    if is_logged_in() {
        let labels: Vec<_> = manager.shared.config.uses.iter().map(Use::label).collect();
        let is_wanted = looks.away(|| anchor.has_key_that_wants_pin(names, &labels));
        return Ok(is_wanted.then_some(given));
    }
    manager.pause(WAIT, "the token did not take a login");
    Err(NotLoggedIn)
}

/// Gives a token its PIN by `login`, once it `fits`; `None` where it was not accepted, after a while.
pub(super) fn give_pin(
    manager: &mut TokenManager,
    serial: &str,
    fits: impl FnOnce(&Pin) -> Result<(), Fault>,
    login: impl FnOnce(&Pin, &Write) -> LoginOutcome,
) -> Option<Given> {
    let offer = match &manager.shared.config.token.pin.clone() {
        PinSource::Prompt => await_client(manager)?,
        source => read_source(manager, source)?,
    };
    if let Err(fault) = fits(&offer.pin) {
        return turn_down(manager, offer.client, fault);
    }
    let serial = serial.to_owned();
    // Until the outcome is told: an attempt that nobody tells the end of can latch the token.
    let write = Write::begin(Call::Login);
    manager.send(&Report::Attempt { serial: serial.clone(), source: offer.origin.clone() });
    if let Some(why) = latched(manager, &serial, &write) {
        drop(write);
        latch(manager, offer.client, &offer.origin, why);
        return None;
    }
    let outcome = login(&offer.pin, &write);
    manager.send(&Report::Outcome { serial, outcome: outcome.clone() });
    drop(write);
    match outcome {
        LoginOutcome::Accepted => {
            offer.client.into_iter().for_each(Client::accept);
            Some(Given { pin: Arc::new(offer.pin), origin: offer.origin })
        }
        LoginOutcome::Refused(code) => {
            let why = refused(manager, &code);
            latch(manager, offer.client, &offer.origin, why);
            None
        }
        // Whether a PIN whose fate is unclear may be tried again is the supervisor's to say, at the next attempt.
        LoginOutcome::NotJudged(why) | LoginOutcome::Unclear(why) => {
            not_taken(manager, offer.client, &why, "the token did not judge the PIN")
        }
        LoginOutcome::NotGiven(why) => not_taken(manager, offer.client, &why, "the PIN was not given"),
    }
}

/// Tells of a PIN that is neither accepted nor refused, and waits before the token is looked for again.
fn not_taken(manager: &mut TokenManager, client: Option<Client>, why: &str, what: &str) -> Option<Given> {
    manager.down(Fault::Device(why.into()));
    client.into_iter().for_each(|client| client.refuse(why));
    manager.report(HostState::NoPin(format!("{what}: {why}")));
    manager.pause(WAIT, "the token did not take a login");
    None
}

/// What came of a PIN, and what to do about it.
pub(super) fn refused(manager: &TokenManager, code: &str) -> String {
    let name = &manager.shared.config.name;
    format!("the token refused the PIN ({code}): see to the PIN, then run `kunci token unlatch {name}`")
}

/// A PIN that is not even tried.
fn turn_down(manager: &mut TokenManager, client: Option<Client>, fault: Fault) -> Option<Given> {
    manager.down(fault.clone());
    client.into_iter().for_each(|client| client.refuse(&fault.to_string()));
    manager.report(match fault {
        Fault::Refused(why) => HostState::Refused(why),
        other => HostState::NoPin(other.to_string()),
    });
    manager.pause(LAST_WAIT, "the PIN is not tried");
    None
}

/// Waits for the word on the attempt: the reason, if the latch is shut. Where no word can come any more, no try was spent.
pub(super) fn latched(manager: &TokenManager, serial: &str, write: &Write) -> Option<String> {
    loop {
        match manager.inbox.recv() {
            Ok(Event::LogIn) if write.begins() => return None,
            Ok(Event::Latched(why)) => return Some(why),
            Ok(Event::Unlock(client)) => Client::new(client).refuse("another PIN is being tried"),
            Ok(Event::Leave | Event::LogIn) | Err(_) => {
                let outcome = LoginOutcome::NotGiven("the host leaves".into());
                manager.send(&Report::Outcome { serial: serial.into(), outcome });
                end()
            }
            Ok(_) => {}
        }
    }
}

/// Waits until an operator clears the latch or replaces the source; then the supervisor is asked again.
pub(super) fn latch(manager: &mut TokenManager, client: Option<Client>, origin: &PinOrigin, why: String) {
    manager.down(Fault::Latched(why.clone()));
    client.into_iter().for_each(|client| client.refuse(&why));
    manager.report(HostState::Latched(why));
    let shared = Arc::clone(&manager.shared);
    let first = format!("latched: run `kunci token unlatch {}` first", shared.config.name);
    while !is_replaced(&shared.config.token.pin, origin)
        && !matches!(manager.pause(LAST_WAIT, &first), Some(Event::Retry))
    {}
}

fn read_source(manager: &mut TokenManager, source: &PinSource) -> Option<Offer> {
    manager.pin_files.hold(&manager.shared.config.token);
    match pin::read(source) {
        Ok((pin, identity)) => Some(Offer { pin, origin: PinOrigin::Source(identity), client: None }),
        Err(fault) => {
            manager.down(fault.clone());
            manager.report(HostState::NoPin(fault.to_string()));
            manager.pause(WAIT, "the PIN comes from a file or credential");
            None
        }
    }
}

fn await_client(manager: &mut TokenManager) -> Option<Offer> {
    manager.down(Fault::Locked);
    manager.report(HostState::Locked);
    match manager.inbox.recv_timeout(LAST_WAIT) {
        Ok(Event::Unlock(connection)) => {
            let mut client = Client::new(connection);
            match client.pin() {
                Ok(pin) => Some(Offer { pin, origin: PinOrigin::Prompt, client: Some(client) }),
                Err(why) => {
                    client.refuse(&why);
                    None
                }
            }
        }
        // Nothing came: the token is looked for again, since it may have gone meanwhile.
        _ => None,
    }
}

fn file_id(source: &PinSource) -> FileId {
    let file = std::fs::metadata(sandbox::pin_path(source)?).ok()?;
    Some((file.dev(), file.ino()))
}

/// Whether the source is another file, or of another time, than the one that was tried. A file that is missing is not
/// replaced yet, and what a person typed never is.
fn is_replaced(source: &PinSource, tried: &PinOrigin) -> bool {
    let (Some(path), PinOrigin::Source(tried)) = (sandbox::pin_path(source), tried) else { return false };
    std::fs::metadata(path).is_ok_and(|file| {
        let mtime_ns = file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec());
        PinIdentity { device: file.dev(), inode: file.ino(), mtime_ns } != *tried
    })
}
