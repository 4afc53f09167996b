//! An installation for faults: a token of some device, the agent's configuration, and a judge who pinned its certificate.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::callers::Callers;
use super::device::Device;
use super::module::Faults;
use super::witness::Witness;
use crate::clock;
use crate::disk::Disk;
use crate::{Agent, Pcsc, Rig, Tpm, YubiKey};

/// How many callers ask at once.
const CALLERS: usize = 4;
/// How many entries a log may have until the next kind of fault gets a new one: reading it all takes its time.
const LONG: u64 = 50_000;

/// What a kind of fault needs of its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    Plain,
    /// The state directory on a small disk.
    SmallDisk,
    /// The state directory on a disk whose backing store is smaller than it says.
    ThinDisk,
    /// A clock that can be moved.
    Clock,
    /// A YubiKey in a reader.
    YubiKey,
    /// A TPM behind its resource manager.
    Tpm,
}

/// One installation of each shape that was needed.
#[derive(Default)]
pub struct Sites(BTreeMap<Shape, Site>);

/// An installation, and its judge.
pub struct Site {
    // Dropped first: its disk and its daemons use the rig's folder.
    pub device: Device,
    pub rig: Rig,
    pub witness: Witness,
    shape: Shape,
}

impl Sites {
    /// The one of this shape.
    pub fn of(&mut self, shape: Shape) -> &Site {
        self.0.entry(shape).or_insert_with(|| Site::new(shape))
    }

    /// The one of this shape, if there is one.
    pub fn there(&self, shape: Shape) -> Option<&Site> {
        self.0.get(&shape)
    }

    /// The next one is made anew: this one was left in the middle of something.
    pub fn abandon(&mut self, shape: Shape) {
        self.0.remove(&shape);
    }

    /// The same, and what is there stays for whoever looks into it; where.
    pub fn keep(&mut self, shape: Shape) -> Option<PathBuf> {
        let Site { device, rig, .. } = self.0.remove(&shape)?;
        // Its disk and its daemons use the folder.
        drop(device);
        Some(rig.keep())
    }

    /// The next one is made anew if this one's log has become long.
    pub fn turn(&mut self, shape: Shape) {
        let is_long = |site: &Site| site.rig.log().size().unwrap() > LONG;
        if self.there(shape).is_some_and(is_long) {
            self.abandon(shape);
        }
    }
}

impl Site {
    pub fn new(shape: Shape) -> Self {
        let (rig, device) = match shape {
            Shape::Plain => Device::soft(),
            Shape::Clock => Device::soft_with_clocks(),
            Shape::SmallDisk => Device::soft_on_a_small_disk(),
            Shape::ThinDisk => Device::soft_on_a_thin_disk(),
            Shape::YubiKey => Device::yubikey(),
            Shape::Tpm => Device::tpm(),
        };
        let agent = device.spawn(&rig);
        agent.wait_ready();
        let reply = agent.call("GET", "/v1/connectors/de/certificate", "").ok().json();
        let witness = Witness::pin(&der(reply[0]["pem"].as_str().unwrap()));
        assert!(agent.stop().success());
        Self { device, rig, witness, shape }
    }

    /// Starts the agent and waits until it signs.
    pub fn start(&self) -> Agent {
        let agent = match self.shape {
            Shape::Clock => clock::spawn(&self.rig, "+0"),
            _ => self.spawn(),
        };
        agent.await_signature();
        agent
    }

    /// Starts the agent where it finds its token, and waits until it answers.
    pub fn spawn(&self) -> Agent {
        self.device.spawn(&self.rig)
    }

    /// Moves the clocks of an agent that was started with some, by libfaketime's offset.
    pub fn set_clock(&self, offset: &str) {
        clock::set(&self.rig, offset);
    }

    pub fn callers(&self, agent: &Agent) -> Callers {
        Callers::start(agent.socket(), CALLERS)
    }

    /// The fault module, of a site that has it.
    pub fn faults(&self) -> &Faults {
        let Device::Soft(faults, _) = &self.device else { panic!("no fault module at {:?}", self.shape) };
        faults
    }

    /// The small or thin disk.
    pub fn disk(&self) -> &Disk {
        let Device::Soft(_, Some(disk)) = &self.device else { panic!("no disk at {:?}", self.shape) };
        disk
    }

    /// The YubiKey, and its pcscd.
    pub fn yubikey(&self) -> (&YubiKey, &Pcsc) {
        let Device::YubiKey(key, pcsc) = &self.device else { panic!("no YubiKey at {:?}", self.shape) };
        (key, pcsc)
    }

    /// The TPM and its daemons.
    pub fn tpm(&self) -> &RefCell<Tpm> {
        let Device::Tpm(tpm) = &self.device else { panic!("no TPM at {:?}", self.shape) };
        tpm
    }
}

/// A certificate out of its PEM text.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    BASE64_STANDARD.decode(lines.collect::<String>()).unwrap()
}
