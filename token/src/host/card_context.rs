//! The host around a card: who may give the PIN and when, where the management key is, and who is told of a touch.
//!
//! A lane that needs the PIN given asks the token manager, who alone has it and who has each attempt made durable first.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use hsm_config::{ManagementKey, Name, PinPolicy, PinSource, Token};

use super::login::PinFiles;
use super::pin;
use super::pin_reauth::PinBroker;
use super::token_manager::Event;
use crate::control::{self, LoginOutcome, Report};
use crate::lane::Fault;
use crate::pin::{Pin, PinProvider};
use crate::piv::{CardCallbacks, CardCell, Secret};
use crate::writes::Write;

/// What a lane needs to work with the card.
pub(super) struct CardContext {
    name: Name,
    pub(super) cell: Arc<CardCell>,
    pub(super) serial: u32,
    control: Arc<OwnedFd>,
    pub(super) broker: PinBroker,
    token: Token,
    files: PinFiles,
    typed: Mutex<Option<Arc<Secret>>>,
}

impl CardContext {
    pub(super) fn new(
        (name, serial): (Name, u32),
        control: Arc<OwnedFd>,
        events: Sender<Event>,
        token: Token,
        files: PinFiles,
    ) -> Self {
        let (cell, broker, typed) = (Arc::default(), PinBroker::new(events), Mutex::default());
        Self { name, cell, serial, control, broker, token, files, typed }
    }

    /// Whether this is a trial, where secrets of the factory do.
    pub(super) fn allows_factory(&self) -> bool {
        self.token.allow_factory_secrets == Some(true)
    }

    /// Whether keys that were made by this configuration want the PIN for each signature, so that none counts as given.
    pub(super) fn gives_pin_each_time(&self) -> bool {
        self.token.pin_policy == Some(PinPolicy::Always)
    }

    /// Whether a person types the management key.
    pub(super) fn wants_management_key(&self) -> bool {
        self.token.management_key == Some(ManagementKey::Source(PinSource::Prompt))
    }

    /// Keeps a management key that a person typed, until the card is gone.
    pub(super) fn keep(&self, secret: Option<Secret>) {
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = secret.map(Arc::new);
    }
}

impl PinProvider for CardContext {
    fn verify(&self, give: &mut dyn FnMut(&Pin, &Write) -> LoginOutcome) -> Result<(), Fault> {
        self.broker.verify(give)
    }
}

impl CardCallbacks for CardContext {
    fn touch(&self, waits: bool) {
        // Without a supervisor the process is about to end.
        let _ = control::send(self.control.as_fd(), &Report::Touch(waits), &[]);
    }

    fn management_key(&self) -> Result<Option<Arc<Secret>>, Fault> {
        let refuse = |why: &str| Fault::ManagementKey(why.into());
        let source = match &self.token.management_key {
            None => return Err(refuse("the configuration names none: add management_key to the token")),
            Some(ManagementKey::Protected) => return Ok(None),
            Some(ManagementKey::Source(source)) => source,
        };
        if *source == PinSource::Prompt {
            let typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let untyped = format!("nobody typed it: run `kunci token unlock {} --management-key`", self.name);
            return typed.map(Some).ok_or_else(|| refuse(&untyped));
        }
        self.files.hold(&self.token);
        let text = pin::read_line(source).map_err(|fault| refuse(&fault.to_string()))?;
        let secret = Secret::from_hex(&text).map(Arc::new).map(Some);
        secret.ok_or_else(|| refuse("its source does not hold 32, 48 or 64 hexadecimal digits"))
    }
}
