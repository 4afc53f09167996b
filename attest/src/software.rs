//! What decides that a key is *software*: the signs by which a program that plays a device gives itself away.
//!
//! All of them are the word of whoever is judged, so they are only ever taken against a device, and never for it: nobody gains
//! by showing one. Tokens show theirs by their module (PKCS#11 v3.1 sections 3.1 to 3.3), YubiKeys by their reader, TPMs by
//! the certificate of their endorsement key. The agent, the verifier and `docs/posture.md` all go by this list.

/// Parts of makers', models' and modules' names, in lower case and with single spaces.
const SOFT: [&str; 11] = [
    "softhsm",
    "kryoptic",
    "nss",
    "mozilla",
    "p11-kit",
    "swtpm",
    "libtpms",
    // What libtpms and Microsoft's reference code call themselves (TPM2_PT_VENDOR_STRING).
    "sw tpm",
    "xcg ftpm",
    "simulator",
    "emulator",
];
/// What opencryptoki calls its token that is a file, in lower case; its others are in hardware.
const FILE: &str = "soft";
/// The identifiers of TPMs that hypervisors and clouds emulate (TCG's vendor id registry), in lower case.
const VIRTUAL: [&str; 4] = ["vmw", "amzn", "goog", "qemu"];
/// What the name of a smart card reader holds that is a program, in lower case.
const VIRTUAL_READER: &str = "virtual";
/// What swtpm puts into its certificates as the manufacturer.
pub(crate) const SWTPM: [u8; 4] = [0, 0, 0x10, 0x14];
/// Manufacturers of TPMs that make programs only: swtpm's, and IBM, whose TPM is a simulator.
const SIMULATORS: [[u8; 4]; 2] = [SWTPM, *b"IBM\0"];

/// What a device and its driver say of themselves, as far as it could give a program away. What is not said is empty, or false.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// The maker's name.
    pub maker: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The name of the module that drives it.
    pub module: &'a str,
    /// The name of the smart card reader that it is in.
    pub reader: &'a str,
    /// The manufacturer's identifier in the certificate of a TPM's endorsement key.
    pub tpm: Option<[u8; 4]>,
    /// CKF_HW_SLOT is not set on its slot.
    pub no_hardware_slot: bool,
    /// CKF_HW is set on none of the mechanisms that sign: some devices hash in the module, and leave it unset on some.
    pub no_hardware_mechanism: bool,
    /// Whoever looked at it before took it for software.
    pub said_to_be: bool,
}

impl Signs<'_> {
    /// Whether any of them is a program's.
    pub fn mean_software(&self) -> bool {
        let [maker, model, module, reader] = [self.maker, self.model, self.module, self.reader].map(plain);
        let named = SOFT.iter().any(|soft| [&maker, &model, &module].iter().any(|name| name.contains(soft)));
        named
            || model == FILE
            || VIRTUAL.contains(&maker.as_str())
            || reader.contains(VIRTUAL_READER)
            || self.tpm.is_some_and(|id| SIMULATORS.contains(&id))
            || self.no_hardware_slot
            || self.no_hardware_mechanism
            || self.said_to_be
    }
}

/// In lower case, with one space where there are several.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches('\0').to_ascii_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
