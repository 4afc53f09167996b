//! `kunci status`: health, tokens and connectors, on a page that a person reads in a minute.
//!
//! It is about the agent that runs: without one there is nothing to be well. Only who asks for it gets a private one's word.

mod page;

use api::{Connector, Health, TokenStatus};
use clap::Args;
use hyper::body::Bytes;

use crate::client::{self, Client, path};
use crate::failure::{Exit, Failure};
use crate::print::Printer;
use crate::session::{Concern, Session};

/// The code of a failure where no agent runs.
const NO_AGENT: &str = "no-agent";

/// Whose word is wanted.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Where no agent runs, start a private one and ask that: would everything serve?
    #[arg(long)]
    offline: bool,
}

/// The three answers, as they came.
struct Bodies {
    health: Bytes,
    tokens: Bytes,
    connectors: Bytes,
}

/// The three answers, read.
pub(crate) struct State {
    health: Health,
    tokens: Vec<TokenStatus>,
    connectors: Vec<Connector>,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let ours = session.paths.admin_socket()?.path;
    let ask =
        async |client: &mut Client| Ok::<_, Failure>((Bodies::ask(client).await?, client.path() != ours));
    let (bodies, is_private) = match arguments.offline {
        true => session.admin(Concern::All, ask).await?,
        false => session.running(ask).await.map_err(or_offline)?,
    };
    let state = bodies.read()?;
    if session.print.json {
        session.print.json(&bodies.health)?;
        session.print.json_lines(&bodies.tokens)?;
        session.print.json_lines(&bodies.connectors)?;
    } else {
        if is_private {
            session.print.line("No agent runs; a private one says:")?;
        }
        state.show(session.print)?;
    }
    Ok(if state.health.status == "ok" { Exit::Yes } else { Exit::Finding })
}

/// No agent is not well; what would be is another question.
fn or_offline(failure: Failure) -> Failure {
    if failure.problem.code != NO_AGENT {
        return failure;
    }
    let detail = format!("{} `kunci status --offline` asks a private one.", failure.problem.detail);
    Failure::unavailable(NO_AGENT, failure.problem.title, detail)
}

impl Bodies {
    async fn ask(client: &mut Client) -> Result<Self, Failure> {
        Ok(Self {
            health: client.get(path::HEALTH).await?,
            tokens: client.get(path::TOKENS).await?,
            connectors: client.get(path::CONNECTORS).await?,
        })
    }

    fn read(&self) -> Result<State, Failure> {
        Ok(State {
            health: client::read(&self.health)?,
            tokens: client::read(&self.tokens)?,
            connectors: client::read(&self.connectors)?,
        })
    }
}

impl State {
    pub(crate) fn show(&self, print: &Printer) -> Result<(), Failure> {
        print.lines(page::head(self))?;
        print.line("")?;
        print.table(&page::TOKENS, &self.tokens.iter().map(page::of_pace).collect::<Vec<_>>())?;
        print.line("")?;
        print.table(&page::KEYS, &page::rows(&self.connectors))?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
