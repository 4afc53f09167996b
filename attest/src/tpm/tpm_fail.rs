//! TPM-FAIL: ECDSA whose time tells of the key (CVE-2019-11090 in Intel's, CVE-2019-16863 in ST's TPMs).
//!
//! Judged by maker, firmware and algorithm. The firmware is the statement's, which the attestation key signed; a key
//! outside the endorsement hierarchy signs a disguised number, and one that makes no sense counts as unknown: then the
//! certificate's is taken. Only a firmware that is known to be mended is silent. Sources: INTEL-SA-00241; st.com/tpmupdate; tpm.fail.

use super::endorsement::{Device, PLAUSIBLE};
use crate::Finding;

const INTEL: [u8; 4] = *b"INTC";
const ST: [u8; 4] = *b"STM ";

/// The warning, if the TPM's ECDSA is not known to be sound. What the statement says of the firmware is newer than the
/// certificate, which counts where the statement's number is disguised.
pub(super) fn finding(device: &Device, stated: u64) -> Option<Finding> {
    let is_plain = (1..=PLAUSIBLE).contains(&version(stated).0);
    let certified = device.version.map_or(0, |version| u64::from(version) << 32);
    let firmware = if is_plain { stated } else { certified };
    let (maker, cve) = match device.manufacturer? {
        INTEL if !intel_is_mended(firmware) => ("Intel", "CVE-2019-11090"),
        ST if !st_is_mended(firmware) => ("STMicroelectronics", "CVE-2019-16863"),
        _ => return None,
    };
    Some(Finding::warning(
        "tpm-fail",
        format!(
            "{cve} (TPM-FAIL): ECDSA keys of this {maker} TPM can be computed from how long its signatures take, unless \
             its firmware is mended, which the evidence does not show. An attacker needs to have it sign some thousand \
             times and to time each one, on the machine or over a quiet network. Update the firmware and make a new key, \
             or use RSA."
        ),
    ))
}

/// CSME 11.8.70, 11.22.70, 12.0.45, 14.0.10 and whatever came later; server and Atom firmware is never sure.
fn intel_is_mended(firmware: u64) -> bool {
    let (major, minor) = version(firmware);
    let hotfix = firmware >> 16 & 0xffff;
    match (major, minor) {
        (11, 8 | 22) => hotfix >= 70,
        (12, 0) => hotfix >= 45,
        (14, 0) => hotfix >= 10,
        (12, 1..) | (14, 1..) | (15..=PLAUSIBLE, _) => true,
        _ => false,
    }
}

/// The parts with TPM 2.0 firmware 71, 73 and 74 that ST lists; no other is affected.
fn st_is_mended(firmware: u64) -> bool {
    match version(firmware) {
        (71, minor) => !matches!(minor, 0 | 4 | 12),
        (73, minor) => !matches!(minor, 0 | 4 | 5 | 8 | 9),
        (74, minor) => !matches!(minor, 0 | 4 | 5 | 8 | 9 | 16),
        (major, _) => (1..=PLAUSIBLE).contains(&major),
    }
}

/// The first two numbers: the upper and lower half of TPM_PT_FIRMWARE_VERSION_1.
fn version(firmware: u64) -> (u32, u32) {
    let first = (firmware >> 32) as u32;
    (first >> 16, first & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(manufacturer: &[u8; 4], numbers: [u16; 4]) -> bool {
        let firmware = numbers.iter().fold(0, |all, number| all << 16 | u64::from(*number));
        finding(&Device { manufacturer: Some(*manufacturer), ..Device::default() }, firmware).is_some()
    }

    #[test]
    fn only_a_firmware_that_is_known_to_be_mended_is_silent() {
        assert!(warned(b"STM ", [71, 12, 0, 0]) && warned(b"STM ", [74, 16, 0, 0]));
        assert!(!warned(b"STM ", [71, 16, 0, 0]) && !warned(b"STM ", [1, 257, 0, 0]));
        assert!(warned(b"INTC", [11, 8, 50, 3426]) && warned(b"INTC", [3, 1, 70, 0]));
        assert!(!warned(b"INTC", [11, 8, 70, 3626]) && !warned(b"INTC", [15, 0, 0, 1]));
    }

    #[test]
    fn a_disguised_number_is_no_proof_of_a_mended_firmware() {
        assert!(warned(b"STM ", [0x9f31, 7, 1, 2]) && warned(b"INTC", [0x9f31, 7, 1, 2]));
    }

    #[test]
    fn the_certificates_firmware_counts_where_the_statements_is_disguised() {
        let device = |version| Device { manufacturer: Some(ST), version: Some(version), ..Device::default() };
        let (disguised, weak) = (0x9f31_0007_0001_0002, 0x0047_000c_0000_0000);
        assert!(finding(&device(0x0047_0010), disguised).is_none(), "71.16 is mended");
        assert!(finding(&device(0x0047_000c), disguised).is_some(), "71.12 is not");
        assert!(finding(&device(0x0047_0010), weak).is_some(), "the statement's own number is newer");
    }

    #[test]
    fn other_makers_are_not_accused() {
        assert!(!warned(b"IFX\0", [7, 85, 0, 0]));
    }
}
