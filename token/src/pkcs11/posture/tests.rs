//! One case for each backend, with the words that it says.

use super::Words;

/// A module that says of everything that it is hardware.
fn hardware<'a>(manufacturer: &'a str, model: &'a str) -> Words<'a> {
    Words { manufacturer, model, hardware_slot: true, hardware_mechanism: true }
}

#[test]
fn soft_tokens_are_known_by_their_makers_even_where_they_claim_hardware() {
    for (manufacturer, model) in [
        ("SoftHSM project", "SoftHSM v2"),
        ("Kryoptic Project", "v1"),
        ("Mozilla Foundation", "NSS 3"),
        ("PKCS#11 Kit", "p11-kit-trust"),
        ("IBM", "Soft"),
        ("Somebody", "HSM Simulator"),
    ] {
        assert!(hardware(manufacturer, model).mean_software(), "{manufacturer}, {model}");
    }
}

#[test]
fn a_tpm_that_is_a_program_does_not_read_as_hardware() {
    for (manufacturer, model) in [
        // swtpm, as tpm2-pkcs11 joins its vendor strings; the module sets CKF_HW_SLOT and CKF_HW on all TPMs.
        ("IBM", "SW   TPM"),
        ("IBM", "sw tpm"),
        ("MSFT", "xCG fTPM"),
        ("VMW", "VMware TPM"),
        ("AMZN", "NitroTPM"),
        ("GOOG", "vTPM"),
    ] {
        assert!(hardware(manufacturer, model).mean_software(), "{manufacturer}, {model}");
    }
}

#[test]
fn a_token_without_a_hardware_slot_or_mechanism_is_software_whatever_it_is_called() {
    let named = hardware("Honest Maker", "HSM 9000");
    assert!(Words { hardware_slot: false, ..named }.mean_software());
    assert!(Words { hardware_mechanism: false, ..named }.mean_software());
}

#[test]
fn cards_chips_and_modules_that_say_hardware_are_not_called_software() {
    for (manufacturer, model) in [
        ("Yubico (www.yubico.com)", "YubiKey YK5"),
        ("piv_II", "PKCS#15 emulated"),
        ("STMicro", ""),
        ("Infineon", "SLB9670"),
        ("INTC", "Intel"),
        ("AMD", "AMD"),
        ("SafeNet", "Luna K7"),
        ("nCipher Corp. Ltd", "nShield"),
        ("Utimaco IS GmbH", "CryptoServer"),
    ] {
        assert!(!hardware(manufacturer, model).mean_software(), "{manufacturer}, {model}");
    }
}
