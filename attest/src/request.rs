//! A certificate request that may carry an attestation in extensions (RFC 2986, RFC 2985 section 5.4.2).

use der::Decode;
use der::asn1::OctetStringRef;
use x509_cert::request::{CertReqInfo, ExtensionReq};
use x509_cert::spki::ObjectIdentifier;

use crate::signed::Signed;
use crate::yubico::REQUEST_CARRIES;
use crate::{Certificate, KeyError, PublicKey, SignatureFault, public_key};

/// The first byte of an OCTET STRING.
const OCTET_STRING: u8 = 0x04;
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// A parsed certificate request.
#[derive(Clone, Debug)]
pub struct Request {
    signed: Signed,
    key: PublicKey,
    carried: Vec<Certificate>,
}

impl Request {
    /// Parses one DER request.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let signed = Signed::from_der(der)?;
        let info = CertReqInfo::from_der(&signed.body)?;
        let key = public_key::of(&info.public_key)?;
        let mut carried = Vec::new();
        for attribute in info.attributes.iter().filter(|attribute| attribute.oid == EXTENSION_REQUEST) {
            for value in attribute.values.iter() {
                let extensions = value.decode_as::<ExtensionReq>()?.0;
                for extension in extensions.iter().filter(|found| REQUEST_CARRIES.contains(&found.extn_id)) {
                    carried.push(certificate(extension.extn_value.as_bytes())?);
                }
            }
        }
        Ok(Self { signed, key, carried })
    }

    /// The key that a certificate is requested for.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Whether the key signed the request: proof of possession.
    pub fn verify(&self) -> Result<(), SignatureFault> {
        self.signed.verify(&self.key)
    }

    /// The certificates in extensions of a device's maker, bare or within an OCTET STRING.
    pub fn carried(&self) -> &[Certificate] {
        &self.carried
    }
}

fn certificate(value: &[u8]) -> Result<Certificate, KeyError> {
    match value.first() == Some(&OCTET_STRING) {
        true => Certificate::from_der(<&OctetStringRef>::from_der(value)?.as_bytes()),
        false => Certificate::from_der(value),
    }
}
