//! A key gets its certificate: self-signed, or by way of a request to a CA.
//!
//! Both are messages like any other: composed from typed fields, recorded, signed by the host, verified and released.

use token::Message;
use token::lane::Work;
use token::message::{Certificate, Request};

use super::{Bench, pem, store};
use crate::answer::Answer;
use crate::clock::Reading;
use crate::draft::{Draft, SigningKey, random};
use crate::problem::Problem;
use crate::spine;
use crate::tokens::{AskError, SLOW_DEADLINE};

/// Days that a self-signed certificate is valid unless said otherwise.
const DAYS: u32 = 365;
/// The most days that may be asked for: five years.
const MAX_DAYS: u32 = 1825;
/// How far a certificate's start lies before now, in seconds: customers' clocks may be behind ours.
const BACKDATE_S: i64 = 300;
const DAY_S: i64 = 86_400;

impl Bench<'_> {
    /// A self-signed certificate for the key, stored and recorded.
    pub(super) async fn self_sign(&self, key: &SigningKey, days: Option<u32>) -> Result<(), Problem> {
        let days = days.unwrap_or(DAYS);
        if !(1..=MAX_DAYS).contains(&days) {
            let detail = format!("Ask for 1 to {MAX_DAYS} days.");
            return Err(Problem::input("invalid-days", "The certificate's lifetime is out of range", detail));
        }
        let now = self.front.clock.seconds(Reading::now())?;
        let mut serial: [u8; 16] = random();
        // Positive and of full length, as RFC 5280 section 4.1.2.2 wants it.
        serial[0] = serial[0] & 0x7f | 0x40;
        let message = Message::Certificate(Certificate {
            common_name: self.common_name(),
            serial,
            not_before: now - BACKDATE_S,
            not_after: now + i64::from(days) * DAY_S,
        });
        let certificate = self.signed(key, message, "self-signed certificate").await?;
        self.keep(key, &certificate).await
    }

    /// A certificate request for the key, PEM.
    pub(super) async fn request(&self, key: &SigningKey) -> Result<String, Problem> {
        let message = Message::Request(Request { common_name: self.common_name() });
        let request = self.signed(key, message, "certificate request").await?;
        Ok(pem::encode("CERTIFICATE REQUEST", &request))
    }

    /// Stores a certificate on the token and in the state directory, then records it.
    pub(super) async fn keep(&self, key: &SigningKey, certificate: &[u8]) -> Result<(), Problem> {
        let work = Work::StoreCertificate {
            key: key.pin,
            certificate: certificate.to_vec(),
            connector: self.name.clone(),
        };
        self.front.tokens.ask_within(self.token, work, SLOW_DEADLINE).await?;
        store::write(&self.front.agent.state_dir, key, certificate).map_err(|error| {
            tracing::error!(%error, "a certificate cannot be kept");
            Problem::unavailable(
                "state-unavailable",
                "The state directory cannot be written",
                "Free space or mend the disk.",
            )
        })?;
        let digest = token::Sha256::of(certificate).to_string();
        self.lived(self.entry("certified", key.pin.id).certificate_sha256(digest)).await
    }

    async fn signed(&self, key: &SigningKey, message: Message, reason: &str) -> Result<Vec<u8>, Problem> {
        let flight = self.front.gates.enter(self.name)?;
        let draft = Draft::warranted(self.warrant, key.clone(), message, reason)?;
        let answer: Answer = spine::release(self.front.clone(), draft, flight).await?;
        answer.der().ok_or(AskError::Unexpected)?.map_err(Problem::from)
    }

    fn common_name(&self) -> String {
        format!("{} ({})", self.connector.region, self.name)
    }
}
