//! By which names software calls itself: tokens by their module's words, TPMs by their certificates'.
//!
//! A name is only ever taken against a device, since nobody gains by saying it. The agent grades what its tokens say by
//! this list as well, and `docs/posture.md` shows it.

/// Parts of makers' and models' names, in lower case and with single spaces.
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

/// Whether the maker's or the model's name is a program's.
pub fn is_named(maker: &str, model: &str) -> bool {
    let [maker, model] = [maker, model].map(plain);
    let named = SOFT.iter().any(|soft| maker.contains(soft) || model.contains(soft));
    named || model == FILE || VIRTUAL.contains(&maker.as_str())
}

/// In lower case, with one space where there are several.
fn plain(name: &str) -> String {
    let name = name.trim_end_matches('\0').to_ascii_lowercase();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names_and_chips_are_not_accused() {
        let programs =
            [("SoftHSM project", ""), ("IBM", "Soft"), ("", "SW   TPM"), ("VMW\0", ""), ("MSFT", "xCG fTPM")];
        for (maker, model) in programs {
            assert!(is_named(maker, model), "{maker:?} {model:?}");
        }
        for (maker, model) in
            [("IFX\0", "SLB9670"), ("MSFT", "Pluton"), ("", "Software"), ("Google", "Titan"), ("", "")]
        {
            assert!(!is_named(maker, model), "{maker:?} {model:?}");
        }
    }
}
