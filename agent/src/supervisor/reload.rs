//! A new configuration in place of the old one, without a restart, where that can be done.
//!
//! Rules, rates, lifetimes and tenants change at once. What processes were started with does not, and a change of it
//! is refused as a whole: half a configuration is nobody's.

use std::io;
use std::os::fd::OwnedFd;

use hsm_config::{Config, Connector};
use sd_notify::NotifyState;

use super::loaded_config::LoadedConfig;
use super::{Supervisor, notify};
use crate::ipc::link::{Asked, ToFront};

/// The longest text about a configuration that the front is told, in bytes; escaped it takes at most twice as many.
const MAX_TEXT: usize = 24 * 1024;

impl Supervisor {
    /// Loads the configuration again for somebody who sent a signal, or who waits for the outcome.
    pub(super) fn reload_asked(&mut self, client: Option<OwnedFd>) {
        let number = self.asked.next(client);
        let problem = self.reload(Asked::Supervisor(number));
        // What the front has to say comes later; without one, the next one starts with what was loaded.
        if problem.is_some() || self.front.child.is_none() {
            self.asked.answer(number, problem.as_deref());
        }
    }

    /// Loads the configuration again and tells the front; the problem, if it is refused.
    pub(super) fn reload(&mut self, asked: Asked) -> Option<String> {
        notify(&[NotifyState::Reloading]);
        let problem = self.replace_plan().err().map(brief);
        match &problem {
            None => tracing::info!("the configuration was loaded again"),
            Some(problem) => {
                tracing::error!(problem, "the new configuration is refused; the old one stays in force")
            }
        }
        if let Err(error) = self.tell_reloaded(asked, problem.clone()) {
            tracing::error!(%error, "the front cannot be told of the new configuration, and is started again");
            self.front.child.iter().for_each(super::child::Child::kill);
        }
        notify(&[NotifyState::Ready]);
        problem
    }

    fn replace_plan(&mut self) -> Result<(), String> {
        let loaded = LoadedConfig::load(&self.options).map_err(|problems| problems.to_string())?;
        match fixed_change(self.loaded.config(), loaded.config()) {
            Some(changed) => Err(format!("needs a restart: {changed} changed")),
            None => {
                self.loaded = loaded;
                Ok(())
            }
        }
    }

    fn tell_reloaded(&self, asked: Asked, problem: Option<String>) -> io::Result<()> {
        let mut fds = Vec::new();
        if problem.is_none() {
            for (connector, file) in self.loaded.tenants()? {
                self.front.tell(ToFront::Tenants { connector }, vec![file]);
            }
            fds.push(self.loaded.sealed()?);
        }
        self.front.tell(ToFront::Reloaded { asked, problem }, fds);
        Ok(())
    }
}

/// Whole lines of a long text, as many as one frame has room for: a word that is too long would cost the front.
fn brief(text: String) -> String {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let mut told = String::with_capacity(MAX_TEXT);
    for line in text.split_inclusive('\n') {
        if told.len() + line.len() > MAX_TEXT {
            break;
        }
        told += line;
    }
    told + "(and more, which `kunci config check` tells)"
}

/// What changed that running processes cannot follow.
fn fixed_change(old: &Config, new: &Config) -> Option<String> {
    if old.agent != new.agent {
        return Some("[agent]".into());
    }
    if old.ledger != new.ledger {
        return Some("[ledger]".into());
    }
    if old.tokens != new.tokens {
        return Some("[tokens]".into());
    }
    if !old.connectors.keys().eq(new.connectors.keys()) {
        return Some("the list of connectors".into());
    }
    let key = |of: &Connector| (of.tokens.clone(), of.key, of.algorithm, of.exceptions.clone());
    let pairs = old.connectors.iter().zip(new.connectors.values());
    let mut changed = pairs.filter(|((_, old), new)| key(old) != key(new));
    changed
        .next()
        .map(|((name, _), _)| format!("tokens, key, algorithm or exceptions of [connectors.{name}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn changed(edit: impl Fn(&str) -> String) -> Option<String> {
        let text = include_str!("resolve/trial.toml");
        let parse = |text: &str| Config::parse(text, Path::new("/k/kunci.toml")).unwrap();
        fixed_change(&parse(text), &parse(&edit(text)))
    }

    #[test]
    fn a_text_about_ever_so_many_problems_fits_one_frame_and_ends_with_a_whole_line() {
        let line = "tenants/de.csv:7:1: a row has 3 fields, this has 1\n";
        assert_eq!(brief(line.to_owned()), line);
        let told = brief(line.repeat(5000));
        assert!(serde_json::to_string(&told).unwrap().len() < token::seqpacket::MAX_FRAME);
        assert!(
            told.strip_suffix("(and more, which `kunci config check` tells)").unwrap().ends_with("has 1\n")
        );
    }

    #[test]
    fn rules_lifetimes_and_tenants_change_without_a_restart() {
        let rule = "lifetime = \"2m\"\n[callers.a]\nuser = \"root\"\nconnectors = [\"de\"]\n";
        assert_eq!(changed(|text| format!("{text}{rule}")), None);
        assert_eq!(changed(|text| text.replace("de.csv", "new.csv")), None);
    }

    #[test]
    fn what_processes_were_started_with_does_not() {
        let of = |from: &'static str, to: &'static str| changed(move |text| text.replace(from, to)).unwrap();
        assert_eq!(of("[ledger]", "[agent]\nmax_connections = 300\n[ledger]"), "[agent]");
        assert_eq!(of("vendor.example", "other.example"), "[ledger]");
        assert_eq!(of("token=t\"", "token=u\""), "[tokens]");
        assert_eq!(of("[connectors.de]", "[connectors.uk]"), "the list of connectors");
        assert_eq!(of("PS256", "RS256"), "tokens, key, algorithm or exceptions of [connectors.de]");
    }
}
