//! A self-signed connector certificate (RFC 5280), composed by rcgen from typed fields.
//!
//! Every field that rcgen would choose is given, so that front and host compose the same bytes. RSA keys sign it
//! with sha256WithRSAEncryption, P-256 keys with ecdsa-with-SHA256.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyUsagePurpose, SerialNumber,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::x509::{self, Capture, Ready};
use super::{MessageError, text};
use crate::Sha256;
use crate::public_key::PublicKey;

/// How far a certificate's start lies before the moment that it is composed, in seconds: customers' clocks may be behind.
pub const BACKDATE_S: i64 = 300;
/// The longest validity, in days: five years.
pub const MAX_VALIDITY_DAYS: u32 = 1825;
/// The same in seconds, counted from its start.
const LONGEST_S: i64 = MAX_VALIDITY_DAYS as i64 * 86_400 + BACKDATE_S;

/// The fields of a self-signed certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject's and issuer's common name.
    pub common_name: String,
    /// A random positive serial number.
    pub serial: [u8; 16],
    /// Start of validity, seconds since 1970.
    pub not_before: i64,
    /// End of validity, seconds since 1970; at most five years and [`BACKDATE_S`] after its start.
    pub not_after: i64,
}

impl Certificate {
    /// The DER of the TBSCertificate.
    pub fn signing_input(&self, key: &PublicKey) -> Result<Vec<u8>, MessageError> {
        let capture = Capture::new(key);
        // The placeholder signature is thrown away with the certificate around it.
        self.params(key)?.self_signed(&capture).map_err(|_| MessageError::Encode("certificate"))?;
        Ok(capture.into_message())
    }

    /// The DER of the whole certificate, given the signature over [`Self::signing_input`].
    pub fn finish(&self, key: &PublicKey, signature: &[u8]) -> Result<Vec<u8>, MessageError> {
        let ready = Ready::new(key, x509::signature(key, signature)?);
        let certificate =
            self.params(key)?.self_signed(&ready).map_err(|_| MessageError::Encode("certificate"))?;
        Ok(certificate.der().to_vec())
    }

    fn params(&self, key: &PublicKey) -> Result<CertificateParams, MessageError> {
        text("common_name", &self.common_name)?;
        self.check_validity()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&self.common_name);
        params.serial_number = Some(SerialNumber::from_slice(&self.serial));
        params.not_before = date(self.not_before)?;
        params.not_after = date(self.not_after)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_identifier_method = KeyIdMethod::PreSpecified(Sha256::of(key.bits()).0[..20].to_vec());
        Ok(params)
    }

    /// A key that is found out must end with its certificates some day, also those that nobody knows.
    fn check_validity(&self) -> Result<(), MessageError> {
        match self.not_after.checked_sub(self.not_before) {
            Some(1..=LONGEST_S) => Ok(()),
            _ => Err(MessageError::Validity),
        }
    }
}

/// A distinguished name with just a common name.
pub(super) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// A date from 1970 to 9999: years that a certificate cannot hold make its encoder panic (RFC 5280 section 4.1.2.5).
fn date(seconds: i64) -> Result<OffsetDateTime, MessageError> {
    let known = Some(seconds).filter(|seconds| *seconds >= 0);
    known.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()).ok_or(MessageError::Validity)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A P-256 key of nobody's.
    const KEY: &[u8] = include_bytes!("../../../fuzz/keys/p-256.spki");

    fn from_to(not_before: i64, not_after: i64) -> Result<Vec<u8>, MessageError> {
        let (key, common_name) = (PublicKey::from_spki(KEY).unwrap(), "Germany (de)".to_owned());
        Certificate { common_name, serial: [1; 16], not_before, not_after }.signing_input(&key)
    }

    #[test]
    fn a_validity_over_five_years_or_backwards_is_never_composed() {
        let now = 1_700_000_000;
        let five_years = now + 5 * 365 * 86_400;
        for not_after in [now + 1, five_years] {
            assert!(from_to(now - BACKDATE_S, not_after).is_ok(), "{not_after}");
        }
        for not_after in [five_years + 1, now - BACKDATE_S, 0, i64::MAX, i64::MIN] {
            assert_eq!(from_to(now - BACKDATE_S, not_after), Err(MessageError::Validity), "{not_after}");
        }
    }

    #[test]
    fn a_year_that_no_certificate_can_hold_is_refused_and_panics_nobody() {
        let end_of_9999 = 253_402_300_799;
        assert!(from_to(0, 1).is_ok() && from_to(end_of_9999 - 1, end_of_9999).is_ok());
        for (not_before, not_after) in
            [(-1, 1), (-215_000_000_000, 1), (end_of_9999, end_of_9999 + 1), (i64::MIN, i64::MAX)]
        {
            assert_eq!(from_to(not_before, not_after), Err(MessageError::Validity));
        }
    }
}
