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
    /// What they may do, by verb; key-officers in the example have every one.
    #[schemars(length(min = 1))]
    pub may: Vec<Verb>,
}

/// The list of the verbs, from which all that names them comes: the words in files, [`Verb::ALL`], the schema and the example.
macro_rules! verbs {
    ($(#[$what:meta] $verb:ident = $word:literal,)*) => {
        /// What an admin may be allowed to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Verb {
            $(#[$what] #[serde(rename = $word)] $verb,)*
        }

        impl Verb {
            /// Every verb.
            pub const ALL: &[Self] = &[$(Self::$verb,)*];

            /// The verb as it is written.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$verb => $word,)*
                }
            }
        }
    };
}

verbs! {
    /// Make keys.
    Provision = "provision",
    /// Install certificates.
    Certificates = "certificates",
    /// Stop a connector's signatures.
    Freeze = "freeze",
    /// Let a frozen connector sign again.
    Thaw = "thaw",
    /// Sign the proof of a Graph key roll.
    Proof = "proof",
    /// Clear a token's latch after a refused PIN.
    Unlatch = "unlatch",
    /// Read the configuration and the tenants files again.
    Reload = "reload",
    /// Probe tokens.
    Check = "check",
    /// Initialise tokens.
    Init = "init",
    /// Read the log's entries, which name customers, and a receipt of each.
    Audit = "audit",
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
