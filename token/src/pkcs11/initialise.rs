//! A blank token made ready: C_InitToken with the URI's label and the security officer's PIN, then C_InitPIN.
//!
//! Only a token that was never initialised is touched, exactly one, and only while its label is free: initialising
//! again would destroy keys. The officer's session is closed, which ends that login (PKCS#11 v3.1 section 5.5.7).

use cryptoki::session::UserType;
use hsm_config::Pkcs11Uri;

use super::code::Failure;
use super::module::{Found, Listing};
use super::{Module, Pin};
use crate::lane::{Fault, TokenReport};

/// Initialises the one blank token that the URI can mean.
pub fn initialise(module: &Module, uri: &Pkcs11Uri, so_pin: &Pin, pin: &Pin) -> Result<TokenReport, Failure> {
    let label = uri.token().ok_or_else(|| refuse("the URI names no label: add token="))?;
    let blank = blank(module.list()?, uri, label)?;
    module.context.init_token(blank.slot, so_pin.expose(), label)?;
    // Slots may have changed, so the token is looked for by its new label.
    let made =
        module.list()?.tokens.into_iter().find(|token| token.initialised && token.report.label == label);
    let made =
        made.ok_or_else(|| refuse("the token does not show its new label; unplug it and plug it in again"))?;
    let session = module.context.open_rw_session(made.slot)?;
    session.login(UserType::So, Some(so_pin.expose()))?;
    session.init_pin(pin.expose())?;
    session.close()?;
    Ok(made.report)
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
