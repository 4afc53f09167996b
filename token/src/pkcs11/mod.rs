//! The PKCS#11 backend, on `cryptoki`.
//!
//! A [`Module`] lists tokens and finds exactly one; a [`Pkcs11Token`] is one session on it, for one thread. Login
//! belongs to the process: it is done once, by the host's token manager, and never undone. What the module says of keys and
//! tokens is asserted, not proven.

mod attributes;
mod certificate;
mod code;
mod context_login;
mod find;
mod generate;
mod initialise;
mod login;
mod module;
mod names;
mod posture;
mod public;
mod session;
mod sign;
mod survey;
mod template;
mod writing;

pub use code::{Class, Failure};
pub use context_login::ContextLogin;
pub use initialise::Blank;
pub use login::Anchor;
pub use module::{Found, Listing, Module, unpadded};
pub use names::Names;
pub use session::Pkcs11Token;
