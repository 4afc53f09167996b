//! The certificate of an endorsement key: the maker's word that this key is in one of its TPMs.
//!
//! It certifies a key that only decrypts, so it proves nothing by itself that is signed; the challenge ties the rest to
//! it. TCG EK Credential Profile for TPM 2.0, version 2.5, section 3.2.

use der::Decode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectAltName};
use x509_cert::spki::ObjectIdentifier;

use crate::path::{Broken, Deviation, Path, Profile};
use crate::software::SWTPM;
use crate::{Certificate, Firmware, Named, Signs};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// tcg-kp-EKCertificate
const EK_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.8.1");
const MANUFACTURER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.1");
const MODEL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.2");
const VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.2.3");

/// No firmware of any maker has a larger first number: beyond, it is something else.
pub(super) const PLAUSIBLE: u32 = 255;

/// Makers by the identifiers that the TCG gave them (TCG TPM Vendor ID Registry).
const MAKERS: [(&[u8; 4], &str); 16] = [
    (b"AMD\0", "AMD"),
    (b"ATML", "Atmel"),
    (b"BRCM", "Broadcom"),
    (b"GOOG", "Google"),
    (b"HPE\0", "HPE"),
    (b"IBM\0", "IBM"),
    (b"IFX\0", "Infineon"),
    (b"INTC", "Intel"),
    (b"LEN\0", "Lenovo"),
    (b"MSFT", "Microsoft"),
    (b"NTC\0", "Nuvoton"),
    (b"NTZ\0", "Nationz"),
    (b"QCOM", "Qualcomm"),
    (b"SMSN", "Samsung"),
    (b"STM ", "STMicroelectronics"),
    (b"WEC\0", "Winbond"),
];

/// What the maker says of the TPM itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The maker's identifier.
    pub manufacturer: Option<[u8; 4]>,
    /// The maker's word for the part.
    pub model: Option<String>,
    /// Its firmware when the certificate was made.
    pub version: Option<u32>,
}

impl Device {
    /// Reads the subject's alternative name. What it does not say stays empty.
    pub fn of(certificate: &Certificate) -> Self {
        let mut device = Self::default();
        let Some(name) = certificate.extension(SUBJECT_ALT_NAME) else { return device };
        let Ok(SubjectAltName(names)) = SubjectAltName::from_der(name) else { return device };
        for name in &names {
            let GeneralName::DirectoryName(name) = name else { continue };
            for attribute in name.iter() {
                let Ok(text) = std::str::from_utf8(attribute.value.value()) else { continue };
                match attribute.oid {
                    MANUFACTURER => device.manufacturer = id(text).map(u32::to_be_bytes),
                    MODEL => device.model = Some(text.to_owned()),
                    VERSION => device.version = id(text),
                    _ => {}
                }
            }
        }
        device
    }

    /// The maker's name, or its identifier.
    pub fn maker(&self) -> Option<String> {
        let id = self.manufacturer?;
        if id == SWTPM {
            return Some("swtpm".to_owned());
        }
        let known = MAKERS.iter().find(|(known, _)| **known == id).map(|(_, name)| (*name).to_owned());
        Some(known.unwrap_or_else(|| format!("id:{:08X}", u32::from_be_bytes(id))))
    }

    /// A program that plays a TPM, by the certificate's own word: an emulator, or a hypervisor's.
    pub fn is_software(&self) -> bool {
        let id = self.manufacturer.unwrap_or_default();
        let name = std::str::from_utf8(&id).unwrap_or_default();
        let model = self.model.as_deref().unwrap_or_default();
        Signs { maker: name, model, tpm: self.manufacturer, ..Signs::default() }.mean_software()
    }

    /// Its firmware when the certificate was made: two numbers of 16 bits. Absent where they make none, as swtpm's date.
    pub fn firmware(&self) -> Option<Firmware> {
        let version = self.version?;
        let (major, minor) = (version >> 16, version & 0xffff);
        (1..=PLAUSIBLE).contains(&major).then_some(Firmware(major, minor, 0))
    }
}

/// What a path from an endorsement key must be besides valid.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndorsementPath;

impl Profile for EndorsementPath {
    fn tolerates(&self, deviation: &Deviation, _: usize, _: &Certificate) -> bool {
        matches!(deviation, Deviation::RsaWithoutNull(_) | Deviation::EcdsaWithNull(_))
    }

    /// The alternative name is critical where the subject is empty (RFC 5280 section 4.2.1.6), and is read by `Device`.
    fn understands(&self, extension: ObjectIdentifier) -> bool {
        matches!(extension, SUBJECT_ALT_NAME | EXTENDED_KEY_USAGE)
    }

    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken> {
        let Some(leaf) = path.certificates.first() else { return Err(Broken::TooLong) };
        let refused = |why: &str| Err(Broken::Profile(format!("{} {why}", Named(leaf.name()))));
        let is_ca = leaf
            .extension(BASIC_CONSTRAINTS)
            .and_then(|bytes| BasicConstraints::from_der(bytes).ok())
            .is_some_and(|constraints| constraints.ca);
        if is_ca {
            return refused("is a CA's certificate, and an endorsement key is none");
        }
        let is_endorsement = leaf
            .extension(EXTENDED_KEY_USAGE)
            .and_then(|bytes| ExtendedKeyUsage::from_der(bytes).ok())
            .is_some_and(|usage| usage.0.contains(&EK_CERTIFICATE));
        if is_endorsement {
            Ok(())
        } else {
            refused("is not the certificate of an endorsement key (2.23.133.8.1)")
        }
    }
}

/// "id:" and 8 hexadecimal digits.
fn id(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("id:").filter(|digits| digits.len() == 8)?;
    u32::from_str_radix(digits, 16).ok()
}
