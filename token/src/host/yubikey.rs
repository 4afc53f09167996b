//! The token manager of a YubiKey: finds it by its serial number, has its PIN given once, publishes it to the lanes, watches
//! it.
//!
//! Whatever happens to the card, to the reader or to pcscd, it is closed and opened again. It is served only after it
//! was found to have no factory secret, which no try of any secret is spent on.

use std::os::unix::fs::MetadataExt;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::backend::{Backend, Served};
use super::card_context::CardContext;
use super::login::{self, Given};
use super::pin_reauth::ReauthOutcome;
use super::shared::{Serving, Shared};
use super::token_manager::{Event, FIRST_WAIT, HealthEvent, LAST_WAIT, TokenManager};
use super::unlock::Client;
use super::{end, gone, sandbox, work};
use crate::control::{HostState, LoginOutcome};
use crate::lane::{Fault, Work};
use crate::pin::Pin;
use crate::piv::{Card, FactorySecret, PivToken, Search};
use crate::writes::Write;

/// How often a card that is served is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Why a card is not initialised here.
const NO_INIT: &str = "a YubiKey is made ready with ykman: docs/how-to/use-a-yubikey.md says how";

/// The card, of which there is one, as the lanes have it in turns.
impl Backend for Mutex<PivToken> {
    fn answer(&self, shared: &Shared, work: &Work) -> Served {
        let mut card = self.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = work::serve(shared, &mut *card, work);
        Served { outcome, class: card.take_suspicion() }
    }
}

impl TokenManager {
    /// Serves the YubiKey until the process ends.
    pub(super) fn keep_yubikey(mut self, serial: u32) -> ! {
        let (control, events) = (Arc::clone(&self.control), self.shared.events());
        let (name, token) = (self.shared.config.name.clone(), self.shared.config.token.clone());
        let context = Arc::new(CardContext::new((name, serial), control, events, token, self.pin_files));
        let service = service();
        let mut search = Search::new(serial);
        loop {
            self.await_card(&context, &mut search, service);
            self.down(Fault::Starting);
            if self.is_fit(&context)
                && let Some(given) = self.give_pin(&context)
            {
                self.serve_card(&context, &given);
            }
            context.keep(None);
            self.down(Fault::Starting);
            self.looks.away(|| context.cell.close());
        }
    }

    /// Opens the card, however long that takes.
    fn await_card(&mut self, context: &CardContext, search: &mut Search, service: Service) {
        let mut wait = FIRST_WAIT;
        loop {
            let looks = self.looks.clone();
            let opened = looks.away(|| {
                search.open(|fault| {
                    let fault = gone::told(fault.clone(), &self.shared.config.token, self.known.as_ref());
                    self.down(fault.clone());
                    self.report(HostState::Missing(fault.to_string()));
                })
            });
            let fault = match opened {
                Ok(card) => return context.cell.put(card),
                Err(fault) => fault,
            };
            if self::service() != service {
                tracing::info!("pcscd's folder was made anew: the host starts again to be let at it");
                end();
            }
            let fault = gone::told(fault, &self.shared.config.token, self.known.as_ref());
            self.down(fault.clone());
            self.report(HostState::Missing(fault.to_string()));
            if let Some(Event::Initialise(lane)) = self.pause(wait, "the YubiKey is not there") {
                let _ = lane.send(Err(Fault::Initialise(NO_INIT.into())));
            }
            wait = (wait * 2).min(LAST_WAIT);
        }
    }

    /// Whether the card has secrets of its own; where not, it is left alone for a while.
    fn is_fit(&mut self, context: &CardContext) -> bool {
        if context.allows_factory() {
            return true;
        }
        let told = self.looks.away(|| context.cell.hold().card().and_then(Card::factory_secret));
        match told {
            Ok(None) => true,
            Ok(Some(secret)) => self.refuse(secret.advice()),
            Err(failure) => {
                let fault = failure.into_fault();
                self.down(fault.clone());
                self.report(HostState::Missing(fault.to_string()));
                self.pause(LOOK, "the YubiKey does not answer");
                false
            }
        }
    }

    fn refuse(&mut self, why: &str) -> bool {
        self.down(Fault::Refused(why.into()));
        self.report(HostState::Refused(why.into()));
        self.pause(LAST_WAIT, why);
        false
    }

    fn give_pin(&mut self, context: &CardContext) -> Option<Given> {
        let allowed = context.allows_factory();
        let fits = |pin: &Pin| match pin {
            pin if !Card::takes(pin) => {
                Err(Fault::PinSource("a YubiKey's PIN has six to eight bytes".into()))
            }
            pin if !allowed && FactorySecret::is_pin(pin) => {
                Err(Fault::Refused(FactorySecret::Pin.advice().into()))
            }
            _ => Ok(()),
        };
        let cell = Arc::clone(&context.cell);
        let verify = |pin: &Pin, write: &Write| match cell.hold().card() {
            Ok(card) => card.verify(write, pin),
            Err(failure) => LoginOutcome::NotGiven(failure.into_fault().to_string()),
        };
        login::give_pin(self, &context.serial.to_string(), fits, verify)
    }

    /// Serves the card until something is the matter with it.
    fn serve_card(&mut self, context: &Arc<CardContext>, given: &Given) {
        self.generation += 1;
        let (cell, callbacks) = (Arc::clone(&context.cell), Arc::clone(context));
        context.broker.begin();
        let card = PivToken::new(cell, callbacks, &self.shared.config, context.serial);
        self.shared.serve(Serving { backend: Arc::new(Mutex::new(card)), generation: self.generation });
        self.sees(&context.serial.to_string());
        self.report(HostState::Ready { serial: context.serial.to_string() });
        let latched = self.watch_card(context, given);
        // The card is closed only when no lane works with it: none may wait for leave meanwhile.
        context.broker.end();
        if let Some(why) = latched {
            login::latch(self, None, &given.origin, why);
        }
    }

    /// Looks after a card that is served; why no PIN may be given to it any more, where that is why it ends.
    fn watch_card(&mut self, context: &Arc<CardContext>, given: &Given) -> Option<String> {
        loop {
            match self.inbox.recv_timeout(LOOK) {
                Ok(Event::Verify(lane)) => {
                    match self.reauthenticate(&context.serial.to_string(), given, &lane) {
                        ReauthOutcome::Accepted => {}
                        ReauthOutcome::NotJudged => return None,
                        ReauthOutcome::Latched(why) => return Some(why),
                    }
                }
                Ok(Event::Unlock(client)) => take_management_key(context, Client::new(client)),
                Ok(Event::Health(HealthEvent::Gone | HealthEvent::Broken)) => return None,
                Ok(Event::Health(HealthEvent::Changed)) => {
                    self.shared.looked();
                    if !self.looks.take(|| is_served(context)) {
                        return None;
                    }
                    self.shared.is_as_before();
                }
                Err(RecvTimeoutError::Timeout) if !self.looks.take(|| is_served(context)) => return None,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => end(),
            }
        }
    }
}

/// Whether the card is there and, where it is certain to be asked for, its PIN counts as given. A card that is worked
/// with is.
fn is_served(context: &CardContext) -> bool {
    let Some(mut held) = context.cell.try_hold() else { return true };
    let Ok(card) = held.card() else { return false };
    if context.gives_pin_each_time() { card.is_there() } else { card.is_verified().unwrap_or(false) }
}

fn take_management_key(context: &CardContext, mut client: Client) {
    if !context.wants_management_key() {
        return client.refuse("the token is unlocked already");
    }
    match client.management_key() {
        Some(secret) => {
            context.keep(Some(secret));
            client.accept();
        }
        None => client.refuse("no management key of 32, 48 or 64 hexadecimal digits came in 30 s"),
    }
}

/// Which folder pcscd's socket is in; what Landlock's rule binds to.
type Service = Option<(u64, u64)>;

fn service() -> Service {
    let folder = std::fs::metadata(sandbox::PCSCD).ok()?;
    Some((folder.dev(), folder.ino()))
}
