//! What Yubico's devices sign of a key: YubiKeys in their PIV application, and the YubiHSM 2.
//!
//! Each device has a certificate of its own (F9 on a YubiKey) that Yubico issued, and with its key the device signs a
//! certificate of the key that it attests. Everything that it says is in extensions below one identifier.

mod conclusion;
#[cfg(test)]
mod damage;
mod extension;
pub(crate) mod hsm;
pub(crate) mod piv;
mod product;
#[cfg(test)]
pub(crate) mod tests;

use crate::{Certificate, Kind};

pub(crate) use extension::REQUEST_CARRIES;

/// Whether a certificate is a device's word on a key, and of which kind.
pub(crate) fn kind_of(certificate: &Certificate) -> Option<Kind> {
    if piv::is_leaf(certificate) {
        return Some(Kind::YubikeyPiv);
    }
    hsm::is_leaf(certificate).then_some(Kind::Yubihsm2)
}
