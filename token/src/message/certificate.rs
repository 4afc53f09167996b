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

use super::{MessageError, text};
use crate::public_key::PublicKey;
use crate::x509::{Capture, Ready};
use crate::{Sha256, x509};

/// The fields of a self-signed certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The subject's and issuer's common name.
    pub common_name: String,
    /// A random positive serial number.
    pub serial: [u8; 16],
    /// Start of validity, seconds since 1970.
    pub not_before: i64,
    /// End of validity, seconds since 1970.
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
        if self.not_after <= self.not_before {
            return Err(MessageError::Lifetime);
        }
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
    known.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()).ok_or(MessageError::Lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A P-256 key of nobody's.
    const KEY: &[u8] = include_bytes!("../../../fuzz/keys/p-256.spki");

    #[test]
    fn a_year_that_no_certificate_can_hold_is_refused_and_panics_nobody() {
        let key = PublicKey::from_spki(KEY).unwrap();
        let from_to = |not_before, not_after| {
            let common_name = "Germany (de)".to_owned();
            Certificate { common_name, serial: [1; 16], not_before, not_after }.signing_input(&key)
        };
        let end_of_9999 = 253_402_300_799;
        assert!(from_to(0, end_of_9999).is_ok());
        for (not_before, not_after) in
            [(-1, 1), (-215_000_000_000, 1), (0, end_of_9999 + 1), (i64::MIN, i64::MAX)]
        {
            assert_eq!(from_to(not_before, not_after), Err(MessageError::Lifetime));
        }
    }
}
