//! What the agent is to do: a configuration that holds on this machine, with its tenants.
//!
//! It is loaded whole or not at all, at the start and at every reload. The tenants that were read are kept in memory that
//! nobody can change, and the front looks them up there: they are held once, and a front that has to be started again gets
//! those that were in force, whatever lies in the files by then.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use hsm_config::{Config, Mode, Name, Problem, Problems, TenantsFile};
use token::control::{HostConfig, LedgerUse, Use};
use token::memfd;

use super::Options;
use super::resolve::resolve;
use crate::ipc::link::Resolved;

/// What the agent is to do.
pub(super) struct LoadedConfig {
    resolved: Resolved,
    tenants: Vec<(Name, File)>,
}

impl LoadedConfig {
    /// Reads the configuration and all that it names, or tells all that is wrong.
    pub(super) fn load(options: &Options) -> Result<Self, Problems> {
        let (mut config, text) = Config::load_with_text(&options.config)?;
        if let Some(folder) = &options.private {
            make_private(&mut config, folder);
        }
        let tenants = read_tenants(&config);
        let resolved = resolve(config, &text, &options.config);
        match (resolved, tenants) {
            (Ok(resolved), Ok(tenants)) => Ok(Self { resolved, tenants }),
            (Err(mut problems), Err(others)) => {
                problems.extend(others);
                Err(problems)
            }
            (Err(problems), _) | (_, Err(problems)) => Err(problems),
        }
    }

    /// The configuration.
    pub(super) fn config(&self) -> &Config {
        &self.resolved.config
    }

    /// The configuration for the front, in a file that nobody can change.
    pub(super) fn sealed(&self) -> io::Result<OwnedFd> {
        memfd::seal(&self.resolved)
    }

    /// Each connector's tenants, as the front looks them up.
    pub(super) fn tenants(&self) -> io::Result<Vec<(Name, OwnedFd)>> {
        let tables = self.tenants.iter();
        tables.map(|(connector, table)| Ok((connector.clone(), table.try_clone()?.into()))).collect()
    }

    /// What each token's host serves.
    pub(super) fn hosts(&self) -> Vec<HostConfig> {
        let config = self.config();
        let uses = |token: &Name| {
            let ours = config.connectors.iter().filter(|(_, connector)| connector.tokens.contains(token));
            let uses = ours.map(|(name, connector)| Use {
                connector: name.clone(),
                key: connector.key,
                algorithm: connector.algorithm,
                exceptions: connector.exceptions.clone(),
            });
            uses.collect()
        };
        let origin = |token: &Name| {
            let is_its = config.ledger.token.as_ref() == Some(token);
            is_its.then(|| config.ledger.origin.clone())
        };
        let hosts = config.tokens.iter().map(|(name, token)| HostConfig {
            name: name.clone(),
            token: token.clone(),
            uses: uses(name),
            ledger: LedgerUse { origin: origin(name), keys: Vec::new() },
            known: None,
        });
        hosts.collect()
    }

    /// The tokens with a secret that a person types, and where.
    pub(super) fn unlock_sockets(&self) -> Vec<(Name, PathBuf)> {
        let prompted = self.config().tokens.iter().filter(|(_, token)| token.is_prompted());
        prompted.map(|(name, _)| (name.clone(), self.config().agent.unlock_socket(name))).collect()
    }
}

/// Puts the sockets of a private agent where only its client looks.
fn make_private(config: &mut Config, folder: &Path) {
    let agent = &mut config.agent;
    (agent.socket, agent.admin_socket) = (folder.join("agent.sock"), folder.join("admin.sock"));
    if let Ok(ours) = Mode::try_from("0600".to_owned()) {
        (agent.socket_mode, agent.admin_mode) = (ours, ours);
    }
}

fn read_tenants(config: &Config) -> Result<Vec<(Name, File)>, Problems> {
    let mut problems = Problems::default();
    let mut tables = Vec::new();
    for (name, connector) in &config.connectors {
        match keep(&connector.tenants) {
            Ok(table) => tables.push((name.clone(), table)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(tables) } else { Err(problems) }
}

/// Reads a tenants file, which says what is wrong down to the row, and keeps its rows.
fn keep(path: &Path) -> Result<File, Problems> {
    let unkept = |error: io::Error| Problem {
        file: path.into(),
        line: 0,
        column: 0,
        at: String::new(),
        what: format!("the file cannot be kept in memory: {error}"),
        help: "give the agent more memory, then start or reload it".into(),
        code: "out-of-memory",
    };
    let read = TenantsFile::load(path)?;
    let table = memfd::memory().map_err(unkept)?;
    read.write(&table).map_err(unkept)?;
    Ok(memfd::shut(table).map_err(unkept)?)
}
