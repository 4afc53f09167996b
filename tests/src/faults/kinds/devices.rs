//! A YubiKey is pulled, a TPM is cut off, and the daemons before them end: pcscd and tpm2-abrmd, amid load.

use std::process::Command;

use super::{Group, Kind};
use crate::faults::{Scene, Shape};
use crate::pcsc::Busy;
use crate::piv::{PIN, PUK};

/// VERIFY, by its instruction.
const VERIFY: &str = "20";

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
        Kind::new(Group::Devices, "the YubiKey's PIN blocked behind the agent's back", blocked)
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

/// Another program gives wrong PINs until the card takes none. The agent says so and gives its PIN no more, until an
/// operator has unblocked it with the PUK.
fn blocked(scene: &mut Scene<'_>) {
    let (key, pcsc) = scene.site.yubikey();
    let (before, hosts) = (key.refused_pins(), scene.agent().hosts());
    drop(pcsc.occupy(key, Busy::Blocking));
    scene.others_were_refused(key.refused_pins() - before);
    scene.agent().await_tokens("latched");
    assert_eq!(scene.agent().hosts(), hosts, "a lane waited for the token manager, and that one for it");
    let verified = key.commands(VERIFY);
    scene.until_refused();
    assert_eq!(key.commands(VERIFY), verified, "the card was asked again");
    let said = scene.agent().tokens()[0]["detail"].to_string();
    assert!(said.contains("the PIN is blocked"), "{said}");
    let mut tool = Command::new("yubico-piv-tool");
    tool.args(["-r", key.reader(), "-a", "unblock-pin", "-P", PUK, "-N", PIN]);
    let unblocked = pcsc.inside(&tool).output().unwrap();
    assert!(unblocked.status.success(), "{unblocked:?}");
    scene.unlatch("key", PIN);
}
