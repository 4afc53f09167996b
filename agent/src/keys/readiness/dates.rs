//! From when until when a certificate is good, and what the time makes of it (RFC 5280 section 4.1.2.5).

use der::Decode;
use hsm_config::Name;
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::time::Time;

use super::Reason;

/// A day, in seconds.
const DAY_S: i64 = 86_400;
/// So many days before its end a certificate is noted; each is a new note.
const NOTED_DAYS: [u16; 3] = [7, 30, 90];

/// A certificate's validity, in seconds since 1970; both belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The first.
    pub not_before: i64,
    /// The last.
    pub not_after: i64,
}

impl Dates {
    /// Those of a DER certificate.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let parsed = Certificate::from_der(certificate).ok()?;
        let validity = parsed.tbs_certificate().validity();
        Some(Self { not_before: seconds(&validity.not_before), not_after: seconds(&validity.not_after) })
    }

    /// What the time (seconds since 1970) makes of them: nothing, a note, or that nobody can sign in.
    pub fn judge(self, connector: &Name, now: i64) -> Option<Reason> {
        if now > self.not_after {
            return Some(Reason::CertificateExpired(connector.clone(), self));
        }
        if now < self.not_before {
            return Some(Reason::CertificateNotYet(connector.clone(), self));
        }
        let left = self.not_after.saturating_sub(now);
        let noted = NOTED_DAYS.into_iter().find(|days| left < i64::from(*days) * DAY_S)?;
        Some(Reason::CertificateEnds(connector.clone(), self, noted))
    }

    /// Whether a sign-in can succeed by the certificate at that time.
    pub fn hold(self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// The first second, RFC 3339.
    pub fn begins(self) -> String {
        rfc3339(self.not_before)
    }

    /// The last second, RFC 3339.
    pub fn ends(self) -> String {
        rfc3339(self.not_after)
    }
}

/// Certificates know no time before 1970, and none after 9999.
fn seconds(time: &Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
