//! What supervisor and front say to each other over the front's control socket (descriptor 0 of the front).
//!
//! The supervisor hands over everything that the front cannot open itself: the configuration, listening sockets,
//! tenants and lanes. Frames are JSON; descriptors ride along. The supervisor parses nothing from callers:
//! the front's words here are a few names and numbers.

use hsm_config::{Config, Name};
use serde::{Deserialize, Serialize};
use token::Sha256;
use token::control::HostState;
use token::message::TreeHead;

/// The supervisor's words to the front.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToFront {
    /// One connector's tenants, in a memfd for [`Tenants::open`](hsm_config::Tenants::open) (one descriptor). All of
    /// them come before `Start` or `Reloaded`.
    Tenants {
        /// Whose tenants.
        connector: Name,
    },
    /// A connector that was frozen when the last front ended. All of them come before `Start`.
    Frozen {
        /// Which one.
        connector: Name,
    },
    /// What was signed of the ledger under the configured origin: once before `Start`, if there is any, and whenever it changes.
    Signed {
        /// All of it.
        signed: Signed,
    },
    /// The first configuration (descriptors: [`Resolved`] as JSON in a memfd, agent.sock, admin.sock).
    Start,
    /// A new configuration (one descriptor, as above), or why there is none.
    Reloaded {
        /// Whose question it answers.
        asked: Asked,
        /// The problems of the new files, as text; the old ones stay in force.
        problem: Option<String>,
    },
    /// New lanes to a token's host, one descriptor each. Lanes of an older generation are dead.
    Lanes {
        /// The token.
        token: Name,
        /// Counts this token's host processes.
        generation: u64,
    },
    /// A host's state changed.
    Host {
        /// The token.
        token: Name,
        /// Which host process.
        generation: u64,
        /// Its state.
        state: HostState,
    },
    /// A token waits for a person's touch, or does not wait any more.
    Touch {
        /// The token.
        token: Name,
        /// Which host process.
        generation: u64,
        /// Whether it waits.
        waits: bool,
    },
    /// The answer to [`FromFront::Unlatch`].
    Unlatched {
        /// The question's.
        id: u64,
        /// Why it could not be cleared.
        problem: Option<String>,
    },
    /// Finish the requests in flight, close the ledger and exit.
    Stop,
}

/// The front's words to the supervisor.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromFront {
    /// Serving.
    Ready,
    /// A lane or the module failed: this host process has to go, if it still is the one.
    Kill {
        /// The token.
        token: Name,
        /// Which host process.
        generation: u64,
    },
    /// Read the configuration and the tenants files again.
    Reload {
        /// Repeated in the answer.
        id: u64,
    },
    /// What came of a reload that the supervisor was asked for.
    Reloaded {
        /// The question's number.
        number: u64,
        /// Why the new files are not in force.
        problem: Option<String>,
    },
    /// A connector's gate was shut or opened: a freeze has to outlive this process also where its record is lost.
    Gate {
        /// Which one.
        connector: Name,
        /// Whether it is shut.
        shut: bool,
    },
    /// Clear the latch of this token.
    Unlatch {
        /// Repeated in the answer.
        id: u64,
        /// The token.
        token: Name,
    },
}

/// What was signed of the ledger under one origin, as the supervisor keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The origin.
    pub origin: String,
    /// The last checkpoint that was signed, or may have been.
    pub last: TreeHead,
    /// When that was, in seconds since 1970; zero before the first.
    pub at: u64,
    /// The keys that may sign for it, each by SHA-256 of its SubjectPublicKeyInfo.
    pub keys: Vec<Sha256>,
}

/// Who asked for a reload, and the number of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// The front, by [`FromFront::Reload`].
    Front(u64),
    /// The supervisor, by a signal or at its reload socket; it is told by [`FromFront::Reloaded`].
    Supervisor(u64),
}

/// The configuration with the names of users and groups looked up, since the front cannot read the user database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resolved {
    /// As written.
    pub config: Config,
    /// The digest of the file that it was read from.
    pub sha256: Sha256,
    /// Who each caller rule means.
    pub callers: Vec<(Name, Who)>,
    /// Who each admin rule means.
    pub admins: Vec<(Name, Who)>,
}

/// A rule's subject: all that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The peer's effective user id.
    pub uid: Option<u32>,
    /// One of the peer's group ids.
    pub gid: Option<u32>,
    /// The peer's systemd unit.
    pub unit: Option<String>,
}
