//! The token manager: the one thread that looks after module, token and login.
//!
//! It finds a module's token by its URI (a YubiKey: [`super::yubikey`]), logs in once ([`super::login`]), publishes it to the
//! lanes, watches it ([`super::pkcs11`]), and starts over when it is gone. A token that comes back must have the serial number of before. The module is loaded
//! again at most once in [`RELOAD_EVERY`], since that may reset a device.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use hsm_config::{Pkcs11Uri, Reach};

use super::hint::Sight;
use super::login::PinFiles;
use super::pin_reauth::ReauthRequest;
use super::session_pool::SessionPool;
use super::shared::{Shared, State};
use super::unlock::Client;
use super::watchdog::Looks;
use super::{end, gone, hint, initialise, login};
use crate::control::{self, HostState, Known, Report, Seen};
use crate::lane::{Fault, TokenReport};
use crate::pkcs11::{Class, Failure, Found, Module, Names};

/// The first wait for a token that is not there.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait for it, and how often a served token is looked at: with a login and a survey after it, a token that
/// is back signs within five seconds.
pub(super) const LAST_WAIT: Duration = Duration::from_secs(3);
/// How often a module may be loaded again to see a token come back.
const RELOAD_EVERY: Duration = Duration::from_secs(30);
/// The same where all its tokens are software and nothing can be reset.
const SOFT_RELOAD_EVERY: Duration = Duration::from_secs(1);

/// What the token manager hears.
pub(super) enum Event {
    /// No order comes any more: this process leaves.
    Leave,
    /// The attempt is durable: log in.
    LogIn,
    /// The latch is shut.
    Latched(String),
    /// The latch was cleared.
    Retry,
    /// A client of `unlock.sock`.
    Unlock(OwnedFd),
    /// A lane saw the token behave strangely.
    Health(HealthEvent),
    /// A lane wants to give the token its PIN once more, and waits for leave.
    Verify(ReauthRequest),
    /// A lane was asked to initialise a blank token, and waits for the answer.
    Initialise(Sender<Result<TokenReport, Fault>>),
}

/// What a lane suspects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HealthEvent {
    /// The token is gone.
    Gone,
    /// The token may be gone, or another: a key is not on it, or the login is lost.
    Changed,
    /// The module is beyond help.
    Broken,
    /// A key wants the PIN for its signatures, which was wiped after the login.
    WantsPin,
}

/// The token manager's own state.
pub(super) struct TokenManager {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Receiver<Event>,
    /// The PINs' files when the sandbox was put up.
    pub(super) pin_files: PinFiles,
    pub(super) looks: Looks,
    pub(super) control: Arc<OwnedFd>,
    reported: Option<HostState>,
    pub(super) serial: Option<String>,
    /// The token that was there last, whoever served it.
    pub(super) known: Option<Known>,
    reloaded: Option<Instant>,
    soft: bool,
    broken: Option<Fault>,
    pub(super) generation: u64,
    pub(super) reloads: u64,
}

impl TokenManager {
    pub(super) fn new(
        shared: Arc<Shared>,
        control: Arc<OwnedFd>,
        inbox: Receiver<Event>,
        pin_files: PinFiles,
        looks: Looks,
    ) -> Self {
        let known = shared.config.known.clone();
        Self {
            known,
            shared,
            inbox,
            pin_files,
            looks,
            control,
            reported: None,
            serial: None,
            reloaded: None,
            soft: false,
            broken: None,
            generation: 0,
            reloads: 0,
        }
    }

    /// Serves the token until the process ends.
    pub(super) fn keep(mut self) {
        self.report(HostState::Starting);
        let shared = Arc::clone(&self.shared);
        match shared.config.token.reach() {
            Some(Reach::Pkcs11 { module, uri }) => self.keep_module(module, uri),
            #[cfg(feature = "piv")]
            Some(Reach::YubikeyPiv { serial }) => self.keep_yubikey(serial),
            #[cfg(not(feature = "piv"))]
            Some(Reach::YubikeyPiv { .. }) => {
                self.fail("it was built without YubiKeys (cargo feature piv)".into(), Sight::Other)
            }
            None => self.fail("the token's configuration is incomplete".into(), Sight::Other),
        }
    }

    fn keep_module(mut self, path: &Path, uri: &Pkcs11Uri) -> ! {
        // It gets the PIN, so nobody but root and we may say what it is.
        if let Err(fault) = hsm_config::check_module(path) {
            let why = format!("{} is not loaded: {}; {}", path.display(), fault.what, fault.help);
            self.fail(why, Sight::Other);
        }
        let module = match Module::load(path) {
            Ok(module) => module,
            Err(failure) => {
                let sight = Sight::of(&failure);
                let why = format!("{} does not load: {}", path.display(), text(failure));
                self.fail(gone::before(why, &self.shared.config.token, self.known.as_ref()), sight)
            }
        };
        let sessions = Arc::new(SessionPool::new(Names::of(&self.shared.config.token)));
        let (mut gone, mut kept) = (false, None);
        loop {
            let token = self.await_token(&module, uri, gone);
            self.down(Fault::Starting);
            let Some(mut login) = login::log_in(&mut self, &module, &token, kept.take(), &sessions.names)
            else {
                gone = false;
                continue;
            };
            gone = self.serve(&module, uri, &token, &mut login, &sessions);
            kept = login.pin.filter(|_| !gone);
            // Its session closes.
            self.looks.away(|| drop(login.anchor));
        }
    }

    /// Tells the supervisor of a change.
    pub(super) fn report(&mut self, state: HostState) {
        if self.reported.as_ref() != Some(&state) {
            self.send(&Report::State(state.clone()));
            self.reported = Some(state);
        }
    }

    /// Sends a report. Without a supervisor there is nothing to live for.
    pub(super) fn send(&self, report: &Report) {
        if control::send(self.control.as_fd(), report, &[]).is_err() {
            end();
        }
    }

    /// The token is there.
    pub(super) fn sees(&mut self, serial: &str) {
        let seen = jiff::Timestamp::now();
        let seen = jiff::Timestamp::from_second(seen.as_second()).unwrap_or(seen).to_string();
        self.known = Some(Known { serial: serial.into(), seen: Seen::Last(seen), doubt: None });
    }

    /// Lets the lanes answer with a fault.
    pub(super) fn down(&self, fault: Fault) {
        self.shared.down(fault);
    }

    /// Waits for an event that ends the wait early; clients who want to unlock are turned away.
    pub(super) fn pause(&self, wait: Duration, why_locked_out: &str) -> Option<Event> {
        let until = Instant::now() + wait;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Event::Unlock(client)) => Client::new(client).refuse(why_locked_out),
                Ok(event @ (Event::Retry | Event::Initialise(_) | Event::Health(HealthEvent::Broken))) => {
                    return Some(event);
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => end(),
            }
        }
    }

    fn await_token(&mut self, module: &Module, uri: &Pkcs11Uri, mut gone: bool) -> Found {
        let mut wait = FIRST_WAIT;
        loop {
            let failure = match self.look(module, uri, gone) {
                Ok(token) => return token,
                Err(Failure::Code(Class::Module, code)) => self.fail(code, Sight::Other),
                Err(failure) => failure,
            };
            let sight = self.looks.away(|| Sight::of_search(&failure, module, uri, &|| self.looks.next()));
            let hint = self.hint(sight);
            let fault = gone::told(failure.into_fault(), &self.shared.config.token, self.known.as_ref());
            self.down(fault.clone());
            self.report(match &fault {
                Fault::NoUserPin(_) => HostState::NoPin(fault.to_string()),
                _ => HostState::Missing(fault.to_string() + &hint),
            });
            if gone {
                let event = self.pause(wait, "the token is not there");
                wait = if event.is_some() { FIRST_WAIT } else { (wait * 2).min(LAST_WAIT) };
                if let Some(Event::Initialise(lane)) = event {
                    // A lane whose front is gone does not wait any more; the token is made all the same.
                    let _ = lane.send(initialise::initialise(self, module, uri));
                }
            }
            gone = true;
        }
    }

    /// Looks for the token, in a module loaded again if the token was gone and the time has come.
    fn look(&mut self, module: &Module, uri: &Pkcs11Uri, gone: bool) -> Result<Found, Failure> {
        let looks = self.looks.clone();
        if gone && looks.away(|| self.may_reload(module)) {
            self.broken = self.reload(module).err();
        }
        match &self.broken {
            Some(fault) => Err(fault.clone().into()),
            None => looks.away(|| self.find(module, uri)),
        }
    }

    /// The token that the URI means, if it is the one of before.
    pub(super) fn find(&self, module: &Module, uri: &Pkcs11Uri) -> Result<Found, Failure> {
        let token = module.find(uri, &|| self.looks.next())?;
        match &self.serial {
            Some(serial) if *serial != token.report.serial => {
                let found = &token.report.serial;
                Err(Fault::TokenAmbiguous(format!("serial {found} is there, {serial} was served before"))
                    .into())
            }
            // With so_pin, `kunci token init` is how it gets one. Without, it is tried: some modules do not keep this flag.
            _ if !token.has_user_pin && self.shared.config.token.so_pin.is_some() => {
                Err(Fault::NoUserPin(self.shared.config.name.clone()).into())
            }
            _ => Ok(token),
        }
    }

    fn may_reload(&mut self, module: &Module) -> bool {
        if let Ok(listing) = module.list_by(&|| self.looks.next()) {
            self.soft =
                !listing.tokens.is_empty() && listing.tokens.iter().all(|token| token.report.software);
        }
        let every = if self.soft { SOFT_RELOAD_EVERY } else { RELOAD_EVERY };
        self.reloaded.is_none_or(|reloaded| reloaded.elapsed() >= every)
    }

    fn reload(&mut self, module: &Module) -> Result<(), Fault> {
        tracing::info!("loading the module again");
        self.reloaded = Some(Instant::now());
        let shared = Arc::clone(&self.shared);
        // The writing side: no lane is in a call of the module while it is loaded again.
        let mut state = shared.change();
        self.reloads += 1;
        // Lanes may have been waited for, by a limit of their own: what counts against the module is its call.
        let reloaded = self.looks.away(|| module.reload());
        let reloaded = reloaded
            .map_err(|failure| Fault::TokenMissing(format!("the module does not start: {}", text(failure))));
        let looking = Fault::TokenMissing("the module was loaded again to look for it".into());
        *state = State::Down(reloaded.clone().err().unwrap_or(looking));
        reloaded
    }

    fn hint(&self, sight: Sight) -> String {
        let was_served = self.serial.is_some() || (self.known.is_some() && sight != Sight::NotStarted);
        hint::after(&self.shared.config, was_served, sight)
    }

    /// Ends the process, since only a new one can help.
    pub(super) fn fail(&mut self, why: String, sight: Sight) -> ! {
        let why = why + &self.hint(sight);
        tracing::error!(why, "the host ends");
        self.report(HostState::Failed(why));
        end()
    }
}

fn text(failure: Failure) -> String {
    match failure {
        Failure::Code(_, code) => code,
        Failure::Fault(fault) => fault.to_string(),
    }
}
