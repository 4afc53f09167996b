//! A connection for a command: to the agent that runs, or to a private one that is started for it.
//!
//! A private agent's tokens may still be coming up; the command waits until those it concerns have come to rest, and a
//! token that waits for its PIN asks for it here.

use std::future::Future;
use std::io::IsTerminal;
use std::time::Duration;

use agent::http::TokenStatus;
use hsm_config::Name;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::client::{self, Client};
use crate::failure::Failure;
use crate::print::Printer;
use crate::private::PrivateAgent;
use crate::site::{Site, Socket};
use crate::unlock;

/// How long the tokens of a private agent may take to come up.
const SETTLE: Duration = Duration::from_secs(30);
/// The first and the longest wait between two looks at them.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// What a command is about; its tokens are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Concern<'a> {
    /// No token.
    Nothing,
    /// One token.
    Token(&'a str),
    /// The tokens of one connector.
    Connector(&'a str),
    /// Every token.
    All,
}

/// A command's surroundings.
pub(crate) struct Session<'a> {
    /// Where things are.
    pub(crate) site: &'a Site,
    /// How to print.
    pub(crate) print: &'a Printer,
}

impl<'a> Session<'a> {
    pub(crate) fn new(site: &'a Site, print: &'a Printer) -> Self {
        Self { site, print }
    }

    /// Works with the admins' socket of the agent, or of a private one where none runs.
    pub(crate) async fn admin<T>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.at(self.site.admin_socket()?, concern, work).await
    }

    /// Works with the callers' socket of the agent, or with a private one where none runs and we may start it.
    pub(crate) async fn reader<T>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut socket = self.site.agent_socket()?;
        // A service that cannot read the configuration could not start an agent either.
        socket.named |= self.site.config().is_err();
        self.at(socket, concern, work).await
    }

    async fn at<T>(
        &self,
        socket: Socket,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match Client::connect(&socket.path).await {
            Ok(mut client) => work(&mut client).await,
            Err(nobody) if nobody.is_nobody() && !socket.named => self.private(concern, work).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn private<T>(
        &self,
        concern: Concern<'_>,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.site.config()?;
        let agent = {
            let _starting = self.print.spinner("no agent runs; starting a private one");
            PrivateAgent::start(self.site.config_path()).await?
        };
        let done = unless_interrupted(async {
            let mut client = Client::connect(&agent.admin_socket()).await?;
            self.settle(&mut client, &agent, concern).await?;
            work(&mut client).await
        });
        let result = done.await;
        agent.stop().await;
        result
    }

    /// Waits until the concerned tokens are ready, or will not be.
    async fn settle(
        &self,
        client: &mut Client,
        agent: &PrivateAgent,
        concern: Concern<'_>,
    ) -> Result<(), Failure> {
        let concerned = self.tokens(concern)?;
        let (deadline, mut wait) = (Instant::now() + SETTLE, LOOK.0);
        let mut unlocked: Vec<String> = Vec::new();
        let mut waiting = None;
        while !concerned.is_empty() && Instant::now() < deadline {
            // Who is no admin gets a better answer to the command itself.
            let Ok(body) = client.get("/v1/tokens").await else { return Ok(()) };
            let mut tokens: Vec<TokenStatus> = client::read(&body)?;
            tokens.retain(|token| concerned.contains(&token.name));
            let locked = tokens.iter().find(|token| is_locked(token) && !unlocked.contains(&token.name));
            if let Some(locked) = locked.filter(|_| std::io::stdin().is_terminal()) {
                // Nothing else may write to the line in which a person types.
                waiting = None;
                unlock::unlock(&agent.admin_socket(), &locked.name, self.print)?;
                unlocked.push(locked.name.clone());
                continue;
            }
            // A token that was just unlocked is still called locked until its host has reported.
            if tokens
                .iter()
                .all(|token| is_settled(token) && !(is_locked(token) && unlocked.contains(&token.name)))
            {
                return Ok(());
            }
            waiting = waiting.or_else(|| Some(self.print.spinner("waiting for the tokens")));
            sleep(wait).await;
            wait = (wait * 2).min(LOOK.1);
        }
        Ok(())
    }

    /// The names of the tokens that a command is about.
    fn tokens(&self, concern: Concern<'_>) -> Result<Vec<String>, Failure> {
        let config = self.site.config()?;
        Ok(match concern {
            Concern::Nothing => Vec::new(),
            Concern::Token(token) => vec![token.to_owned()],
            Concern::All => config.tokens.keys().map(Name::to_string).collect(),
            Concern::Connector(name) => {
                let found = config.connectors.iter().filter(|(connector, _)| connector.as_str() == name);
                found.flat_map(|(_, connector)| &connector.tokens).map(Name::to_string).collect()
            }
        })
    }
}

fn is_locked(token: &TokenStatus) -> bool {
    token.state == "locked"
}

/// Ready and surveyed, or in a state that only a person changes.
fn is_settled(token: &TokenStatus) -> bool {
    match token.state.as_str() {
        "starting" => false,
        "ready" => token.grade.is_some(),
        _ => true,
    }
}

/// Gives up at SIGINT and SIGTERM, so that what was started is stopped.
async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        result = work => result,
        _ = interrupt.recv() => Err(interrupted()),
        _ = terminate.recv() => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure::unavailable("interrupted", "Interrupted", "Run it again: it carries on where it stopped.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(state: &str, grade: Option<&str>) -> TokenStatus {
        TokenStatus { state: state.into(), grade: grade.map(str::to_owned), ..TokenStatus::default() }
    }

    #[test]
    fn a_ready_token_is_waited_for_until_it_was_surveyed() {
        assert!(!is_settled(&token("starting", None)));
        assert!(!is_settled(&token("ready", None)));
        assert!(is_settled(&token("ready", Some("software"))));
    }

    #[test]
    fn a_token_that_only_a_person_can_help_is_not_waited_for() {
        for state in ["missing", "latched", "locked", "failed", "no-pin"] {
            assert!(is_settled(&token(state, None)), "{state}");
        }
    }
}
