//! The capabilities and domains of an object in a YubiHSM 2, in words.

use crate::Finding;

/// exportable-under-wrap.
const EXPORTABLE: u64 = 0x1_0000;
/// What a key may do with data; the rest is shown as a number.
const NAMES: [(u64, &str); 9] = [
    (0x20, "sign-pkcs"),
    (0x40, "sign-pss"),
    (0x80, "sign-ecdsa"),
    (0x100, "sign-eddsa"),
    (0x200, "decrypt-pkcs"),
    (0x400, "decrypt-oaep"),
    (0x800, "derive-ecdh"),
    (EXPORTABLE, "exportable-under-wrap"),
    (0x4_0000_0000, "sign-attestation-certificate"),
];

/// Whether the object can leave the device under another key.
pub(super) fn is_exportable(capabilities: [u8; 8]) -> bool {
    u64::from_be_bytes(capabilities) & EXPORTABLE != 0
}

/// What the report says of both.
pub(super) fn remark(domains: [u8; 2], capabilities: [u8; 8]) -> Finding {
    let all = u64::from_be_bytes(capabilities);
    let mut names: Vec<String> =
        NAMES.iter().filter(|(bit, _)| all & bit != 0).map(|(_, name)| (*name).to_owned()).collect();
    let rest = NAMES.iter().fold(all, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    let may = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let bits = u16::from_be_bytes(domains);
    let domains: Vec<String> =
        (0..16).filter(|bit| bits & 1 << bit != 0).map(|bit| (bit + 1).to_string()).collect();
    Finding::info("capabilities", format!("The key may: {may}. Its domains: {}.", domains.join(", ")))
}
