//! `kunci status`: health, tokens and connectors, on a page that a person reads in a minute.

mod page;

use agent::http::{Connector, Health, TokenStatus};

use crate::client::{self, Client};
use crate::failure::{Exit, Failure};
use crate::print::Printer;
use crate::session::{Concern, Session};
use crate::token;
use hyper::body::Bytes;

/// The three answers, as they came.
struct Bodies {
    health: Bytes,
    tokens: Bytes,
    connectors: Bytes,
}

/// The three answers, read.
struct State {
    health: Health,
    tokens: Vec<TokenStatus>,
    connectors: Vec<Connector>,
}

pub(crate) async fn run(session: &Session<'_>) -> Result<Exit, Failure> {
    let bodies = session.admin(Concern::All, Bodies::ask).await?;
    let state = bodies.read()?;
    if session.print.json {
        session.print.json(&bodies.health)?;
        session.print.json_lines(&bodies.tokens)?;
        session.print.json_lines(&bodies.connectors)?;
    } else {
        state.show(session.print)?;
    }
    Ok(if state.is_well() { Exit::Yes } else { Exit::Finding })
}

impl Bodies {
    async fn ask(client: &mut Client) -> Result<Self, Failure> {
        Ok(Self {
            health: client.get("/v1/health").await?,
            tokens: client.get("/v1/tokens").await?,
            connectors: client.get("/v1/connectors").await?,
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
    fn is_well(&self) -> bool {
        self.health.status == "ok" && self.connectors.iter().all(|connector| connector.ready)
    }

    fn show(&self, print: &Printer) -> Result<(), Failure> {
        print.line(&page::head(&self.health, &self.connectors))?;
        print.line("")?;
        print.table(&token::HEAD, &self.tokens.iter().map(token::row).collect::<Vec<_>>())?;
        print.line("")?;
        print.table(&page::HEAD, &page::rows(&self.connectors))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
