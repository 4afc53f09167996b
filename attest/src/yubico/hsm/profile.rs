//! Which paths a YubiHSM 2's key may have: under the YubiHSM root through a Sub-CA, or under the hierarchy of 2024.

use x509_cert::spki::ObjectIdentifier;

use crate::path::{Broken, Deviation, Path, Profile};
use crate::yubico::product;
use crate::{Certificate, Named};

const OLD_ROOT: &str = "Yubico YubiHSM Root CA";
pub(super) const DEVICE: &str = "YubiHSM Attestation (";
const INTERMEDIATE: &str = "YubiHSM Attestation ";

pub(super) struct Hsm;

impl Profile for Hsm {
    fn tolerates(&self, deviation: &Deviation, at: usize, _: &Certificate) -> bool {
        // What the devices themselves sign.
        matches!(deviation, Deviation::RsaWithoutNull(_)) && at <= 1
    }

    fn understands(&self, _: ObjectIdentifier) -> bool {
        false
    }

    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken> {
        let name =
            |at: usize| path.certificates.get(at).map(|certificate| certificate.name()).unwrap_or_default();
        if !name(1).starts_with(DEVICE) {
            return Err(Broken::Profile(
                "the key's certificate was not signed by a YubiHSM's own".to_owned(),
            ));
        }
        let sub_ca = name(2).starts_with("Yubico YubiHSM ") && name(2).ends_with(" Sub-CA");
        match path.anchor.name() {
            _ if path.anchor.is_given() => product::has_no_other_product(path, "YubiHSM"),
            product::ATTESTATION_ROOT => product::is_below_attestation_root(path, INTERMEDIATE),
            OLD_ROOT if sub_ca && path.certificates.len() == 3 => Ok(()),
            other => {
                Err(Broken::Profile(format!("{} does not vouch for YubiHSMs by this path", Named(other))))
            }
        }
    }
}
