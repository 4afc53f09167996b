//! A key gets its certificate: self-signed, or by way of a request to a CA.
//!
//! Both are messages like any other: composed from typed fields, recorded, signed by the host, verified and released.

use std::sync::Arc;
use std::time::Instant;

use api::Problem;
use hsm_config::{Connector, Name};
use token::message::{BACKDATE_S, Certificate, MAX_VALIDITY_DAYS, Request};
use token::random;

use super::{ProvisionJob, pem};
use crate::records::clock::Reading;
use crate::spine;
use crate::spine::answer::Finished;
use crate::spine::draft::{Draft, SigningKey};
use crate::spine::in_flight::InFlight;

/// Days that a self-signed certificate is valid unless said otherwise, at most.
const DAYS: u32 = 180;
/// So many certificates that are made on one day end on as many days: each key's is a day shorter than the one's before it.
const SPREAD_DAYS: u32 = 30;
const DAY_S: i64 = 86_400;

/// Refuses a validity that no certificate may have.
pub(super) fn check_days(asked: Option<u32>) -> Result<(), Problem> {
    if asked.is_none_or(|days| (1..=MAX_VALIDITY_DAYS).contains(&days)) {
        return Ok(());
    }
    let detail = format!("Ask for 1 to {MAX_VALIDITY_DAYS} days.");
    Err(Problem::input("invalid-days", "The certificate's lifetime is out of range", detail))
}

impl ProvisionJob<'_> {
    /// A self-signed certificate for the key, stored and recorded.
    pub(super) async fn self_sign(&self, key: &SigningKey, days: Option<u32>) -> Result<(), Problem> {
        let days = days.unwrap_or_else(|| usual_days(self.place()));
        let now = self.front.clock.seconds(Reading::now())?;
        let mut serial: [u8; 16] = random();
        // Positive and of full length, as RFC 5280 section 4.1.2.2 wants it.
        serial[0] = serial[0] & 0x7f | 0x40;
        let certificate = Certificate {
            common_name: self.connector.common_name(self.name),
            serial,
            not_before: now - BACKDATE_S,
            not_after: now + i64::from(days) * DAY_S,
        };
        let draft = Draft::certificate(self.grant, key.clone(), certificate)?;
        let (certificate, in_flight) = self.signed(draft).await?;
        self.keep(key, &certificate).await?;
        // It has left once it is stored and on record: a freeze waits until then.
        drop(in_flight);
        Ok(())
    }

    /// A certificate request for the key, PEM, and what keeps it in flight until the response was written.
    pub(super) async fn request(&self, key: &SigningKey) -> Result<(String, InFlight), Problem> {
        let request = Request { common_name: self.connector.common_name(self.name) };
        let draft = Draft::request(self.grant, key.clone(), request)?;
        let (request, in_flight) = self.signed(draft).await?;
        Ok((pem::encode("CERTIFICATE REQUEST", &request), in_flight))
    }

    async fn signed(&self, draft: Draft) -> Result<(Vec<u8>, InFlight), Problem> {
        let in_flight = self.front.enter(self.grant.caller(), self.name)?;
        let tokens = &self.front.tokens;
        let until = Instant::now() + tokens.patience(std::slice::from_ref(self.token));
        let permit = tokens.permit(self.token, &None, until).await.map_err(|error| self.told(&error))?;
        match spine::release(self.front.clone(), draft, permit, in_flight).await?.finish()? {
            (Finished::Der(der), in_flight) => Ok((der, in_flight)),
            (Finished::Jws(_), _) => Err(self.unexpected()),
        }
    }

    /// Where this key stands among all that the configuration names.
    fn place(&self) -> usize {
        let rules = self.front.policy();
        let keys = |(name, connector): (&Name, &Arc<Connector>)| {
            let key = |token: &Name| (name.clone(), token.clone());
            connector.tokens.iter().map(key).collect::<Vec<_>>()
        };
        let mut keys = rules.connectors().flat_map(keys);
        keys.position(|(name, token)| name == *self.name && token == *self.token).unwrap_or_default()
    }
}

/// Regions that are provisioned together must not end together.
fn usual_days(place: usize) -> u32 {
    DAYS - u32::try_from(place).unwrap_or_default() % SPREAD_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_of_one_day_end_on_days_of_their_own_within_half_a_year() {
        let days: Vec<_> = (0..7).map(usual_days).collect();
        assert_eq!(days, [180, 179, 178, 177, 176, 175, 174]);
        assert!((0..1000).map(usual_days).all(|days| (151..=180).contains(&days)));
    }
}
