//! What leaves: a verified signature with its record, of a connector that is not frozen.
//!
//! [`Answer::release`] is the only place where a signature leaves the agent. It takes the verified message, the durable
//! intent and what is in flight, all by value:
//! ```
//! # use agent::records::journal::Intent;
//! # use agent::spine::{answer::Answer, in_flight::{InFlight, Frozen}, signed::Signed};
//! fn stage(signed: Signed, intent: Intent, in_flight: InFlight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, intent, in_flight)
//! }
//! ```
//! Without a record it does not compile:
//! ```compile_fail,E0061
//! # use agent::records::journal::Intent;
//! # use agent::spine::{answer::Answer, in_flight::{InFlight, Frozen}, signed::Signed};
//! fn stage(signed: Signed, in_flight: InFlight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, in_flight)
//! }
//! ```
//! nor twice for one record:
//! ```compile_fail,E0382
//! # use agent::records::journal::Intent;
//! # use agent::spine::{answer::Answer, in_flight::{InFlight, Frozen}, signed::Signed};
//! fn stage(first: Signed, second: Signed, intent: Intent, a: InFlight, b: InFlight) -> Result<Answer, Frozen> {
//!     Answer::release(first, intent, a)?;
//!     Answer::release(second, intent, b)
//! }
//! ```
//! nor for bytes that were not verified:
//! ```compile_fail,E0308
//! # use agent::records::journal::Intent;
//! # use agent::spine::{answer::Answer, draft::Draft, in_flight::{InFlight, Frozen}, signed::Signed};
//! fn stage(signed: Draft, intent: Intent, in_flight: InFlight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, intent, in_flight)
//! }
//! ```
//!
//! The bytes come out with what a freeze waits for:
//! ```
//! # use agent::spine::{answer::{Answer, Finished}, in_flight::InFlight};
//! fn leave(answer: Answer) -> Option<(Finished, InFlight)> {
//!     answer.finish().ok()
//! }
//! ```
//! and never without it:
//! ```compile_fail,E0308
//! # use agent::spine::{answer::{Answer, Finished}, in_flight::InFlight};
//! fn leave(answer: Answer) -> Option<Finished> {
//!     answer.finish().ok()
//! }
//! ```
//! nor while the answer, and so what is in flight, stays behind:
//! ```compile_fail,E0507
//! # use agent::spine::{answer::{Answer, Finished}, in_flight::InFlight};
//! fn leave(answer: &Answer) -> Option<(Finished, InFlight)> {
//!     answer.finish().ok()
//! }
//! ```

use token::Message;
use token::message::{Assertion, MessageError, Proof};

use super::draft::NotComposed;
use super::in_flight::{Frozen, InFlight};
use super::signed::Signed;
use crate::records::journal::Intent;

/// A signature that may leave, with its place in the log.
pub struct Answer {
    signed: Signed,
    index: u64,
    in_flight: InFlight,
}

/// The bytes that leave.
pub enum Finished {
    /// The compact JWS of an assertion or a proof.
    Jws(String),
    /// The DER of a certificate or a certificate request.
    Der(Vec<u8>),
}

impl Answer {
    /// Releases a signature: asks the gate again, then spends the intent.
    pub fn release(signed: Signed, intent: Intent, in_flight: InFlight) -> Result<Self, Frozen> {
        in_flight.open()?;
        Ok(Self { signed, index: intent.released().index(), in_flight })
    }

    /// The intent's index in the log.
    pub fn log_index(&self) -> u64 {
        self.index
    }

    /// The message that was signed.
    pub fn message(&self) -> &Message {
        self.signed.draft().message()
    }

    /// The bytes, and what keeps them in flight, which has to live until the last of them was written or stored for good.
    pub fn finish(self) -> Result<(Finished, InFlight), NotComposed> {
        let (draft, signature) = (self.signed.draft(), self.signed.signature());
        let (input, key) = (draft.signing_input(), &draft.key().public);
        let finished = match draft.message() {
            Message::Assertion(_) => Finished::Jws(Assertion::compact(input, signature)),
            Message::Proof(_) => Finished::Jws(Proof::compact(input, signature)),
            Message::Certificate(certificate) => Finished::Der(certificate.finish(key, signature)?),
            Message::Request(request) => Finished::Der(request.finish(key, signature)?),
            // A probe's signature never leaves its host.
            Message::Probe(_) => return Err(MessageError::Encode("probe").into()),
        };
        Ok((finished, self.in_flight))
    }
}
