//! The extensions below Yubico's identifier, read strictly: the sizes are the ones that are documented.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Tagged};
use x509_cert::spki::ObjectIdentifier;

use crate::{Certificate, Finding, Firmware, Named};

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(super) const PIV_FIRMWARE: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.3");
pub(super) const PIV_SERIAL: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.7");
pub(super) const PIV_POLICIES: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.8");
pub(super) const PIV_FORM_FACTOR: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.9");
pub(super) const PIV_FIPS: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.10");
pub(super) const PIV_CSPN: ObjectIdentifier = oid("1.3.6.1.4.1.41482.3.11");
pub(super) const HSM_FIRMWARE: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.1");
pub(super) const HSM_SERIAL: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.2");
pub(super) const HSM_ORIGIN: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.3");
pub(super) const HSM_DOMAINS: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.4");
pub(super) const HSM_CAPABILITIES: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.5");
pub(super) const HSM_OBJECT_ID: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.6");
pub(super) const HSM_LABEL: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.9");
/// Of devices of the FIPS series (docs.yubico.com, "YubiHSM OIDs").
pub(super) const HSM_FIPS: ObjectIdentifier = oid("1.3.6.1.4.1.41482.4.10");
/// Where a certificate request carries the leaf (.1, or .11 by other tools) and F9 (.2).
pub(crate) const REQUEST_CARRIES: [ObjectIdentifier; 3] =
    [oid("1.3.6.1.4.1.41482.3.1"), oid("1.3.6.1.4.1.41482.3.2"), oid("1.3.6.1.4.1.41482.3.11")];

/// The code of a value that is well-formed and not known here.
pub(super) const UNKNOWN: &str = "unknown-value";

/// Reads extensions of one certificate and collects those that cannot be read.
pub(super) struct Reader<'a> {
    certificate: &'a Certificate,
    pub(super) faults: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(certificate: &'a Certificate) -> Self {
        Self { certificate, faults: Vec::new() }
    }

    /// An extension that need not be there.
    pub(super) fn optional<T>(&mut self, oid: ObjectIdentifier, read: fn(&[u8]) -> Option<T>) -> Option<T> {
        let value = read(self.certificate.extension(oid)?);
        if value.is_none() {
            self.fault(&format!("extension {oid} does not hold what it should"));
        }
        value
    }

    /// An extension that every such certificate has.
    pub(super) fn required<T>(&mut self, oid: ObjectIdentifier, read: fn(&[u8]) -> Option<T>) -> Option<T> {
        if self.certificate.extension(oid).is_none() {
            self.fault(&format!("extension {oid} is missing"));
        }
        self.optional(oid, read)
    }

    /// What is said is no word of the device's language: it was not read as it was meant.
    pub(super) fn fault(&mut self, what: &str) {
        let message = format!("{}: {what}.", Named(self.certificate.name()));
        self.faults.push(Finding::error("unreadable-extension", message));
    }

    /// What is said may be a word of a later language: nothing is known of what it means.
    pub(super) fn unknown(&mut self, what: &str) {
        let message = format!("{}: {what} is not known here.", Named(self.certificate.name()));
        self.faults.push(Finding::error(UNKNOWN, message));
    }
}

/// Bare bytes, as in PIV's extensions.
pub(super) fn bytes<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    value.try_into().ok()
}

/// Three bare bytes.
pub(super) fn piv_firmware(value: &[u8]) -> Option<Firmware> {
    bytes::<3>(value).map(Firmware::from)
}

/// Three bytes in an OCTET STRING.
pub(super) fn hsm_firmware(value: &[u8]) -> Option<Firmware> {
    let octets = AnyRef::from_der(value).ok().filter(|any| any.tag() == der::Tag::OctetString)?;
    piv_firmware(octets.value())
}

/// An INTEGER of a serial number or identifier, read as unsigned: devices write three bytes, or four, with the high bit set.
pub(super) fn unsigned(value: &[u8]) -> Option<u64> {
    /// The most bytes that are accepted.
    const MOST: u8 = 8;
    let [0x02, length, number @ ..] = value else { return None };
    let fits = (1..=MOST).contains(length) && number.len() == usize::from(*length);
    fits.then(|| number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// A BIT STRING of whole bytes, which hold a number.
pub(super) fn bits<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    BitStringRef::from_der(value).ok()?.as_bytes()?.try_into().ok()
}

/// A UTF8String, without the zeros that fill it.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let any = AnyRef::from_der(value).ok().filter(|any| any.tag() == der::Tag::Utf8String)?;
    std::str::from_utf8(any.value()).ok().map(|text| text.trim_end_matches('\0').to_owned())
}
