//! What to say besides of a token that is not served: a module seldom tells what it misses.
//!
//! Each hint only where what was seen speaks for it: the network where the token was not reached, files where the module did
//! not start, `kunci token init` where a blank token is there. Of tokens that were served before, none: one that worked
//! and is gone misses something else.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use hsm_config::{Pkcs11Uri, Token, TokenKind};

use crate::control::HostConfig;
use crate::lane::Fault;
use crate::pkcs11::{Blank, Class, Failure, Module};

/// What helps where the token is reached over a network.
const NO_NETWORK: &str =
    "; its host has no network: if that is how the token is reached, add network = true to it";
/// What helps where the module misses a file.
const FILES: &str = "; what it opens beyond system folders has to be named: read_paths and paths do that";

/// What was seen of a token that is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The module works and shows no token at all, or a call failed as calls do when a device is not reached.
    Unreached,
    /// The module did not load or start.
    NotStarted,
    /// A blank token is there that the URI could mean.
    Blank,
    /// Something that only its own words tell.
    Other,
}

impl Sight {
    /// Of a call that failed.
    pub(super) fn of(failure: &Failure) -> Self {
        match failure.class() {
            Some(Class::Token | Class::Device) => Self::Unreached,
            Some(Class::Module) => Self::NotStarted,
            _ => Self::Other,
        }
    }

    /// Of a token that was looked for in a module.
    pub(super) fn of_search(
        failure: &Failure,
        module: &Module,
        uri: &Pkcs11Uri,
        came_back: &dyn Fn(),
    ) -> Self {
        if !matches!(failure, Failure::Fault(Fault::TokenMissing(_))) {
            return Self::of(failure);
        }
        match module.list_by(came_back) {
            Ok(listing) if listing.tokens.is_empty() => Self::Unreached,
            Ok(_) if Blank::find(module, uri, came_back).is_ok() => Self::Blank,
            _ => Self::Other,
        }
    }
}

/// What to add to a module's own words, of a token that was served before or not.
pub(super) fn after(config: &HostConfig, served: bool, sight: Sight) -> String {
    let token = &config.token;
    let lacks_network = token.kind == TokenKind::Pkcs11 && !token.has_network();
    match sight {
        _ if served => String::new(),
        Sight::Unreached if lacks_network => NO_NETWORK.into(),
        Sight::NotStarted => missing(token).or_else(|| closed(token)).unwrap_or_else(|| FILES.into()),
        Sight::Blank if token.so_pin.is_some() => {
            format!("; a blank one is there: run `kunci token init {}`", config.name)
        }
        Sight::Blank => "; a blank one is there: initialise it with its maker's tools".into(),
        Sight::Unreached | Sight::Other => String::new(),
    }
}

/// The first path of the configuration that is not there. Looking at one is allowed even where opening it is not.
fn missing(token: &Token) -> Option<String> {
    let named = token.module.iter().map(|path| ("module", path));
    let named = named.chain(token.read_paths.iter().map(|path| ("read_paths", path)));
    let mut named = named.chain(token.paths.iter().map(|path| ("paths", path)));
    let is_missing = |path: &Path| path.metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    let (field, path) = named.find(|(_, path)| is_missing(path))?;
    Some(format!("; {field} names {}, which is not there", path.display()))
}

/// The first file that the token's environment names and that is closed to its host.
fn closed(token: &Token) -> Option<String> {
    let is_closed = |path: &str| {
        let is_file = Path::new(path).is_absolute() && Path::new(path).is_file();
        let opened = is_file.then(|| File::open(path));
        opened.is_some_and(|file| file.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied))
    };
    let (name, path) = token.env.iter().find(|(_, value)| is_closed(value))?;
    Some(format!("; {name} names {path}, which its host may not open: add it to read_paths"))
}
