//! What the card is told at its start: which device it plays, where it keeps its keys, which reader it is in.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;
use serde::{Deserialize, Serialize};

/// A virtual YubiKey for tests.
#[derive(Parser)]
#[command(name = "kunci-card")]
pub(crate) struct Options {
    /// The folder where it keeps its keys; what is there already is used again
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: PathBuf,
    /// The serial number
    #[arg(long, default_value_t = 10_000_001)]
    pub(crate) serial: u32,
    /// The firmware: 5.7.0 and later have RSA-3072, RSA-4096 and the deletion of keys
    #[arg(long, default_value = "5.4.3")]
    pub(crate) firmware: Firmware,
    /// The port where vpcd waits for the card of this reader
    #[arg(long, value_name = "PORT", default_value_t = 35963)]
    pub(crate) reader: u16,
    /// Start pulled: a test plugs it in
    #[arg(long)]
    pub(crate) pulled: bool,
    /// How long it waits for a touch, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15)]
    pub(crate) touch_time: u64,
    /// The folder of the test root that signs attestation keys; made where it is missing [default: STATE/root]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) authority: Option<PathBuf>,
    /// The control socket [default: STATE/control]
    #[arg(long, value_name = "SOCKET")]
    pub(crate) control: Option<PathBuf>,
}

impl Options {
    pub(crate) fn authority(&self) -> PathBuf {
        self.authority.clone().unwrap_or_else(|| self.state.join("root"))
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.control.clone().unwrap_or_else(|| self.state.join("control"))
    }
}

/// A firmware's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Firmware(pub(crate) [u8; 3]);

impl Firmware {
    /// Whether it has what came with 5.7: longer RSA keys, and keys that can be deleted.
    pub(crate) fn is_recent(self) -> bool {
        self >= Self([5, 7, 0])
    }
}

impl FromStr for Firmware {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Result<Vec<u8>, _> = text.split('.').map(str::parse).collect();
        let parts = parts.ok().and_then(|parts| <[u8; 3]>::try_from(parts).ok());
        parts.map(Self).ok_or_else(|| "write a firmware like 5.4.3".to_owned())
    }
}
