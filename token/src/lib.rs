//! Keys on tokens.
//!
//! What can be asked of a token ([`Token`], [`Provision`]), the only messages that may be signed ([`Message`]),
//! the PKCS#11 and the PIV backend, and the host: the process that alone sees a vendor's module and the PIN, and that serves
//! the front over lanes. There is no call that signs bytes or a digest of the caller's.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

/// What crates below us log is compiled away: `yubikey` writes each command that it sends to a card, VERIFY with the PIN among
/// them. Whoever brings in a `log` that prints breaks this build.
const _: () = assert!(matches!(log::STATIC_MAX_LEVEL, log::LevelFilter::Off));

pub mod confine;
pub mod control;
pub mod host;
pub mod identity;
pub mod key_location;
pub mod lane;
pub mod memfd;
pub mod message;
mod pin;
#[cfg(feature = "piv")]
pub mod piv;
pub mod pkcs11;
pub mod public_key;
mod random;
pub mod seqpacket;
pub mod traits;
pub mod writes;

pub use attest::Sha256;
pub use identity::{KeyId, KeyRef};
pub use key_location::KeyLocation;
pub use message::Message;
pub use pin::{NotOneLine, Pin, PinProvider};
pub use public_key::PublicKey;
pub use random::random;
pub use traits::{Attest, Provision, Token};
