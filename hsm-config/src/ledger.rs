//! The ledger's part: under which name it is known, and which token signs its checkpoints.

use crate::duration;
use crate::name::Name;
use crate::problem::Fault;
use crate::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest origin, in bytes.
const MAX_ORIGIN_BYTES: usize = 255;
/// How often a checkpoint may be signed at most.
const CHECKPOINT_EVERY: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);

/// The ledger of what the agent signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The name under which auditors know this ledger (C2SP tlog-checkpoint). Unique, and never changed.
    #[schemars(extend("pattern" = "^[^\\s+]{1,255}$"))]
    pub origin: String,
    /// The token that holds the key of signed checkpoints, which `kunci log init-key` makes. Without it nothing is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Name>,
    /// How often a checkpoint is signed at most while the log grows, 1s to 10m. A YubiKey is spared by "1m".
    #[serde(default = "default_every", with = "duration")]
    #[schemars(with = "String")]
    pub checkpoint_every: Duration,
}

fn default_every() -> Duration {
    *CHECKPOINT_EVERY.start()
}

impl Ledger {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        report.expect("origin", self.check_origin());
        if let Some(token) = &self.token {
            report.expect("token", report.token_exists(token));
        }
        report.expect("checkpoint_every", duration::within(self.checkpoint_every, &CHECKPOINT_EVERY));
    }

    // C2SP signed-note: a key name is non-empty, and has no spaces and no plus.
    fn check_origin(&self) -> Result<(), Fault> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if (1..=MAX_ORIGIN_BYTES).contains(&self.origin.len()) && !self.origin.contains(bad) {
            return Ok(());
        }
        let help = "write a name like \"vendor.example/kunci\": 1 to 255 bytes, no spaces, no +";
        Err(Fault::value(format!("{:?} is not an origin", self.origin), help))
    }
}
