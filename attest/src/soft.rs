//! By which names software calls itself: tokens by their module's words, TPMs by their certificates'.
//!
//! A name is only ever taken against a device, since nobody gains by saying it. `docs/posture.md` has the same list.

/// Parts of makers' and models' names, in lower case and with single spaces.
const SOFT: [&str; 11] = [
    "softhsm",
    "kryoptic",
    "nss",
    "mozilla",
    "p11-kit",
    "swtpm",
    "libtpms",
    "sw tpm",
    "xcg ftpm",
    "simulator",
    "emulator",
];
/// The identifiers of TPMs that hypervisors and clouds emulate (TCG's vendor id registry), in lower case.
const VIRTUAL: [&str; 4] = ["vmw", "amzn", "goog", "qemu"];

/// Whether the maker's or the model's name is a program's.
pub(crate) fn is_named(maker: &str, model: &str) -> bool {
    let [maker, model] = [maker, model].map(plain);
    SOFT.iter().any(|soft| maker.contains(soft) || model.contains(soft)) || VIRTUAL.contains(&maker.as_str())
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
        for (maker, model) in [("SoftHSM project", ""), ("", "SW   TPM"), ("VMW\0", ""), ("MSFT", "xCG fTPM")]
        {
            assert!(is_named(maker, model), "{maker:?} {model:?}");
        }
        for (maker, model) in [("IFX\0", "SLB9670"), ("MSFT", "Pluton"), ("Google", "Titan"), ("", "")] {
            assert!(!is_named(maker, model), "{maker:?} {model:?}");
        }
    }
}
