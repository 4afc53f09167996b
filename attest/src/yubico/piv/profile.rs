//! Which paths a PIV key may have, and what early devices are forgiven.
//!
//! Two hierarchies: before firmware 5.7.4, the root itself issued F9; since then, a PIV intermediate did. A leaf that
//! says one firmware under the other's root contradicts itself: an F9 key that was taken from an old device could
//! otherwise hide the old device's weaknesses behind a new version.

use x509_cert::spki::ObjectIdentifier;

use crate::path::{Broken, Deviation, Path, Profile};
use crate::yubico::extension::{PIV_FIRMWARE, piv_firmware};
use crate::yubico::product;
use crate::{Certificate, Firmware, Named};

/// The names of F9 certificates: before and since firmware 5.7.4.
pub(super) const F9: [&str; 2] = ["Yubico PIV Attestation", "YubiKey PIV Attestation"];
const OLD_ROOT: &str = "Yubico PIV Root CA Serial 263751";
const INTERMEDIATE: &str = "Yubico PIV Attestation ";

pub(super) struct Piv;

impl Profile for Piv {
    fn tolerates(&self, deviation: &Deviation, at: usize, above: &Certificate) -> bool {
        match deviation {
            // Some F9 certificates, and nothing above them.
            Deviation::NoBasicConstraints(_) => at == 1 && super::is_f9(above),
            // The root directly above F9: its edition of 2016, and the U2F root of some early devices.
            Deviation::AnchorPathLength(_) => at == 2,
            // What the devices themselves sign, and F9.
            Deviation::RsaWithoutNull(_) => at <= 1,
            // No device of theirs has it.
            Deviation::EcdsaWithNull(_) => false,
        }
    }

    fn understands(&self, _: ObjectIdentifier) -> bool {
        false
    }

    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken> {
        let f9 = path.certificates.get(1).is_some_and(|certificate| super::is_f9(certificate));
        if !f9 {
            return Err(Broken::Profile(
                "the key's certificate was not signed by an F9 certificate".to_owned(),
            ));
        }
        match path.anchor.name() {
            _ if path.anchor.is_given() => product::has_no_other_product(path, "PIV"),
            product::ATTESTATION_ROOT => {
                product::is_below_attestation_root(path, INTERMEDIATE)?;
                generation(path, |firmware| firmware >= super::NEW_HIERARCHY)
            }
            OLD_ROOT if path.certificates.len() == 2 => {
                generation(path, |firmware| firmware < super::NEW_HIERARCHY)
            }
            other => Err(Broken::Profile(format!("{} does not issue through intermediates", Named(other)))),
        }
    }
}

fn generation(path: &Path<'_>, fits: fn(Firmware) -> bool) -> Result<(), Broken> {
    let leaf = path.certificates.first();
    let firmware = leaf.and_then(|leaf| leaf.extension(PIV_FIRMWARE)).and_then(piv_firmware);
    match firmware {
        Some(firmware) if !fits(firmware) => Err(Broken::Profile(format!(
            "devices with firmware {firmware} are not attested under {}",
            Named(path.anchor.name())
        ))),
        _ => Ok(()),
    }
}
