//! Each sign alone, as real programs show it, and real devices that show none.

use super::Signs;

fn named<'a>(maker: &'a str, model: &'a str) -> Signs<'a> {
    Signs { maker, model, ..Signs::default() }
}

#[test]
fn a_program_is_known_by_any_one_of_its_signs_and_devices_are_not_accused() {
    let device = named("Honest Maker", "HSM 9000");
    for program in [
        // Soft tokens, even where they claim hardware.
        named("SoftHSM project", "SoftHSM v2"),
        named("SoftHSM project", ""),
        named("Kryoptic Project", "v1"),
        named("Mozilla Foundation", "NSS 3"),
        named("PKCS#11 Kit", "p11-kit-trust"),
        named("IBM", "Soft"),
        named("Somebody", "HSM Simulator"),
        // swtpm, as tpm2-pkcs11 joins its vendor strings; the module sets CKF_HW_SLOT and CKF_HW on all TPMs.
        named("IBM", "SW   TPM"),
        named("", "sw tpm"),
        named("MSFT", "xCG fTPM"),
        named("VMW\0", ""),
        named("VMW", "VMware TPM"),
        named("AMZN", "NitroTPM"),
        named("GOOG", "vTPM"),
        // The certificates of swtpm and of IBM's simulator.
        Signs { tpm: Some([0, 0, 0x10, 0x14]), ..device },
        Signs { tpm: Some(*b"IBM\0"), ..device },
        Signs { reader: "Virtual PCD 00 00", ..device },
        Signs { reader: "Yubico YubiKey (virtual) 00 00", ..device },
        Signs { module: "Kryoptic PKCS11 1.4", ..device },
        Signs { no_hardware_slot: true, ..device },
        Signs { no_hardware_mechanism: true, ..device },
        Signs { said_to_be: true, ..device },
    ] {
        assert!(program.mean_software(), "{program:?}");
    }
    for chip in [
        device,
        Signs::default(),
        named("Yubico (www.yubico.com)", "YubiKey YK5"),
        named("piv_II", "PKCS#15 emulated"),
        named("STMicro", ""),
        named("Infineon", "SLB9670"),
        named("IFX\0", "SLB9670"),
        named("INTC", "Intel"),
        named("AMD", "AMD"),
        named("MSFT", "Pluton"),
        named("", "Software"),
        named("Google", "Titan"),
        named("SafeNet", "Luna K7"),
        named("nCipher Corp. Ltd", "nShield"),
        named("Utimaco IS GmbH", "CryptoServer"),
        Signs { tpm: Some(*b"IFX\0"), ..device },
        Signs { reader: "Yubico YubiKey OTP+FIDO+CCID 00 00", ..device },
        Signs { module: "Cryptoki, Yubico.com 2.40", ..device },
    ] {
        assert!(!chip.mean_software(), "{chip:?}");
    }
}
