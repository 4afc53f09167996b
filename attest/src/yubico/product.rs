//! Which of Yubico's intermediates vouch for which product, by the names that Yubico's root signed.
//!
//! The hierarchy of 2024 has one root for everything: root, a generation's intermediate, a product's intermediate, the
//! device, the key. A product's intermediate vouches for that product alone.

use crate::path::{Broken, Path};
use crate::{Certificate, Firmware, Named};

pub(super) const ATTESTATION_ROOT: &str = "Yubico Attestation Root 1";
const GENERATION: &str = "Yubico Attestation Intermediate ";
/// What the names of other products' CAs hold. None of them is ever on a path for this one.
const PRODUCTS: [&str; 5] = ["PIV", "FIDO", "OPGP", "OpenPGP", "SD"];
/// The first firmware of the hierarchy of 2024.
pub(super) const NEW_HIERARCHY: Firmware = Firmware(5, 7, 4);

/// Above the device, in the hierarchy of 2024: this product's intermediate, then a generation's.
pub(super) fn is_below_attestation_root(path: &Path<'_>, product: &str) -> Result<(), Broken> {
    let names: Vec<String> = path.certificates.iter().skip(2).map(|certificate| certificate.name()).collect();
    match names.as_slice() {
        [by_product, generation] if by_product.starts_with(product) && generation.starts_with(GENERATION) => {
            Ok(())
        }
        _ => Err(Broken::Profile(format!(
            "the path to \"{ATTESTATION_ROOT}\" does not lead through \"{product}…\" and \"{GENERATION}…\" alone; \
             other products' intermediates do not vouch for this one"
        ))),
    }
}

/// Under a root that the caller gave: no CA of another product of Yubico's.
pub(super) fn has_no_other_product(path: &Path<'_>, product: &str) -> Result<(), Broken> {
    let is_other = |certificate: &&&Certificate| {
        let name = certificate.name();
        let word = |wanted: &&str| name.split(' ').any(|word| word == *wanted);
        let hsm = name.contains("YubiHSM") && product != "YubiHSM";
        name.contains("Attestation") && (hsm || PRODUCTS.iter().filter(|other| **other != product).any(word))
    };
    match path.certificates.iter().skip(1).find(is_other) {
        Some(other) => Err(Broken::Profile(format!("{} is of another product", Named(other.name())))),
        None => Ok(()),
    }
}
