//! A YubiKey is pulled, a TPM is cut off, and the daemons before them end: pcscd and tpm2-abrmd, amid load.

use super::{Group, Kind};
use crate::faults::{Scene, Shape};

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(Group::Devices, "pcscd killed, and started again", |scene| {
            let (key, pcsc) = scene.site.yubikey();
            pcsc.stop();
            scene.until_refused();
            pcsc.begin();
            // The card is still to be found: by pcscd, and then by the agent.
            scene.gone();
            key.await_power();
        })
        .on(Shape::YubiKey),
        Kind::new(Group::Devices, "the YubiKey pulled amid a signature, and put back", |scene| {
            pulled(scene, "87 vanish");
        })
        .on(Shape::YubiKey),
        Kind::new(
            Group::Devices,
            "the YubiKey pulled when it had signed and not answered, and put back",
            |scene| {
                pulled(scene, "87 vanish-after");
            },
        )
        .on(Shape::YubiKey),
        Kind::new(Group::Devices, "tpm2-abrmd killed, and started again", |scene| {
            scene.site.tpm().borrow_mut().kill_manager();
            scene.until_refused();
            scene.site.tpm().borrow_mut().start_manager();
            scene.gone();
        })
        .on(Shape::Tpm),
    ]
}

/// The next signature is the last one until the YubiKey is put back.
fn pulled(scene: &Scene<'_>, how: &str) {
    let (key, _) = scene.site.yubikey();
    key.fault(how);
    key.await_absence();
    scene.until_refused();
    scene.gone();
    key.insert();
}
