//! `kunci config`: all that is wrong with the configuration and its tenants files, an example, the schema.
//!
//! A configuration without a mistake may not fit the keys that were provisioned: where this user can read the log, it is held
//! against that, and where not, that is said.

use api::{ReadinessReason, Recorded};
use clap::{Args, Subcommand};
use hsm_config::{Config, TenantsFile};
use quoted::Quoted;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;
use crate::private;
use crate::token::readiness;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with it and its tenants files, and whether it fits the keys of the log
    #[command(after_help = "Example:\n  kunci config check --config ./kunci.toml")]
    Check(Check),
    /// Print an example with all fields explained
    #[command(after_help = "Example:\n  kunci config example > /etc/kunci/kunci.toml")]
    Example,
    /// Print its JSON Schema
    Schema,
}

/// What is looked at.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Leave this machine aside: its users, its modules, and the files and folders that tokens and agent need
    #[arg(long)]
    no_files: bool,
}

/// What a whole configuration holds.
#[derive(Debug, Serialize)]
struct Counts {
    file: String,
    software: bool,
    tokens: usize,
    connectors: usize,
    tenants: usize,
    callers: usize,
    admins: usize,
    /// How many keys of the log it was held against; absent where the log cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<usize>,
    /// How many of the log's keys could not be judged, since no copy of their certificate is there.
    #[serde(skip_serializing_if = "is_none")]
    untold: usize,
    /// Why it was held against none; absent where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_compared: Option<String>,
    reasons: Vec<Told>,
    #[serde(skip)]
    serves: bool,
}

/// What was found about a key.
#[derive(Debug, Serialize)]
struct Told {
    connector: String,
    token: String,
    #[serde(flatten)]
    reason: ReadinessReason,
}

pub(crate) fn run(command: &Command, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Command::Check(how) => return check(how, paths, print),
        Command::Example => print.text(&hsm_config::example())?,
        Command::Schema => print.text(&format!("{:#}\n", hsm_config::schema()))?,
    }
    Ok(Exit::Yes)
}

fn check(how: &Check, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let broken = |problems| Failure::configuration(&problems);
    let (config, text) = Config::load_with_text(paths.config_path()).map_err(broken)?;
    let tenants = config.load_tenants();
    // Not asked at all where it is not wanted: the directory of another machine's users may not answer.
    let machine = if how.no_files { Ok(()) } else { config.check_machine(&text, paths.config_path()) };
    let tenants = match (tenants, machine) {
        (Ok(tenants), Ok(())) => tenants,
        (Err(mut problems), Err(others)) => {
            problems.extend(others);
            return Err(broken(problems));
        }
        (Err(problems), Ok(())) | (Ok(_), Err(problems)) => return Err(broken(problems)),
    };
    let mut counts = Counts::of(paths, &config, tenants.values().map(TenantsFile::len).sum());
    match private::compare(paths.config_path()) {
        Ok(recorded) => counts.compare(recorded, print),
        Err(why) => {
            let line = why.lines().collect::<Vec<_>>().join("; ");
            print.note(&format!("Not compared with any key: {line}"));
            counts.not_compared = Some(why);
        }
    }
    if print.json {
        print.json(&serde_json::to_vec(&counts).unwrap_or_default())?;
    } else {
        print.lines(counts.words())?;
        counts.reasons.iter().for_each(|told| print.warn(&told.words()));
    }
    Ok(if counts.serves { Exit::Yes } else { Exit::Finding })
}

impl Told {
    fn words(&self) -> String {
        format!("{} on {}: {}", self.connector, self.token, readiness(&self.reason))
    }
}

impl Counts {
    fn of(paths: &Paths, config: &Config, tenants: usize) -> Self {
        Self {
            file: paths.config_path().display().to_string(),
            software: config.agent.allow_software_tokens,
            tokens: config.tokens.len(),
            connectors: config.connectors.len(),
            tenants,
            callers: config.callers.len(),
            admins: config.admins.len(),
            keys: None,
            untold: 0,
            not_compared: None,
            reasons: Vec::new(),
            serves: true,
        }
    }

    fn compare(&mut self, recorded: Recorded, print: &Printer) {
        self.keys = Some(recorded.keys);
        self.serves = recorded.serves;
        for key in recorded.found {
            self.reasons.extend(key.reasons.into_iter().map(|reason| Told {
                connector: key.connector.clone(),
                token: key.token.clone(),
                reason,
            }));
        }
        if recorded.untold > 0 {
            self.untold = recorded.untold;
            let untold = recorded.untold;
            print.note(&format!(
                "Not compared with {untold} keys: they have no certificate yet, or no copy of it can be read"
            ));
        }
    }

    fn words(&self) -> Vec<String> {
        let Self { file, tokens, connectors, tenants, callers, admins, .. } = self;
        let verdict = if self.serves { "is valid" } else { "does not serve with the keys that the log has" };
        let mut words = vec![format!(
            "{} {verdict}: tokens {tokens}, connectors {connectors}, tenants' lines {tenants}, callers {callers}, admins {admins}",
            Quoted(file)
        )];
        if self.software {
            words.push(
                "SOFTWARE: it accepts soft tokens, whose keys can be copied. For trials only.".to_owned(),
            );
        }
        words
    }
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_none(count: &usize) -> bool {
    *count == 0
}
