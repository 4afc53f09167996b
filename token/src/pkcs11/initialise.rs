//! A blank token made ready: C_InitToken with the URI's label and the security officer's PIN, then C_InitPIN.
//!
//! Only a token that was never initialised is touched, exactly one, and only while its label is free: initialising
//! again would destroy keys. The officer's session is closed, which ends that login (PKCS#11 v3.1 section 5.5.7).

use cryptoki::session::UserType;
use hsm_config::Pkcs11Uri;

use super::Module;
use super::code::Failure;
use super::login::judge;
use super::module::{Found, Listing};
use crate::control::LoginOutcome;
use crate::lane::{Fault, TokenReport};
use crate::pin::Pin;

/// The one blank token that a URI can mean.
pub struct Blank<'a> {
    module: &'a Module,
    token: Found,
    label: &'a str,
}

impl<'a> Blank<'a> {
    /// Looks for it; nothing is changed.
    pub fn find(module: &'a Module, uri: &'a Pkcs11Uri) -> Result<Self, Failure> {
        let label = uri.token().ok_or_else(|| refuse("the URI names no label: add token="))?;
        Ok(Self { module, token: blank(module.list()?, uri, label)?, label })
    }

    /// By what its latch is kept: the serial number, or where there is none yet the slot's description.
    pub fn serial(&self) -> Result<String, Failure> {
        match &self.token.report.serial {
            serial if !serial.is_empty() => Ok(serial.clone()),
            _ => Ok(self.module.context.get_slot_info(self.token.slot)?.slot_description().into()),
        }
    }

    /// Initialises it; besides, what came of the officer's PIN, which is given at most once more after it was accepted.
    pub fn initialise(self, so_pin: &Pin, pin: &Pin) -> (LoginOutcome, Result<TokenReport, Failure>) {
        let called = self.module.context.init_token(self.token.slot, so_pin.expose(), self.label);
        let outcome = judge(&called);
        match called {
            Ok(()) => self.set_pin(so_pin, pin),
            Err(error) => (outcome, Err(error.into())),
        }
    }

    /// Gives the initialised token its user's PIN.
    fn set_pin(&self, so_pin: &Pin, pin: &Pin) -> (LoginOutcome, Result<TokenReport, Failure>) {
        let session =
            self.made().and_then(|made| Ok((self.module.context.open_rw_session(made.slot)?, made.report)));
        let (session, report) = match session {
            Ok(made) => made,
            Err(failure) => return (LoginOutcome::Accepted, Err(failure)),
        };
        let called = session.login(UserType::So, Some(so_pin.expose()));
        let outcome = judge(&called);
        let set = called.and_then(|()| session.init_pin(pin.expose())).and_then(|()| session.close());
        (outcome, set.map(|()| report).map_err(Failure::from))
    }

    /// The token after C_InitToken. Slots may have changed, so it is looked for by its new label.
    fn made(&self) -> Result<Found, Failure> {
        let mut tokens = self.module.list()?.tokens.into_iter();
        tokens
            .find(|token| token.initialised && token.report.label == self.label)
            .ok_or_else(|| refuse("the token does not show its new label; unplug it and plug it in again"))
    }
}

fn blank(listing: Listing, uri: &Pkcs11Uri, label: &str) -> Result<Found, Failure> {
    if listing.tokens.iter().any(|token| token.initialised && token.report.label == label) {
        return Err(refuse("a token with this label is initialised already"));
    }
    let mut blank = listing.tokens.into_iter().filter(|token| !token.initialised && could_be(token, uri));
    match (blank.next(), blank.next()) {
        (Some(found), None) => Ok(found),
        (Some(_), Some(_)) => Err(refuse("more than one blank token is there: leave one, or add serial=")),
        (None, _) => Err(refuse("no blank token is there")),
    }
}

/// A blank token has no label yet, and some have no serial number before they are initialised.
fn could_be(token: &Found, uri: &Pkcs11Uri) -> bool {
    let TokenReport { serial, model, manufacturer, .. } = &token.report;
    let label = uri.token().unwrap_or_default();
    let serial = if serial.is_empty() { uri.serial().unwrap_or_default() } else { serial };
    uri.matches(label, serial, model, manufacturer)
}

fn refuse(why: &str) -> Failure {
    Fault::Initialise(why.into()).into()
}
