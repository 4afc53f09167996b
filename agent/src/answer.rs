//! What leaves: a verified signature with its record, of a connector that is not frozen.
//!
//! [`Answer::release`] is the only place where a signature leaves the agent. It takes the verified message, the durable
//! intent and the flight, all by value:
//! ```
//! # use agent::{answer::Answer, flight::{Flight, Frozen}, journal::Intent, signed::Signed};
//! fn stage(signed: Signed, intent: Intent, flight: Flight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, intent, flight)
//! }
//! ```
//! Without a record it does not compile:
//! ```compile_fail,E0061
//! # use agent::{answer::Answer, flight::{Flight, Frozen}, journal::Intent, signed::Signed};
//! fn stage(signed: Signed, flight: Flight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, flight)
//! }
//! ```
//! nor twice for one record:
//! ```compile_fail,E0382
//! # use agent::{answer::Answer, flight::{Flight, Frozen}, journal::Intent, signed::Signed};
//! fn stage(first: Signed, second: Signed, intent: Intent, a: Flight, b: Flight) -> Result<Answer, Frozen> {
//!     Answer::release(first, intent, a)?;
//!     Answer::release(second, intent, b)
//! }
//! ```
//! nor for bytes that were not verified:
//! ```compile_fail,E0308
//! # use agent::{answer::Answer, draft::Draft, flight::{Flight, Frozen}, journal::Intent, signed::Signed};
//! fn stage(signed: Draft, intent: Intent, flight: Flight) -> Result<Answer, Frozen> {
//!     Answer::release(signed, intent, flight)
//! }
//! ```

use token::Message;
use token::message::{Assertion, MessageError, Proof};

use crate::flight::{Flight, Frozen};
use crate::journal::Intent;
use crate::signed::Signed;

/// A signature that may leave, with its place in the log.
pub struct Answer {
    signed: Signed,
    index: u64,
    flight: Flight,
}

impl Answer {
    /// Releases a signature: asks the gate again, then spends the intent.
    pub fn release(signed: Signed, intent: Intent, flight: Flight) -> Result<Self, Frozen> {
        flight.open()?;
        Ok(Self { signed, index: intent.released().index(), flight })
    }

    /// The intent's index in the log.
    pub fn log_index(&self) -> u64 {
        self.index
    }

    /// The message that was signed.
    pub fn message(&self) -> &Message {
        self.signed.draft().message()
    }

    /// The finished JWS of an assertion or a proof.
    pub fn compact(&self) -> Option<String> {
        let (input, signature) = (self.signed.draft().signing_input(), self.signed.signature());
        match self.message() {
            Message::Assertion(_) => Some(Assertion::compact(input, signature)),
            Message::Proof(_) => Some(Proof::compact(input, signature)),
            Message::Certificate(_) | Message::Request(_) | Message::Probe(_) => None,
        }
    }

    /// The finished DER of a certificate or a certificate request.
    pub fn der(&self) -> Option<Result<Vec<u8>, MessageError>> {
        let (key, signature) = (&self.signed.draft().key().public, self.signed.signature());
        match self.message() {
            Message::Certificate(certificate) => Some(certificate.finish(key, signature)),
            Message::Request(request) => Some(request.finish(key, signature)),
            Message::Assertion(_) | Message::Proof(_) | Message::Probe(_) => None,
        }
    }

    /// The flight, which has to live until the answer's last byte was written.
    pub fn into_flight(self) -> Flight {
        self.flight
    }
}
