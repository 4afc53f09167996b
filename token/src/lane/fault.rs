//! Why a host did not do what it was asked, as the front acts on it.
//!
//! The variants name causes, not PKCS#11 return values; the codes that only an operator can use travel along as text
//! for the log and never reach a caller.

use hsm_config::Name;
use serde::{Deserialize, Serialize};

/// A host's refusal or failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Fault {
    /// The host is still starting: module, token or login.
    #[error("the token's host is starting")]
    Starting,
    /// No token matches the configured URI.
    #[error("the token is not there: {0}")]
    TokenMissing(String),
    /// More than one token matches the URI, or the token is another one.
    #[error("not exactly one token matches: {0}")]
    TokenAmbiguous(String),
    /// The PIN has to be given by `kunci token unlock`.
    #[error("the token waits for its PIN")]
    Locked,
    /// A PIN was refused; no other is tried until an operator clears the latch.
    #[error("the token is latched after a refused PIN: {0}")]
    Latched(String),
    /// The PIN source cannot be used.
    #[error("the PIN source cannot be used: {0}")]
    PinSource(String),
    /// No key with this identifier is on the token. It is not thereby deleted.
    #[error("the key is not on the token")]
    KeyMissing,
    /// A key with this identifier is there, but it is not the pinned one, or two are.
    #[error("the key on the token is not the pinned key")]
    KeyMismatch,
    /// The certificate's key is not the token's.
    #[error("the certificate is for another key")]
    CertificateMismatch,
    /// The key's attributes read back differently from what was asked for.
    #[error("the key's attributes are not what was asked for: {0}")]
    Attributes(String),
    /// The message breaks its bounds, or the connector's key may not sign it.
    #[error("the message is not one that this key may sign: {0}")]
    Message(String),
    /// The message's date is far from the host's clock: it waited too long, or the front's clock is another one.
    #[error("the message is not of now: {0}")]
    Untimely(String),
    /// The connector is not configured on this token.
    #[error("the connector is not configured on this token")]
    UnknownConnector,
    /// The device failed; the outcome is unknown and a new request may succeed.
    #[error("the token failed: {0}")]
    Device(String),
    /// The module is beyond help and the host ends; a new one may do it.
    #[error("the token's module failed beyond help, and its host ends: {0}")]
    Broken(String),
    /// The token cannot do this at all.
    #[error("the token cannot do this: {0}")]
    Permanent(String),
    /// A blank token was asked for and none is there, or this one is initialised.
    #[error("the token cannot be initialised: {0}")]
    Initialise(String),
    /// A token is half made, whenever that was: `kunci token init` goes on there.
    #[error("it has its label and no user's PIN yet: {0}")]
    Unfinished(String),
    /// The token is not served although it is there.
    #[error("the token is not served: {0}")]
    Refused(String),
    /// Nobody touched the token while it waited for that.
    #[error("nobody touched the token in time")]
    Touch,
    /// There is no slot for the key, or none in which this token can make it.
    #[error("the key cannot be made: {0}")]
    Slot(String),
    /// Where the key's certificate belongs lies another's, or what cannot be read.
    #[error("another certificate is in the way: {0}")]
    OtherCertificate(String),
    /// The management key cannot be used.
    #[error("the management key cannot be used: {0}")]
    ManagementKey(String),
    /// A frame that cannot be read.
    #[error("a lane's frame could not be read")]
    Protocol,
    /// Nothing is signed with the ledger's key: it is not here, or the supervisor does not let it.
    #[error("the ledger's key signs nothing now: {0}")]
    Ledger(String),
    /// The token with this name was initialised halfway: it has its label, and no user's PIN.
    #[error(
        "its user's PIN is not set: run `kunci token init {0}`, which goes on where it stopped; or, if it is set and the module \
         only does not tell, take so_pin out of its section"
    )]
    NoUserPin(Name),
}
