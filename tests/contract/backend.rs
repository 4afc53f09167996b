//! What a new backend says of itself: its section of the configuration, what it lacks, and the device its token is in.
//!
//! All of it but the section and the device has a natural answer, which [`Backend::of`] gives.

use std::process::Command;

use serde_json::{Value, json};

use crate::connector::{CONNECTORS, Connector};
use crate::device::Device;

/// A real token on a bench of its own.
pub(crate) struct Backend {
    /// Its section of the configuration. What all sections have in common is added, and unless it says its kind, what
    /// all of PKCS#11 have.
    pub section: Value,
    pub device: Box<dyn Device>,
    /// What it cannot do; each of these cases must fail, and as it is said here.
    pub lacks: &'static [Lack],
    /// Whether its keys are in files or memory, whatever its module says.
    pub is_software: bool,
    /// The connectors that have a key on it.
    pub connectors: Vec<&'static Connector>,
    /// The tool that makes a connector's key, where the module makes keys for its security officer only.
    pub maker: Option<Box<Maker>>,
}

/// How a tool makes a connector's key.
pub(crate) type Maker = dyn Fn(&Connector) -> Command;

/// A case that a backend does not offer.
pub(crate) struct Lack {
    pub case: &'static str,
    /// What the failed case must say, so that no other failure passes for this one.
    pub says: &'static str,
    pub why: &'static str,
}

impl Backend {
    /// Software that lacks nothing, with this device; its section is still to be said.
    pub(crate) fn of(device: impl Device + 'static) -> Self {
        Self {
            section: json!({}),
            device: Box::new(device),
            lacks: &[],
            is_software: true,
            connectors: CONNECTORS.iter().collect(),
            maker: None,
        }
    }
}
