//! The tokens of a private agent that has just started: waited for until they are ready, or will not be.
//!
//! Only those that the command is about. One that waits for its PIN asks for it here, at a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use api::TokenStatus;
use hsm_config::{Config, Name};
use tokio::time::{Instant, sleep};

use crate::client::{self, Client, path};
use crate::failure::Failure;
use crate::print::Printer;
use crate::session::{Concern, Session};
use crate::unlock::{self, Secret};

/// How long the tokens may take to come up.
const SETTLE: Duration = Duration::from_secs(30);
/// The first and the longest wait between two looks at them.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// The tokens that are waited for.
pub(crate) struct WaitReady<'a> {
    print: &'a Printer,
    tokens: Vec<String>,
    unlocked: Vec<String>,
}

impl<'a> WaitReady<'a> {
    pub(crate) fn new(session: &Session<'a>, concern: Concern<'_>) -> Result<Self, Failure> {
        let tokens = names(&session.paths.config()?, concern);
        Ok(Self { print: session.print, tokens, unlocked: Vec::new() })
    }

    /// Waits. Tokens that take too long are left to the command, which says what is wrong with them.
    pub(crate) async fn wait(mut self, client: &mut Client, admin_socket: &Path) -> Result<(), Failure> {
        let (deadline, mut wait) = (Instant::now() + SETTLE, LOOK.0);
        let mut waiting = None;
        while !self.tokens.is_empty() && Instant::now() < deadline {
            // Who is no admin gets a better answer to the command itself.
            let Ok(body) = client.get(path::TOKENS).await else { break };
            let mut tokens: Vec<TokenStatus> = client::read(&body)?;
            tokens.retain(|token| self.tokens.contains(&token.name));
            if let Some(locked) = self.locked(&tokens) {
                // Nothing else may write to the line in which a person types.
                waiting = None;
                unlock::unlock(admin_socket, &locked, Secret::Pin, self.print)?;
                self.unlocked.push(locked);
            } else if tokens.iter().all(|token| self.is_settled(token)) {
                break;
            } else {
                waiting = waiting.or_else(|| Some(self.print.spinner("waiting for the tokens")));
                sleep(wait).await;
                wait = (wait * 2).min(LOOK.1);
            }
        }
        Ok(())
    }

    /// A token whose PIN a person who is there has not been asked for.
    fn locked(&self, tokens: &[TokenStatus]) -> Option<String> {
        let locked =
            tokens.iter().find(|token| token.state == "locked" && !self.unlocked.contains(&token.name));
        locked.filter(|_| std::io::stdin().is_terminal()).map(|token| token.name.clone())
    }

    /// Ready and surveyed, or in a state that only a person changes.
    fn is_settled(&self, token: &TokenStatus) -> bool {
        match token.state.as_str() {
            "starting" => false,
            "ready" => token.grade.is_some(),
            // One that was just unlocked is called locked until its host has reported.
            "locked" => !self.unlocked.contains(&token.name),
            _ => true,
        }
    }
}

/// The tokens that a command is about.
fn names(config: &Config, concern: Concern<'_>) -> Vec<String> {
    match concern {
        Concern::Nothing => Vec::new(),
        Concern::Token(token) => vec![token.to_owned()],
        Concern::All => config.tokens.keys().map(Name::to_string).collect(),
        Concern::Connector(name) => {
            let found = config.connectors.iter().filter(|(connector, _)| connector.as_str() == name);
            found.flat_map(|(_, connector)| &connector.tokens).map(Name::to_string).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_settled(state: &str, grade: Option<&str>, unlocked: &[&str]) -> bool {
        let print = Printer::new(true);
        let unlocked = unlocked.iter().map(|name| (*name).to_owned()).collect();
        let token = TokenStatus {
            name: "frankfurt".into(),
            state: state.into(),
            grade: grade.map(str::to_owned),
            ..TokenStatus::default()
        };
        WaitReady { print: &print, tokens: vec!["frankfurt".into()], unlocked }.is_settled(&token)
    }

    #[test]
    fn a_ready_token_is_waited_for_until_it_was_surveyed() {
        assert!(!is_settled("starting", None, &[]));
        assert!(!is_settled("ready", None, &[]));
        assert!(is_settled("ready", Some("software"), &[]));
    }

    #[test]
    fn a_token_that_only_a_person_can_help_is_not_waited_for() {
        for state in ["missing", "latched", "locked", "failed", "no-pin"] {
            assert!(is_settled(state, None, &[]), "{state}");
        }
    }

    #[test]
    fn a_token_that_was_just_unlocked_is_waited_for() {
        assert!(!is_settled("locked", None, &["frankfurt"]));
        assert!(is_settled("locked", None, &["london"]));
    }
}
