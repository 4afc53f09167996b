//! What a YubiKey says of a key in its PIV application (Yubico's "PIV attestation").

use crate::yubico::conclusion::{VENDOR, Words};
use crate::yubico::extension::{
    PIV_FIRMWARE, PIV_FORM_FACTOR, PIV_POLICIES, PIV_SERIAL, Reader, bytes, piv_firmware, unsigned,
};

use crate::{Certificate, Kind, Statement};

/// How the leaf's name begins; the slot follows.
pub(in crate::yubico) const SUBJECT: &str = "YubiKey PIV Attestation ";
/// The bit of the form factor that marks a FIPS series.
const FIPS: u8 = 0x80;
/// The slots that hold attestable keys (NIST SP 800-73): four, and the twenty retired ones.
const SLOTS: [&str; 24] = [
    "9a", "9c", "9d", "9e", "82", "83", "84", "85", "86", "87", "88", "89", "8a", "8b", "8c", "8d", "8e",
    "8f", "90", "91", "92", "93", "94", "95",
];

pub(super) fn read(leaf: &Certificate) -> Words {
    let mut reader = Reader::new(leaf);
    let mut statement = Statement::of(Some(Kind::YubikeyPiv), Some(leaf.key().clone()));
    statement.vendor = Some(VENDOR.to_owned());
    statement.firmware = reader.required(PIV_FIRMWARE, piv_firmware);
    statement.serial = reader.optional(PIV_SERIAL, unsigned).map(|serial| serial.to_string());
    if let Some([pin, touch]) = reader.required(PIV_POLICIES, bytes::<2>) {
        statement.pin_policy = known(&mut reader, "PIN policy", pin, pin_policy);
        statement.touch_policy = known(&mut reader, "touch policy", touch, touch_policy);
    }
    if let Some([form]) = reader.optional(PIV_FORM_FACTOR, bytes::<1>) {
        statement.form_factor = Some(form_factor(form & !FIPS));
        statement.fips = Some(form & FIPS != 0);
    }
    statement.slot = slot(leaf);
    if statement.slot.is_none() {
        reader.fault("its name holds no PIV slot");
    }
    // The device attests no key that was imported, and lets none out.
    statement.origin = Some("generated");
    statement.exportable = Some(false);
    Words { statement, faults: reader.faults }
}

fn slot(leaf: &Certificate) -> Option<String> {
    let slot = leaf.common_name()?.strip_prefix(SUBJECT)?.to_ascii_lowercase();
    SLOTS.contains(&slot.as_str()).then_some(slot)
}

/// A policy that is not known here cannot be relied on.
fn known(
    reader: &mut Reader<'_>,
    what: &str,
    value: u8,
    name: fn(u8) -> Option<&'static str>,
) -> Option<&'static str> {
    let name = name(value);
    if name.is_none() {
        reader.unknown(&format!("{what} {value}"));
    }
    name
}

fn pin_policy(value: u8) -> Option<&'static str> {
    match value {
        1 => Some("never"),
        2 => Some("once"),
        3 => Some("always"),
        4 => Some("match-once"),
        5 => Some("match-always"),
        _ => None,
    }
}

fn touch_policy(value: u8) -> Option<&'static str> {
    match value {
        1 => Some("never"),
        2 => Some("always"),
        3 => Some("cached"),
        _ => None,
    }
}

fn form_factor(value: u8) -> &'static str {
    match value {
        0x01 => "USB-A keychain",
        0x02 => "USB-A nano",
        0x03 => "USB-C keychain",
        0x04 => "USB-C nano",
        0x05 => "USB-C and Lightning keychain",
        0x06 => "USB-A biometric keychain",
        0x07 => "USB-C biometric keychain",
        _ => "unknown",
    }
}
