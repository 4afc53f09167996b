//! Admins: who may do what to the agent. Each verb is granted by name; root has none by being root.

use crate::peer::Peer;
use crate::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// People or services that may change something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// The user, by name or number. All of user, group and unit that are given must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group, by name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The systemd unit, directly under system.slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What they may do: provision, certificates, freeze, thaw, proof, unlatch, reload, check, init.
    #[schemars(length(min = 1))]
    pub may: Vec<Verb>,
}

/// What an admin may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Make keys.
    Provision,
    /// Install certificates.
    Certificates,
    /// Stop a connector's signatures.
    Freeze,
    /// Let a frozen connector sign again.
    Thaw,
    /// Sign the proof of a Graph key roll.
    Proof,
    /// Clear a token's latch after a refused PIN.
    Unlatch,
    /// Read the configuration and the tenants files again.
    Reload,
    /// Probe tokens.
    Check,
    /// Initialise tokens.
    Init,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 9] = [
        Self::Provision,
        Self::Certificates,
        Self::Freeze,
        Self::Thaw,
        Self::Proof,
        Self::Unlatch,
        Self::Reload,
        Self::Check,
        Self::Init,
    ];

    /// The verb as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provision => "provision",
            Self::Certificates => "certificates",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::Proof => "proof",
            Self::Unlatch => "unlatch",
            Self::Reload => "reload",
            Self::Check => "check",
            Self::Init => "init",
        }
    }
}

impl Admin {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        let Self { user, group, unit, may } = self;
        Peer { user: user.as_deref(), group: group.as_deref(), unit: unit.as_deref() }.check(report);
        report.expect_all("may", may, |_, _| Ok(()));
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
