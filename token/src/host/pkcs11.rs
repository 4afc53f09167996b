//! The token manager while a token of a PKCS#11 module is served: it publishes the token to the lanes, looks after it, and
//! gives its PIN to keys that want it for each signature.
//!
//! A PIN that was refused then is wiped, and the process ends once another may be tried: only a new one can log in anew,
//! since no thread ever logs out.

use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;

use hsm_config::Pkcs11Uri;

use super::backend::{Backend, Served};
use super::hint::Sight;
use super::login::Login;
use super::pin_reauth::{PinBroker, ReauthOutcome, ReauthRequest};
use super::session_pool::{LoggedIn, SessionPool};
use super::shared::{Serving, Shared};
use super::token_manager::{Event, HealthEvent, LAST_WAIT, TokenManager};
use super::unlock::Client;
use super::{end, login, work};
use crate::control::HostState;
use crate::lane::{Fault, Work};
use crate::pkcs11::{Anchor, ContextLogin, Failure, Found, Module};

/// A token of a module, and the sessions on it.
struct Sessions {
    at: LoggedIn,
    pool: Arc<SessionPool>,
}

impl Backend for Sessions {
    fn answer(&self, shared: &Shared, work: &Work) -> Served {
        let mut session = match self.pool.take(&self.at, shared.config.token.deadline / 2) {
            Ok(session) => session,
            Err(failure) => {
                let class = failure.class();
                return Served { outcome: Err(failure.into_fault()), class };
            }
        };
        let outcome = work::serve(shared, &mut session.token, work);
        let class = session.token.take_suspicion();
        self.pool.put(session);
        if outcome == Err(Fault::Locked) {
            shared.report_health(HealthEvent::WantsPin);
        }
        Served { outcome, class }
    }

    fn close_idle(&self) {
        self.pool.close_idle(&self.at);
    }
}

impl TokenManager {
    /// Serves the token until it changes; whether it is gone.
    pub(super) fn serve(
        &mut self,
        module: &Module,
        uri: &Pkcs11Uri,
        token: &Found,
        login: &mut Login,
        sessions: &Arc<SessionPool>,
    ) -> bool {
        self.generation += 1;
        self.serial = Some(token.report.serial.clone());
        self.sees(&token.report.serial);
        let broker = Arc::new(PinBroker::new(self.shared.events()));
        broker.begin();
        let context_login = login.pin.is_some().then(|| {
            let broker: Arc<PinBroker> = Arc::clone(&broker);
            Arc::new(ContextLogin::new(module, token.slot, broker))
        });
        let at = LoggedIn {
            module: module.clone(),
            slot: token.slot,
            context_login: context_login.clone(),
            generation: self.generation,
            reloads: self.reloads,
        };
        let backend = Arc::new(Sessions { at, pool: Arc::clone(sessions) });
        self.shared.serve(Serving { backend, generation: self.generation });
        self.report(HostState::Ready { serial: token.report.serial.clone() });
        // A look could use up the login of a signature; and a token that takes one is there.
        let is_busy = || context_login.as_deref().is_some_and(ContextLogin::is_under_way);
        let look = |manager: &Self, anchor: &Anchor| manager.is_as_before(module, uri, token, anchor);
        let gone = self.watch(&token.report.serial, login, is_busy, look);
        broker.end();
        gone
    }

    /// Looks after a token that is served, by `look` whenever something may have happened to it.
    fn watch(
        &mut self,
        serial: &str,
        login: &mut Login,
        is_busy: impl Fn() -> bool,
        look: impl Fn(&Self, &Anchor) -> Result<bool, Failure>,
    ) -> bool {
        loop {
            match self.inbox.recv_timeout(LAST_WAIT) {
                Ok(Event::Health(HealthEvent::Broken)) => {
                    self.fail("the module failed beyond help".into(), Sight::Other)
                }
                Ok(Event::Health(HealthEvent::Gone)) => return true,
                Ok(Event::Health(HealthEvent::WantsPin)) => {
                    start_over("a key wants its PIN for each signature")
                }
                Ok(Event::Unlock(client)) => Client::new(client).refuse("the token is unlocked already"),
                Ok(Event::Verify(lane)) if self.lets(serial, login, &lane) => {}
                Err(RecvTimeoutError::Timeout) if is_busy() => {}
                Ok(Event::Health(_) | Event::Verify(_)) | Err(RecvTimeoutError::Timeout) => {
                    match self.looks.take(|| look(self, &login.anchor)) {
                        Ok(true) => {
                            self.sees(serial);
                            self.shared.is_as_before();
                        }
                        Ok(false) => return false,
                        Err(_) => return true,
                    }
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => end(),
            }
        }
    }

    /// Lets a lane give the PIN once more; whether the token took it. A PIN that was refused is wiped, and there is no
    /// other way to be given one than to log in anew.
    fn lets(&mut self, serial: &str, login: &mut Login, lane: &ReauthRequest) -> bool {
        let Some(given) = &login.pin else { return false };
        match self.reauthenticate(serial, given, lane) {
            ReauthOutcome::Accepted => true,
            ReauthOutcome::NotJudged => false,
            ReauthOutcome::Latched(why) => {
                let origin = given.origin.clone();
                login.pin = None;
                login::latch(self, None, &origin, why);
                start_over("the token may be given a PIN again")
            }
        }
    }

    fn is_as_before(
        &self,
        module: &Module,
        uri: &Pkcs11Uri,
        token: &Found,
        anchor: &Anchor,
    ) -> Result<bool, Failure> {
        self.shared.looked();
        let now = self.find(module, uri)?;
        Ok(now.slot == token.slot && now.report.serial == token.report.serial && anchor.is_logged_in()?)
    }
}

/// Ends the process: only a new one can log in anew, since no thread ever logs out.
fn start_over(why: &str) -> ! {
    tracing::info!("{why}: the host starts again to log in");
    end()
}
