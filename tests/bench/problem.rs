//! Why a measurement could not be made. A bench never reports a figure of a run in which something failed.

use std::io;
use std::path::Path;

/// What failed, and where it helps, what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },
    #[error("the token refused to {doing}: {source}")]
    Token { doing: &'static str, source: cryptoki::error::Error },
    #[error("the bench's token has no key for {0}; remove the bench's state folder and begin again")]
    NoKey(&'static str),
    #[error("the direct driver failed ({0}); is SoftHSM2 installed, and is --module its library?")]
    Driver(String),
    #[error("the agent's answer is not what was asked for: {0}")]
    Answer(String),
    #[error("the agent answered nothing for {0} s")]
    Silent(u64),
    #[error("{0}")]
    Agent(String),
    #[error("cannot read {0} as figures")]
    Figures(&'static str, #[source] serde_json::Error),
}

impl Problem {
    /// For `map_err` on a call about a path.
    pub(crate) fn at(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let doing = format!("{doing} {}", path.display());
        move |source| Self::Io { doing, source }
    }

    /// For `map_err` on a call about nothing in particular.
    pub(crate) fn io<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Io { doing: doing.to_owned(), source: source.into() }
    }

    /// For `map_err` on a call to the token.
    pub(crate) fn token(doing: &'static str) -> impl FnOnce(cryptoki::error::Error) -> Self {
        move |source| Self::Token { doing, source }
    }
}
