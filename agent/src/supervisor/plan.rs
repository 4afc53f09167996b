//! What the agent is to do: a configuration that holds on this machine, with its tenants files open.
//!
//! It is loaded whole or not at all, at the start and at every reload. The tenants files stay open, so that a front
//! that has to be started again gets the content that was in force, also while a newer, broken file lies there.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hsm_config::{Config, Mode, Name, Problem, Problems, Tenants};
use rustix::fs::{MemfdFlags, OFlags, SealFlags, fcntl_add_seals, memfd_create};
use token::Sha256;
use token::control::{HostConfig, Use};

use super::Options;
use super::resolve::resolve;
use crate::link::Resolved;

/// Permission for group and others to write.
const WRITE_BY_OTHERS: u32 = 0o022;

/// What the agent is to do.
pub(super) struct Plan {
    resolved: Resolved,
    tenants: Vec<(Name, File)>,
}

impl Plan {
    /// Reads the configuration and all that it names, or tells all that is wrong.
    pub(super) fn load(options: &Options) -> Result<Self, Problems> {
        let (mut config, text) = Config::load_with_text(&options.config)?;
        if let Some(folder) = &options.private {
            make_private(&mut config, folder);
        }
        let tenants = open_tenants(&config);
        let resolved = resolve(config, Sha256::of(text.as_bytes()), &options.config);
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
        let memfd = memfd_create("kunci-config", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let mut file = File::from(memfd);
        file.write_all(&serde_json::to_vec(&self.resolved)?)?;
        file.rewind()?;
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(file.into())
    }

    /// The tenants files, each from its beginning.
    pub(super) fn tenants(&self) -> io::Result<Vec<(Name, OwnedFd)>> {
        let files = self.tenants.iter().map(|(connector, file)| {
            let mut file = file.try_clone()?;
            file.rewind()?;
            Ok((connector.clone(), file.into()))
        });
        files.collect()
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
        let hosts = config.tokens.iter().map(|(name, token)| HostConfig {
            name: name.clone(),
            token: token.clone(),
            uses: uses(name),
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

fn open_tenants(config: &Config) -> Result<Vec<(Name, File)>, Problems> {
    let mut problems = Problems::default();
    let mut files = Vec::new();
    for (name, connector) in &config.connectors {
        let path = &connector.tenants;
        // The first reading says what is wrong, down to the row; the rows themselves are the front's.
        let file = Tenants::load(path).and_then(|_| open_trusted(path).map_err(Problems::from));
        match file {
            Ok(file) => files.push((name.clone(), file)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// Opens the file that was just read; it may be another by now, and is held to the same.
fn open_trusted(path: &Path) -> Result<File, Problem> {
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path);
    let found = file.and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let us = rustix::process::geteuid().as_raw();
    match found {
        Ok((file, found))
            if found.is_file() && [0, us].contains(&found.uid()) && found.mode() & WRITE_BY_OTHERS == 0 =>
        {
            Ok(file)
        }
        _ => Err(Problem {
            file: path.into(),
            line: 0,
            column: 0,
            at: String::new(),
            what: "the file changed while it was read".into(),
            help: "write it beside its place and rename it there, then reload".into(),
            code: "file-not-trusted",
        }),
    }
}
