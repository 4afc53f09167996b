//! Evidence in, verdict out: where a key was born, as far as its maker signed it.
//!
//! Pure functions over bytes. It opens no socket and no file, and has no clock but the one handed in; fetching evidence
//! is the work of others. It trusts the compiled-in anchors, each pinned by its digest, those that the caller gives, and
//! nothing that the evidence says of itself. The whole way is in `verify`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod agreement;
mod algorithm;
mod anchor;
mod ask;
mod certificate;
mod evidence;
mod finding;
mod firmware;
mod grade;
mod item;
mod judgement;
mod kind;
mod leaf;
mod liquidsecurity;
mod name;
mod outcome;
mod pem;
mod pkcs11;
mod pkcs7;
mod point;
mod public_key;
mod question;
mod report;
mod request;
mod requirement;
mod root_name;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod seeds;
mod several;
mod sha256;
mod signature;
mod signed;
mod software;
mod spki;
mod ssh;
mod statement;
#[cfg(test)]
mod test_certs;
#[cfg(test)]
mod tests;
mod unrelated;
mod verdict;
mod verify;
mod weakness;
mod yubico;

pub mod bundle;
pub mod hex;
pub mod path;
pub mod tpm;

pub use algorithm::{Curve, KeyAlgorithm};
pub use anchor::{Anchor, Role, anchors};
pub use certificate::Certificate;
pub(crate) use certificate::Named;
pub use evidence::{Evidence, MAX_CERTIFICATES};
pub use finding::{Finding, Level};
pub use firmware::Firmware;
pub use grade::Grade;
pub use item::{Document, Item, Limit, MAX_FILE_BYTES, Malformed, parse};
pub use jiff::Timestamp;
pub use judgement::Judgement;
pub use kind::Kind;
pub use liquidsecurity::{MAX_STATEMENT_BYTES, NotAStatement, Statement as HsmStatement};
pub use outcome::{KeysReport, Outcome, answer};
pub use public_key::{KeyError, PublicKey};
pub use question::{Question, key};
pub use report::{Asked, Report};
pub use request::Request;
pub use requirement::{BadRequirement, Requirement};
pub use root_name::RootName;
pub use sha256::Sha256;
pub use signature::{Hash, Scheme, SignatureFault};
pub use software::Signs;
pub use statement::Statement;
pub use verdict::Verdict;
pub use verify::verify;
