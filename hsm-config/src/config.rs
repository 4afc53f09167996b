//! The whole configuration, and the way to it: open, parse, read each section, check each against the others.
//!
//! What [`Config::load`] returns is valid; nothing later asks again. Tenants files are read by whoever serves
//! them, so that they can change without a restart.

use crate::document::Document;
use crate::draft::Draft;
use crate::problem::{Fault, Problem, Problems};
use crate::report::Report;
use crate::tenants::TenantsFile;
use crate::{Admin, Agent, Caller, Connector, Ledger, Name, Token, trusted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The largest configuration, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
const SECTIONS: [&str; 6] = ["agent", "ledger", "tokens", "connectors", "callers", "admins"];

/// What is configured. As JSON it travels from the supervisor to its children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The agent itself.
    #[serde(default)]
    pub agent: Agent,
    /// The ledger of what it signed.
    pub ledger: Ledger,
    /// The tokens that hold the keys.
    #[serde(default)]
    pub tokens: BTreeMap<Name, Token>,
    /// The connectors, usually one per region.
    #[serde(default)]
    pub connectors: BTreeMap<Name, Connector>,
    /// Who may ask for assertions.
    #[serde(default)]
    pub callers: BTreeMap<Name, Caller>,
    /// Who may change something.
    #[serde(default)]
    pub admins: BTreeMap<Name, Admin>,
}

impl Config {
    /// Reads a configuration file that nobody but root and we can write.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Self::load_with_text(path).map(|(config, _)| config)
    }

    /// The same, with the very text that was read, for whoever wants its digest.
    pub fn load_with_text(path: &Path) -> Result<(Self, String), Problems> {
        let text = trusted::read(path, MAX_CONFIG_BYTES).map_err(|fault| Problem::of_file(path, fault))?;
        Self::parse(&text, path).map(|config| (config, text))
    }

    /// Where the agent of a configuration is, for whoever asks it about that very file: it judges who may have written it, by
    /// its own user's rules, which may not be ours.
    pub fn find_agent(path: &Path) -> Result<Agent, Problems> {
        let text =
            trusted::read_anyhow(path, MAX_CONFIG_BYTES).map_err(|fault| Problem::of_file(path, fault))?;
        Self::parse(&text, path).map(|config| config.agent)
    }

    /// Reads a configuration; `path` names it in problems, and relative tenants files are beside it.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Problems> {
        let document = Document::parse(text, path)?;
        let mut problems = Problems::default();
        document.check_sections(&SECTIONS, &mut problems);
        let agent = document.section("agent", &mut problems);
        let ledger = document.section("ledger", &mut problems);
        let draft = Draft {
            agent,
            ledger,
            tokens: document.entries("tokens", &mut problems),
            connectors: document.entries("connectors", &mut problems),
            callers: document.entries("callers", &mut problems),
            admins: document.entries("admins", &mut problems),
        };
        draft.check(&mut Report::new(&document, &mut problems));
        match draft.finish().filter(|_| problems.is_empty()) {
            Some(config) => config.beside(path).map_err(Problems::from),
            None => Err(problems.sorted()),
        }
    }

    /// Reads the tenants files of all connectors, or tells all that is wrong with them.
    pub fn load_tenants(&self) -> Result<BTreeMap<Name, TenantsFile>, Problems> {
        let mut problems = Problems::default();
        let mut all = BTreeMap::new();
        for (name, connector) in &self.connectors {
            match TenantsFile::load(&connector.tenants) {
                Ok(tenants) => drop(all.insert(name.clone(), tenants)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// Ties relative tenants files to the folder of the configuration, whatever the working directory becomes.
    fn beside(mut self, path: &Path) -> Result<Self, Problem> {
        let folder =
            std::path::absolute(path.parent().unwrap_or(Path::new(""))).or_else(|_| std::env::current_dir());
        let folder = folder.map_err(|error| {
            let fault = Fault::new(
                "file-unreadable",
                format!("its folder is not known: {error}"),
                "name its whole path",
            );
            Problem::of_file(path, fault)
        })?;
        for connector in self.connectors.values_mut() {
            connector.tenants = folder.join(&connector.tenants);
        }
        Ok(self)
    }
}
