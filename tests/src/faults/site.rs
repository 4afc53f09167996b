//! An installation for faults: a token with two keys behind the fault module, and a judge who pinned its certificate.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::callers::Callers;
use super::module::Faults;
use super::witness::Witness;
use crate::disk::Disk;
use crate::rig::library;
use crate::{Agent, Rig};

/// How many callers ask at once.
const CALLERS: usize = 4;
/// How long the token may take: what a hang in a signature costs.
const DEADLINE: &str = "2s";
/// Room for the log's reserve of 64 MiB and some runs.
const SMALL_DISK: &str = "96m";
/// Where the confined front can still read a clock's offset: beside the certificates.
const CLOCK: &str = "state/certificates/faketime";

/// What a kind of fault needs of its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    Plain,
    /// The state directory on a small disk.
    SmallDisk,
    /// A clock that can be moved.
    Clock,
}

/// One installation of each shape that was needed.
#[derive(Default)]
pub struct Sites(BTreeMap<Shape, Site>);

/// An installation with two keys, and its judge.
pub struct Site {
    pub rig: Rig,
    pub faults: Faults,
    pub witness: Witness,
    pub disk: Option<Disk>,
    shape: Shape,
}

impl Sites {
    /// The one of this shape.
    pub fn of(&mut self, shape: Shape) -> &Site {
        self.0.entry(shape).or_insert_with(|| Site::new(shape))
    }

    /// The next one is made anew: this one was left in the middle of something.
    pub fn abandon(&mut self, shape: Shape) {
        self.0.remove(&shape);
    }
}

impl Site {
    pub fn new(shape: Shape) -> Self {
        let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").deadline(DEADLINE).with_faults();
        let disk = (shape == Shape::SmallDisk).then(|| Disk::memory(&rig.at("state"), SMALL_DISK));
        let rig = rig.provisioned();
        let agent = rig.start();
        let reply = agent.call("GET", "/v1/connectors/de/certificate", "").ok().json();
        let witness = Witness::pin(&der(reply[0]["pem"].as_str().unwrap()));
        assert!(agent.stop().success());
        Self { faults: Faults::of(&rig), witness, disk, shape, rig }
    }

    /// Starts the agent and waits until it signs.
    pub fn start(&self) -> Agent {
        let agent = match self.shape {
            Shape::Clock => {
                self.set_clock("+0");
                let library = library("faketime/libfaketime.so.1", "libfaketime");
                let clock = self.rig.at(CLOCK);
                self.rig.spawn_with(|command| {
                    let command = command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock);
                    command
                        .env("FAKETIME_NO_CACHE", "1")
                        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                        .env("NO_FAKE_STAT", "1")
                })
            }
            _ => self.rig.spawn(),
        };
        agent.await_signature();
        agent
    }

    /// Moves the clock of an agent that was started with one, by libfaketime's offset.
    pub fn set_clock(&self, offset: &str) {
        let (file, new) = (self.rig.at(CLOCK), self.rig.at("faketime.new"));
        fs::write(&new, format!("{offset}\n")).unwrap();
        fs::rename(new, file).unwrap();
    }

    pub fn callers(&self, agent: &Agent) -> Callers {
        Callers::start(agent.socket(), CALLERS)
    }
}

/// A certificate out of its PEM text.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    BASE64_STANDARD.decode(lines.collect::<String>()).unwrap()
}
