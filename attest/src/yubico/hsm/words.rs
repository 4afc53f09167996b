//! What a YubiHSM 2 says of a key (Yubico's "YubiHSM 2: attestation", certificate extensions).

use super::capability;
use crate::yubico::conclusion::{VENDOR, Words};
use crate::yubico::extension::{
    HSM_CAPABILITIES, HSM_DOMAINS, HSM_FIPS, HSM_FIRMWARE, HSM_LABEL, HSM_OBJECT_ID, HSM_ORIGIN, HSM_SERIAL,
    Reader, bits, hsm_firmware, text, unsigned,
};

use crate::{Certificate, Finding, Kind, Statement};

/// How the leaf's name begins; the object's identifier follows, as in 0x0003.
pub(super) const SUBJECT: &str = "YubiHSM Attestation id:";

pub(super) fn read(leaf: &Certificate) -> Words {
    let mut reader = Reader::new(leaf);
    let mut statement = Statement::of(Some(Kind::Yubihsm2), Some(leaf.key().clone()));
    statement.vendor = Some(VENDOR.to_owned());
    statement.firmware = reader.required(HSM_FIRMWARE, hsm_firmware);
    statement.serial = reader.required(HSM_SERIAL, unsigned).map(|serial| serial.to_string());
    statement.slot = reader.required(HSM_OBJECT_ID, unsigned).map(|id| format!("0x{id:04x}"));
    statement.label = reader.optional(HSM_LABEL, text);
    statement.exportable = reader.required(HSM_CAPABILITIES, bits::<8>).map(capability::is_exportable);
    // An INTEGER in Yubico's list, of which only is known that devices of the FIPS series say one. Others say nothing of it.
    statement.fips = reader.optional(HSM_FIPS, unsigned).map(|series| series != 0);
    reader.required(HSM_DOMAINS, bits::<2>);
    if let Some([value]) = reader.required(HSM_ORIGIN, bits::<1>) {
        statement.origin = origin(value);
        if statement.origin.is_none() {
            reader.unknown(&format!("origin {value:#04x}"));
        }
    }
    if statement.slot.is_some() && named(leaf) != statement.slot {
        reader.fault("its name holds another object's identifier than its extension");
    }
    Words { statement, faults: reader.faults }
}

/// What follows from the words, once they are known to be the device's.
pub(super) fn remarks(leaf: &Certificate) -> Vec<Finding> {
    let mut findings = Vec::new();
    let capabilities = leaf.extension(HSM_CAPABILITIES).and_then(bits::<8>);
    let value = leaf.extension(HSM_ORIGIN).and_then(bits::<1>).map(|[value]| value);
    if let Some(domains) = leaf.extension(HSM_DOMAINS).and_then(bits::<2>) {
        findings.push(capability::remark(domains, capabilities.unwrap_or_default()));
    }
    if value.and_then(origin).is_some_and(|origin| origin != GENERATED) {
        let message = "The key came into the device from outside: it exists, or existed, elsewhere.";
        findings.push(Finding::warning("not-generated", message));
    }
    if capabilities.is_some_and(capability::is_exportable) {
        let message =
            "The key can leave the device, wrapped by another key; who holds that one can hold it too.";
        findings.push(Finding::warning("exportable", message));
    }
    findings
}

const GENERATED: &str = "generated";

/// Bit 0 generated, bit 1 imported, bit 4 wrapped on its way.
fn origin(value: u8) -> Option<&'static str> {
    match value {
        0x01 => Some(GENERATED),
        0x02 => Some("imported"),
        0x11 => Some("generated-and-wrapped"),
        0x12 => Some("imported-and-wrapped"),
        _ => None,
    }
}

/// The identifier in the leaf's name.
fn named(leaf: &Certificate) -> Option<String> {
    Some(leaf.common_name()?.strip_prefix(SUBJECT)?.to_ascii_lowercase())
}
