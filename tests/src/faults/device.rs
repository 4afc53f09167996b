//! What signs at a site, and the hands that do something to it: SoftHSM2 behind the fault module, or a device behind the
//! daemon that everybody reaches it by.

use std::cell::RefCell;
use std::fs;

use super::module::Faults;
use crate::agent::LOUD;
use crate::clock::clocked;
use crate::disk::Disk;
use crate::piv::PivRig;
use crate::rig::{PIN, SO_PIN};
use crate::{Agent, Pcsc, Rig, Tpm, YubiKey};

/// How long a token may take: what a hang in a signature costs.
const DEADLINE: &str = "2s";
/// The virtual YubiKey computes where a real one has a chip for it: a busy machine must not pass for a hang.
const SLOW_DEADLINE: &str = "4s";
/// Room for the log's reserve of 64 MiB and some runs.
const SMALL_DISK: &str = "96m";

/// What a thin disk says that it has, in MiB.
const THIN_DISK: u64 = 512;

/// One installation's token.
pub enum Device {
    /// SoftHSM2 behind the fault module, and the disk below the state directory, if that is one of its own.
    Soft(Faults, Option<Disk>),
    /// A virtual YubiKey in a reader of the real pcscd.
    YubiKey(YubiKey, Pcsc),
    /// A TPM behind its resource manager.
    Tpm(RefCell<Tpm>),
}

impl Device {
    /// Two keys on the token, of which the second is there to be taken for the first.
    pub fn soft() -> (Rig, Self) {
        Self::soft_of(two_keys())
    }

    /// The same, with clocks that can be moved.
    pub fn soft_with_clocks() -> (Rig, Self) {
        Self::soft_of(clocked(two_keys()))
    }

    fn soft_of(rig: Rig) -> (Rig, Self) {
        let rig = rig.provisioned();
        let faults = Faults::of(&rig);
        (rig, Self::Soft(faults, None))
    }

    /// The same, with the state directory on a small disk.
    pub fn soft_on_a_small_disk() -> (Rig, Self) {
        let rig = two_keys();
        let disk = Disk::memory(&rig.at("state"), SMALL_DISK);
        let rig = rig.provisioned();
        let faults = Faults::of(&rig);
        (rig, Self::Soft(faults, Some(disk)))
    }

    /// The same, with the state directory on a disk whose backing store is smaller than it says.
    pub fn soft_on_a_thin_disk() -> (Rig, Self) {
        let rig = two_keys();
        fs::create_dir(rig.at("below")).unwrap();
        let disk = Disk::thin(&rig.at("state"), THIN_DISK, &rig.at("below"), SMALL_DISK);
        let rig = rig.provisioned();
        let faults = Faults::of(&rig);
        (rig, Self::Soft(faults, Some(disk)))
    }

    /// A YubiKey with a PIN of its own.
    pub fn yubikey() -> (Rig, Self) {
        let piv = PivRig::new().token_line(&format!("deadline = {SLOW_DEADLINE:?}"));
        assert!(piv.provisioned().stop().success());
        let PivRig { key, pcsc, rig, .. } = piv;
        (rig, Self::YubiKey(key, pcsc))
    }

    /// A TPM, with the token that its maker's tool makes.
    pub fn tpm() -> (Rig, Self) {
        let rig = Rig::bare().deadline(DEADLINE).folder("tpm").module(&Tpm::module());
        let tpm = Tpm::start(rig.at("tpm"));
        tpm.add_token("rig", PIN, SO_PIN);
        let rig = tpm.environment().iter().fold(rig, |rig, (name, value)| rig.variable(name, value));
        rig.write();
        rig.kunci_ok(&["provision", "--all"]);
        (rig, Self::Tpm(RefCell::new(tpm)))
    }

    /// Starts the agent where it finds the device.
    pub fn spawn(&self, rig: &Rig) -> Agent {
        match self {
            Self::YubiKey(_, pcsc) => rig.spawn_with(|command| pcsc.shape(command)),
            _ => rig.spawn_with(|command| command.env("KUNCI_LOG", LOUD)),
        }
    }

    /// How many PINs the device refused so far, as it says itself.
    pub fn refused_pins(&self) -> u64 {
        match self {
            Self::Soft(faults, _) => faults.refused_pins(),
            Self::YubiKey(key, _) => key.refused_pins(),
            Self::Tpm(tpm) => tpm.borrow().refused_pins(),
        }
    }
}

fn two_keys() -> Rig {
    Rig::bare().connector("uk", "rsa-2048", "PS256").deadline(DEADLINE).with_faults()
}
