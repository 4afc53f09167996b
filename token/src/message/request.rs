//! A certificate request (PKCS#10, RFC 2986) for a key on a token, for a vendor whose certificates come from a CA.

use rcgen::CertificateParams;
use serde::{Deserialize, Serialize};

use super::certificate::name;
use super::x509::{self, Capture, Ready};
use super::{MessageError, text};
use crate::public_key::PublicKey;

/// The fields of a certificate request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The subject's common name.
    pub common_name: String,
}

impl Request {
    /// The DER of the CertificationRequestInfo.
    pub fn signing_input(&self, key: &PublicKey) -> Result<Vec<u8>, MessageError> {
        let capture = Capture::new(key);
        self.params()?
            .serialize_request(&capture)
            .map_err(|_| MessageError::Encode("certificate request"))?;
        Ok(capture.into_message())
    }

    /// The DER of the whole request, given the signature over [`Self::signing_input`].
    pub fn finish(&self, key: &PublicKey, signature: &[u8]) -> Result<Vec<u8>, MessageError> {
        let ready = Ready::new(key, x509::signature(key, signature)?);
        let request = self.params()?.serialize_request(&ready);
        Ok(request.map_err(|_| MessageError::Encode("certificate request"))?.der().to_vec())
    }

    fn params(&self) -> Result<CertificateParams, MessageError> {
        text("common_name", &self.common_name)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&self.common_name);
        Ok(params)
    }
}
