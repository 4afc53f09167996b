//! A token made ready: C_InitToken with the URI's label and the security officer's PIN, then C_InitPIN.
//!
//! Only a token that was never initialised is touched, exactly one, and only while its label is free: initialising
//! again would destroy keys. Both PINs are held against the token's own limits before, since there is no way back. One that
//! was left between the two steps, with its label and without a user's PIN, is carried on at the second. The officer's
//! session is closed, which ends that login (PKCS#11 v3.1 section 5.5.7).

use std::ops::RangeInclusive;

use cryptoki::session::{Session, UserType};
use hsm_config::Pkcs11Uri;

use super::code::{Failure, name};
use super::login::judge;
use super::module::{Found, Listing, unpadded};
use super::{Module, writing};
use crate::control::LoginOutcome;
use crate::lane::{Fault, TokenReport};
use crate::pin::Pin;
use crate::writes::Write;

/// The one token that a URI can mean and that is not ready: blank, or with its label and without a user's PIN.
pub struct Blank<'a> {
    module: &'a Module,
    token: Found,
    label: &'a str,
}

impl<'a> Blank<'a> {
    /// Looks for it; nothing is changed.
    pub fn find(module: &'a Module, uri: &'a Pkcs11Uri, came_back: &dyn Fn()) -> Result<Self, Failure> {
        let label = uri.token().ok_or_else(|| refuse("the URI names no label: add token="))?;
        Ok(Self { module, token: unready(module.list_by(came_back)?, uri, label)?, label })
    }

    /// By what its latch is kept: the serial number, or where there is none yet the slot's description.
    pub fn serial(&self) -> Result<String, Failure> {
        match &self.token.report.serial {
            serial if !serial.is_empty() => Ok(serial.clone()),
            _ => Ok(unpadded(self.module.context.get_slot_info(self.token.slot)?.slot_description())),
        }
    }

    /// Refuses PINs that the token says it would not take: it would find that out when it is too late.
    pub fn takes(&self, so_pin: &Pin, pin: &Pin) -> Result<(), Failure> {
        let info = self.module.context.get_token_info(self.token.slot)?;
        let lengths = lengths(info.min_pin_length(), info.max_pin_length());
        let unfit = [(pin, "the user's PIN (pin)"), (so_pin, "the security officer's PIN (so_pin)")];
        let Some((_, whose)) = unfit.into_iter().find(|(pin, _)| !lengths.contains(&pin.length())) else {
            return Ok(());
        };
        let (least, most) = (lengths.start(), lengths.end());
        let most = if *most == usize::MAX { "any number of".into() } else { most.to_string() };
        Err(refuse(&format!(
            "{whose} is not of the length that the token takes, {least} to {most} bytes: nothing was changed, choose another"
        )))
    }

    /// What is told of a failure that leaves the token as it was: blank, or half made.
    pub fn stopped(&self, fault: Fault) -> Fault {
        // Not [`Fault::Latched`], which would say that the token waits for its user's PIN.
        match (fault, self.token.initialised) {
            (fault, true) => unfinished(fault),
            (Fault::Latched(why), false) => Fault::Initialise(latched(&why)),
            (fault, false) => fault,
        }
    }

    /// Initialises it; besides, what came of the officer's PIN, which is given at most once more after it was accepted.
    pub fn initialise(
        self,
        write: &Write,
        so_pin: &Pin,
        pin: &Pin,
    ) -> (LoginOutcome, Result<TokenReport, Fault>) {
        if !self.token.initialised {
            let called =
                writing::init_token(write, &self.module.context, self.token.slot, so_pin, self.label);
            let outcome = judge(&called);
            if let Err(error) = called {
                return (outcome, Err(self.stopped(Failure::from(error).into_fault())));
            }
        }
        let (outcome, made) = self.set_pin(write, so_pin, pin);
        (outcome, made.map_err(|failure| unfinished(failure.into_fault())))
    }

    /// Gives the initialised token its user's PIN.
    fn set_pin(
        &self,
        write: &Write,
        so_pin: &Pin,
        pin: &Pin,
    ) -> (LoginOutcome, Result<TokenReport, Failure>) {
        let open = |made: Found| Ok((writing::open(write, &self.module.context, made.slot)?, made.report));
        let session = self.made().and_then(open);
        let (session, report) = match session {
            Ok(made) => made,
            // C_InitToken took the officer's PIN; where it was not called, nobody did.
            Err(failure) if self.token.initialised => {
                return (LoginOutcome::NotGiven("the token was not to be used".to_owned()), Err(failure));
            }
            Err(failure) => return (LoginOutcome::Accepted, Err(failure)),
        };
        let called = writing::login(write, &session, UserType::So, so_pin);
        match (judge(&called), called) {
            (outcome, Ok(())) => (outcome, given(write, session, pin).map(|()| report)),
            (outcome, Err(error)) => (outcome, Err(error.into())),
        }
    }

    /// The token after C_InitToken. Slots may have changed, so it is looked for by its new label.
    fn made(&self) -> Result<Found, Failure> {
        let mut tokens = self.module.list()?.tokens.into_iter();
        tokens
            .find(|token| token.initialised && token.report.label == self.label)
            .ok_or_else(|| refuse("the token does not show its new label; unplug it and plug it in again"))
    }
}

/// C_InitPIN in the officer's session. What it refuses is the user's PIN, and no PIN that was tried.
fn given(write: &Write, session: Session, pin: &Pin) -> Result<(), Failure> {
    writing::init_pin(write, &session, pin).map_err(|error| {
        let code = name(&error);
        refuse(&format!("it does not take the user's PIN (pin), for {code}: choose another"))
    })?;
    Ok(writing::close(write, session)?)
}

/// How long a PIN may be, in bytes. A token that does not tell, or tells what cannot be, sets no limit.
fn lengths(least: usize, most: usize) -> RangeInclusive<usize> {
    // CK_UNAVAILABLE_INFORMATION is all ones, CK_EFFECTIVELY_INFINITE is 0.
    let most = if most == 0 { usize::MAX } else { most };
    if least <= most && least != usize::MAX { least..=most } else { 0..=usize::MAX }
}

fn unready(listing: Listing, uri: &Pkcs11Uri, label: &str) -> Result<Found, Failure> {
    let has_label = |token: &Found| token.initialised && token.report.label == label;
    let labelled = listing.tokens.iter().any(has_label);
    if listing.tokens.iter().any(|token| has_label(token) && token.has_user_pin) {
        return Err(refuse("a token with this label is initialised already"));
    }
    // One that has its label is the one that was begun, whatever blank ones are there.
    let is_meant = |token: &Found| if labelled { has_label(token) } else { could_be(token, uri) };
    let mut unready = listing.tokens.into_iter().filter(is_meant);
    match (unready.next(), unready.next()) {
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
    !token.initialised && uri.matches(label, serial, model, manufacturer)
}

/// What stopped it after C_InitToken, which nothing takes back.
fn unfinished(fault: Fault) -> Fault {
    Fault::Unfinished(match fault {
        Fault::Latched(why) => latched(&why),
        Fault::Initialise(why) => why,
        fault => fault.to_string(),
    })
}

fn latched(why: &str) -> String {
    format!("the security officer's PIN is latched: {why}")
}

fn refuse(why: &str) -> Failure {
    Fault::Initialise(why.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_does_not_tell_its_limits_sets_none() {
        assert_eq!(lengths(4, 255), 4..=255);
        assert_eq!(lengths(8, 8), 8..=8);
        for (least, most) in [(0, 0), (usize::MAX, usize::MAX), (8, 4)] {
            assert!(lengths(least, most).contains(&3), "{least} {most}");
        }
        assert!(lengths(4, 0).contains(&300) && !lengths(4, 0).contains(&3));
    }
}
