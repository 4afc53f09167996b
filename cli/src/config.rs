//! `kunci config`: all that is wrong with the configuration and its tenants files, an example, the schema.

use clap::Subcommand;
use hsm_config::{Config, TenantsFile};
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::print::Printer;
use crate::site::Site;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say everything that is wrong with it and its tenants files, and what to do
    #[command(after_help = "Example:\n  kunci config check --config ./kunci.toml")]
    Check,
    /// Print an example with all fields explained
    #[command(after_help = "Example:\n  kunci config example > /etc/kunci/kunci.toml")]
    Example,
    /// Print its JSON Schema
    Schema,
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
}

pub(crate) fn run(command: &Command, site: &Site, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Command::Check => return check(site, print),
        Command::Example => print.text(&hsm_config::example())?,
        Command::Schema => print.text(&format!("{:#}\n", hsm_config::schema()))?,
    }
    Ok(Exit::Yes)
}

fn check(site: &Site, print: &Printer) -> Result<Exit, Failure> {
    let config = site.config()?;
    let tenants = config.load_tenants().map_err(|problems| Failure::configuration(&problems))?;
    let counts = Counts::of(site, &config, tenants.values().map(TenantsFile::len).sum());
    if print.json {
        print.json(&serde_json::to_vec(&counts).unwrap_or_default())?;
    } else {
        print.line(&counts.words())?;
    }
    Ok(Exit::Yes)
}

impl Counts {
    fn of(site: &Site, config: &Config, tenants: usize) -> Self {
        Self {
            file: site.config_path().display().to_string(),
            software: config.agent.allow_software_tokens,
            tokens: config.tokens.len(),
            connectors: config.connectors.len(),
            tenants,
            callers: config.callers.len(),
            admins: config.admins.len(),
        }
    }

    fn words(&self) -> String {
        let Self { file, tokens, connectors, tenants, callers, admins, .. } = self;
        let mut words = format!(
            "{file} is whole: tokens {tokens}, connectors {connectors}, tenants' lines {tenants}, callers {callers}, admins {admins}"
        );
        if self.software {
            words += "\nSOFTWARE: it accepts soft tokens, whose keys can be copied. For trials only.";
        }
        words
    }
}
