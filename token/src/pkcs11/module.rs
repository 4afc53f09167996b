//! A vendor's PKCS#11 module, loaded and initialised once, and the tokens that it lists.
//!
//! A token is found by what it says of itself, never by its slot, and only when exactly one matches the URI. Tokens
//! whose information cannot be read are skipped and counted. The module's words are asserted, not proven.
//! PKCS#11 v3.1 sections 5.4 and 5.5.

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::slot::{Slot, TokenInfo};
use hsm_config::Pkcs11Uri;

use super::code::Failure;
use super::{posture, writing};
use quoted::Quoted;

use crate::lane::{Fault, TokenReport};
use crate::writes::{Call, Write};

/// An initialised module. Cheap to clone; all clones are the same module.
#[derive(Clone)]
pub struct Module {
    pub(super) context: Pkcs11,
}

/// How many tokens are told of a module that shows others than the one that is meant.
const MAX_SHOWN: usize = 6;

/// A token that a module lists.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it is at the moment.
    pub slot: Slot,
    /// What it says of itself.
    pub report: TokenReport,
    /// CKF_TOKEN_INITIALIZED.
    pub initialised: bool,
    /// CKF_USER_PIN_INITIALIZED.
    pub has_user_pin: bool,
}

/// What a module lists.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The tokens whose information could be read.
    pub tokens: Vec<Found>,
    /// How many could not be read (some modules break on their own time field).
    pub unreadable: usize,
}

impl Module {
    /// Loads the shared library and initialises it for use by several threads.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let module = Self { context: Pkcs11::new(path)? };
        module.initialise_library(&Write::begin(Call::Load))?;
        Ok(module)
    }

    /// Finalises and initialises the library again, which some modules need to see a token come back. No thread may
    /// be in a call of the module, and every session of before is gone.
    pub fn reload(&self) -> Result<(), Failure> {
        let write = Write::begin(Call::Load);
        match writing::finalise(&write, &self.context) {
            // A library that did not initialise the last time has nothing to finalise.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                self.initialise_library(&write)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Every token, initialised or blank.
    pub fn list(&self) -> Result<Listing, Failure> {
        self.list_by(&|| {})
    }

    /// The same; `came_back` is told of each call of the module, of which a search makes several for every slot.
    pub fn list_by(&self, came_back: &dyn Fn()) -> Result<Listing, Failure> {
        let mut listing = Listing::default();
        let slots = self.context.get_slots_with_token();
        came_back();
        for slot in slots? {
            let info = self.context.get_token_info(slot);
            came_back();
            match info {
                Ok(info) => listing.tokens.push(self.describe(slot, &info, came_back)),
                Err(_) => listing.unreadable += 1,
            }
        }
        Ok(listing)
    }

    /// The one initialised token that the URI means.
    pub fn find(&self, uri: &Pkcs11Uri, came_back: &dyn Fn()) -> Result<Found, Failure> {
        let listing = self.list_by(came_back)?;
        let is_meant = |token: &Found| token.initialised && token.is_meant_by(uri);
        let (mut matching, others): (Vec<_>, Vec<_>) = listing.tokens.into_iter().partition(is_meant);
        match (matching.len(), matching.pop()) {
            (1, Some(found)) => Ok(found),
            (0, _) | (_, None) => Err(Fault::TokenMissing(missing(uri, &others, listing.unreadable)).into()),
            (many, Some(last)) => {
                matching.push(last);
                let why = format!("{many} tokens match {uri}; add serial=, of {}", shown(&matching));
                Err(Fault::TokenAmbiguous(why).into())
            }
        }
    }

    fn initialise_library(&self, write: &Write) -> Result<(), Failure> {
        match writing::initialise(write, &self.context) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn describe(&self, slot: Slot, info: &TokenInfo, came_back: &dyn Fn()) -> Found {
        let report = TokenReport {
            label: unpadded(info.label()),
            manufacturer: unpadded(info.manufacturer_id()),
            model: unpadded(info.model()),
            serial: unpadded(info.serial_number()),
            library: self.library(),
            software: posture::is_software(&self.context, slot, info, came_back),
            wrapping_key: false,
        };
        came_back();
        let (initialised, has_user_pin) = (info.token_initialized(), info.user_pin_initialized());
        Found { slot, report, initialised, has_user_pin }
    }

    fn library(&self) -> String {
        match self.context.get_library_info() {
            Ok(info) => format!("{} {}", info.library_description(), info.library_version()),
            Err(_) => String::new(),
        }
    }
}

/// Without what fills the field up: blanks by the standard, zero bytes by some modules (PKCS#11, CK_TOKEN_INFO).
pub fn unpadded(text: &str) -> String {
    text.trim_end_matches([' ', '\0']).to_owned()
}

impl Found {
    /// Whether the URI's attributes are this token's.
    pub fn is_meant_by(&self, uri: &Pkcs11Uri) -> bool {
        let TokenReport { label, serial, model, manufacturer, .. } = &self.report;
        uri.matches(label, serial, model, manufacturer)
    }
}

fn missing(uri: &Pkcs11Uri, others: &[Found], unreadable: usize) -> String {
    let unreadable = match unreadable {
        0 => String::new(),
        n => format!(", and {n} could not be read"),
    };
    let others = match others {
        [] => String::new(),
        others => format!("; the module shows {}", shown(others)),
    };
    format!("no token matches {uri}{unreadable}{others}")
}

/// Tokens by what a URI can name them by. Their words are theirs, so they are quoted.
fn shown(tokens: &[Found]) -> String {
    let one = |token: &Found| match token.initialised {
        true => format!("{} (serial {})", Quoted(&token.report.label), Quoted(&token.report.serial)),
        false => format!("a blank one (serial {})", Quoted(&token.report.serial)),
    };
    let mut told: Vec<_> = tokens.iter().take(MAX_SHOWN).map(one).collect();
    let more = tokens.len().saturating_sub(MAX_SHOWN);
    told.extend((more > 0).then(|| format!("{more} more")));
    told.join(", ")
}
