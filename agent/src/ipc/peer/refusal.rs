//! Why a connection has no peer, as an operator reads it and as the one who connected is told.

use std::io;

use api::Problem;

/// Why a connection has no peer.
#[derive(Debug, thiserror::Error)]
pub enum NoPeer {
    /// The kernel did not say.
    #[error("the kernel does not tell who connected: {0}")]
    Unknown(#[from] io::Error),
    /// It is in a PID namespace that ours does not contain.
    #[error("the process that connected is in a PID namespace that the agent cannot see into")]
    Unseen,
    /// What the kernel tells of it is too long, or not as the kernel writes it.
    #[error("what the kernel tells of the process that connected cannot be read to its end: {0}")]
    Unreadable(&'static str),
    /// It connected and ended.
    #[error("the process that connected has ended")]
    Gone,
    /// It connected and became another user.
    #[error("the process that connected has become another user")]
    Changed,
    /// It is a token's host.
    #[error("the process that connected is a host of this agent: its module is no caller")]
    Host,
}

impl From<NoPeer> for Problem {
    fn from(why: NoPeer) -> Self {
        match why {
            NoPeer::Unknown(_) | NoPeer::Gone => Self::internal("The kernel does not tell who you are"),
            NoPeer::Unseen => Self::forbidden(
                "peer-unseen",
                "Your process is in a PID namespace that the agent cannot see into",
                "Run the agent where the process ids of its callers are visible, as on the host of their containers.",
            ),
            NoPeer::Unreadable(_) => Self::forbidden(
                "peer-unreadable",
                "What the kernel tells of your process is more than the agent reads",
                "Be a member of fewer groups: some thousands are read.",
            ),
            NoPeer::Changed => Self::forbidden(
                "peer-changed",
                "Your process became another user after it connected",
                "Connect as the user that you are now.",
            ),
            NoPeer::Host => Self::forbidden(
                "peer-is-host",
                "Your process is a child of the agent, as a token's module is",
                "Ask from a process that the agent did not start.",
            ),
        }
    }
}
