//! The test root, and the attestation key of each card (slot F9) that it certifies.
//!
//! Shaped as Yubico's: an RSA-2048 root, and under it one certificate for the key that signs attestations. Whoever
//! trusts this root trusts a test.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyIdMethod, PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use crate::objects;
use crate::options::Firmware;
use crate::tlv;

/// Yubico's arc for PIV: 1.3.6.1.4.1.41482.3.
pub(crate) const YUBICO_PIV: [u64; 8] = [1, 3, 6, 1, 4, 1, 41482, 3];
const ROOT_NAME: &str = "Kunci Test PIV Root CA";
/// The subject of the attestation key's certificate, before and since firmware 5.7.
const NAMES: [&str; 2] = ["Yubico PIV Attestation", "YubiKey PIV Attestation"];

/// The root.
pub(crate) struct Authority {
    key: Rsa,
}

impl Authority {
    /// Opens the root in this folder (`root.key`, `root.pem`), or makes one there.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        let read = |folder: &PathBuf| fs::read(folder.join("root.key"));
        if let Ok(key) = read(&folder) {
            return Ok(Self { key: Rsa::from_pkcs8(&key)? });
        }
        // Another card may be making one at the same moment: the first whole folder in place is the one.
        let own = folder.with_extension(std::process::id().to_string());
        fs::create_dir_all(&own)?;
        let key = Rsa::generate()?;
        fs::write(own.join("root.key"), key.to_pkcs8()?)?;
        let certificate = authority_parameters(ROOT_NAME, 1).self_signed(&key).map_err(io::Error::other)?;
        fs::write(own.join("root.pem"), certificate.pem())?;
        if fs::rename(&own, &folder).is_err() {
            fs::remove_dir_all(&own)?;
        }
        Ok(Self { key: Rsa::from_pkcs8(&read(&folder)?)? })
    }

    /// Makes an attestation key with its certificate.
    pub(crate) fn attester(&self, firmware: Firmware) -> io::Result<Attester> {
        let key = Rsa::generate()?;
        let mut parameters = authority_parameters(name(firmware), 0);
        parameters.custom_extensions = vec![extension(3, &firmware.0)];
        let root = authority_parameters(ROOT_NAME, 1);
        let issuer = Issuer::from_params(&root, &self.key);
        let certificate = parameters.signed_by(&key, &issuer).map_err(io::Error::other)?;
        Ok(Attester { key: key.to_pkcs8()?, certificate: certificate.der().to_vec(), firmware })
    }
}

/// A card's attestation key and its certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Attester {
    key: Vec<u8>,
    certificate: Vec<u8>,
    firmware: Firmware,
}

impl Attester {
    /// The object in which the certificate lies.
    pub(crate) fn objects(&self) -> BTreeMap<u16, Vec<u8>> {
        let mut object = tlv::one(0x70, &self.certificate);
        tlv::write(&mut object, 0x71, &[0]);
        tlv::write(&mut object, 0xFE, &[]);
        BTreeMap::from([(objects::ATTESTATION, object)])
    }

    /// The public key, as metadata shows it.
    pub(crate) fn key(&self) -> io::Result<Rsa> {
        Rsa::from_pkcs8(&self.key)
    }

    /// Signs a certificate.
    pub(crate) fn sign(
        &self,
        parameters: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> io::Result<Vec<u8>> {
        let own = authority_parameters(name(self.firmware), 0);
        let signer = self.key()?;
        let issuer = Issuer::from_params(&own, &signer);
        let certificate = parameters.signed_by(key, &issuer).map_err(io::Error::other)?;
        Ok(certificate.der().to_vec())
    }
}

/// One of Yubico's extensions, by the last number of its identifier.
pub(crate) fn extension(number: u64, content: &[u8]) -> CustomExtension {
    let identifier = [&YUBICO_PIV[..], &[number]].concat();
    CustomExtension::from_oid_content(&identifier, content.to_vec())
}

/// What all certificates here have: a subject, a random serial number, and the validity that Yubico's have.
pub(crate) fn parameters(subject: &str) -> io::Result<CertificateParams> {
    let mut parameters = CertificateParams::default();
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| io::Error::other("no random numbers"))?;
    serial[0] &= 0x7F;
    parameters.serial_number = Some(SerialNumber::from(serial.to_vec()));
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, subject);
    parameters.not_before = date_time_ymd(2024, 12, 1);
    parameters.not_after = date_time_ymd(9999, 12, 31);
    parameters.key_identifier_method = KeyIdMethod::PreSpecified(Vec::new());
    Ok(parameters)
}

fn authority_parameters(subject: &str, path: u8) -> CertificateParams {
    let mut parameters = parameters(subject).unwrap_or_default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(path));
    parameters
}

fn name(firmware: Firmware) -> &'static str {
    NAMES[usize::from(firmware.is_recent())]
}

/// An RSA-2048 key that rcgen signs with.
pub(crate) struct Rsa {
    pair: KeyPair,
}

impl Rsa {
    fn generate() -> io::Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(io::Error::other)?;
        Ok(Self { pair })
    }

    fn from_pkcs8(der: &[u8]) -> io::Result<Self> {
        Ok(Self { pair: KeyPair::from_pkcs8(der).map_err(io::Error::other)? })
    }

    fn to_pkcs8(&self) -> io::Result<Vec<u8>> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(io::Error::other)?;
        Ok(der.as_ref().to_vec())
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl SigningKey for Rsa {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let signed = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
