//! What a client's error means to a person: which of the commands' failures it is, and what to do.

use std::io;

use api::Connector;
use api::client::{Error, Unreached};
use quoted::{Plain, Quoted};
use serde::de::DeserializeOwned;

use crate::failure::Failure;

pub(crate) use api::client::{Client, QUICK, SLOW};
pub(crate) use api::path;

/// The code of a refusal of a connector, there or not.
const NOT_GRANTED: &str = "connector-not-granted";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unreached(unreached) => unreached.into(),
            Error::Unaskable(why) => {
                let title = format!("This cannot be asked: {why}");
                Self::usage("invalid-request", title, "Check the names that you gave.")
            }
            Error::NoAnswer(why) => {
                let title = format!("The agent did not answer: {why}");
                Self::unavailable("agent-unavailable", title, "Look at the agent's own log, then try again.")
            }
            Error::Refused { status, body } => Self::of_agent(status, body),
        }
    }
}

impl From<Unreached> for Failure {
    fn from(unreached: Unreached) -> Self {
        let at = Quoted::path(&unreached.path);
        if unreached.is_nobody() {
            let detail = "Start kunci-agent, or name its socket with --socket or --admin-socket.";
            return Self::unavailable("no-agent", format!("No agent runs at {at}"), detail);
        }
        if unreached.error.kind() == io::ErrorKind::PermissionDenied {
            let detail = "The socket's mode and its folder decide who may connect. Ask the operator.";
            return Self::refused("socket-refused", format!("You may not connect to {at}"), detail);
        }
        let title = format!("The agent at {at} cannot be reached: {}", unreached.error);
        Self::unavailable("agent-unavailable", title, "Look at the agent's own log, then try again.")
    }
}

/// The names of the connectors that we may see.
pub(crate) async fn connectors(client: &mut Client) -> Result<Vec<String>, Failure> {
    let connectors: Vec<Connector> = read(&client.get(path::CONNECTORS).await?)?;
    Ok(connectors.into_iter().map(|connector| connector.name).collect())
}

/// Adds to a refusal of a connector which ones we may see: most often a name was misspelt.
pub(crate) async fn naming(mut failure: Failure, client: &mut Client) -> Failure {
    if failure.problem.code == NOT_GRANTED
        && let Ok(names) = connectors(client).await
        && !names.is_empty()
    {
        let names: Vec<_> = names.iter().map(|name| Plain(name).to_string()).collect();
        failure.problem.detail = format!("{} You may see: {}.", failure.problem.detail, names.join(", "));
    }
    failure
}

/// Reads a result. An answer of another shape is of another version.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let title = format!("The agent's answer cannot be read: {error}");
        Failure::unavailable("unexpected-answer", title, "Use a kunci and a kunci-agent of the same version.")
    })
}
