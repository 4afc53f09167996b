//! A blank token initialised for `kunci token init`, in the order that no PIN lock survives: as a login, the officer's
//! PIN is given only after the attempt is durable with the supervisor, and its outcome is reported. All that can be known
//! to fail is looked at before: what C_InitToken did, nothing takes back.

use hsm_config::{PinSource, Pkcs11Uri};

use super::token_manager::TokenManager;
use super::{login, pin};
use crate::control::{PinOrigin, Report};
use crate::lane::{Fault, TokenReport};
use crate::pkcs11::{Blank, Failure, Module};
use crate::writes::{Call, Write};

/// What to do where nothing says which PIN the token shall get.
const TYPED: &str = "a new token's PIN cannot be typed: let pin name a file or credential until the token is initialised, \
                     or initialise it with its maker's tools";

/// Initialises the one token that the URI can mean and that is not ready, by the configuration's PIN sources.
pub(super) fn initialise(
    manager: &mut TokenManager,
    module: &Module,
    uri: &Pkcs11Uri,
) -> Result<TokenReport, Fault> {
    let token = manager.shared.config.token.clone();
    manager.pin_files.hold(&token);
    let so_pin = token.so_pin.as_ref().ok_or_else(|| Fault::PinSource("add so_pin to the token".into()))?;
    let (so_pin, identity) = read(so_pin)?;
    if token.pin == PinSource::Prompt {
        return Err(Fault::PinSource(TYPED.into()));
    }
    let (pin, _) = read(&token.pin)?;
    let blank = Blank::find(module, uri, &|| {}).map_err(Failure::into_fault)?;
    blank.takes(&so_pin, &pin).map_err(Failure::into_fault)?;
    let serial = blank.serial().map_err(Failure::into_fault)?;
    let write = Write::begin(Call::Initialise);
    manager.send(&Report::Attempt { serial: serial.clone(), source: PinOrigin::Officer(identity) });
    if let Some(why) = login::latched(manager, &serial, &write) {
        return Err(blank.stopped(Fault::Latched(why)));
    }
    let (outcome, made) = blank.initialise(&write, &so_pin, &pin);
    manager.send(&Report::Outcome { serial, outcome });
    made
}

fn read(source: &PinSource) -> Result<(crate::pin::Pin, hsm_config::PinIdentity), Fault> {
    tracing::info!("reading a PIN to initialise a token");
    pin::read(source)
}
