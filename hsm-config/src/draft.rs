//! A configuration that could be read and is not yet known to be sound: the checks of each section, and of each
//! against the others.

use crate::config::Config;
use crate::problem::Fault;
use crate::report::Report;
use crate::{Admin, Agent, Caller, Connector, Ledger, Name, Token, TokenKind};
use std::collections::BTreeMap;
use std::path::Path;

/// What could be read.
pub(crate) struct Draft {
    pub(crate) agent: Option<Agent>,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) tokens: BTreeMap<Name, Token>,
    pub(crate) connectors: BTreeMap<Name, Connector>,
    pub(crate) callers: BTreeMap<Name, Caller>,
    pub(crate) admins: BTreeMap<Name, Admin>,
}

impl Draft {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        if let Some(agent) = &self.agent {
            agent.check(&mut report.within("agent"));
            self.check_closed(agent, &mut report.within("tokens"));
            self.check_factory(agent, &mut report.within("tokens"));
        }
        if let Some(ledger) = &self.ledger {
            ledger.check(&mut report.within("ledger"));
        }
        check_all("tokens", &self.tokens, report, Token::check);
        check_all("connectors", &self.connectors, report, Connector::check);
        check_all("callers", &self.callers, report, Caller::check);
        check_all("admins", &self.admins, report, Admin::check);
        self.check_names(&mut report.within("connectors"));
        self.check_apart(&mut report.within("tokens"));
        self.check_places(&mut report.within("tokens"));
    }

    /// The whole configuration, where nothing is missing.
    pub(crate) fn finish(self) -> Option<Config> {
        let Self { agent, ledger, tokens, connectors, callers, admins } = self;
        Some(Config { agent: agent?, ledger: ledger?, tokens, connectors, callers, admins })
    }

    /// A module gets no path that would open the ledger or the sockets to it.
    fn check_closed(&self, agent: &Agent, report: &mut Report<'_>) {
        let closed = [&agent.state_dir, &agent.socket, &agent.admin_socket];
        for (name, token) in &self.tokens {
            let mut report = report.within(name.as_str());
            for (field, paths) in [("paths", &token.paths), ("read_paths", &token.read_paths)] {
                for (index, path) in paths.iter().enumerate() {
                    report.expect_item(field, index, apart(path, closed));
                }
            }
        }
    }

    /// Secrets that everybody knows are for trials, as software is.
    fn check_factory(&self, agent: &Agent, report: &mut Report<'_>) {
        for (name, token) in &self.tokens {
            if token.allow_factory_secrets == Some(true) && !agent.allow_software_tokens {
                let what = "factory secrets are for trials, and this agent is none: allow_software_tokens is not set";
                let help = "give the YubiKey a PIN, PUK and management key of its own, and remove this line";
                let fault = Fault::new("factory-secrets", what, help);
                report.within(name.as_str()).expect("allow_factory_secrets", Err(fault));
            }
        }
    }

    /// A CA, or whoever reads a self-signed certificate, is later to take its subject.
    fn check_names(&self, report: &mut Report<'_>) {
        for (name, connector) in &self.connectors {
            report.within(name.as_str()).expect("region", connector.check_common_name(name));
        }
    }

    /// A slot, or a key's identifier, is kept for a connector that has its key there.
    fn check_places(&self, report: &mut Report<'_>) {
        for (name, token) in &self.tokens {
            let mut report = report.within(name.as_str());
            let slots = token.slots.keys().map(|connector| ("slots", connector));
            let ids = token.key_ids.iter().flat_map(BTreeMap::keys).map(|connector| ("key_ids", connector));
            for (field, connector) in slots.chain(ids) {
                let used = self.connectors.get(connector).is_some_and(|found| found.tokens.contains(name));
                if !used {
                    let what = format!("the connector {connector} is not on this token");
                    let help = format!("name a connector that has {name} in tokens, or remove it");
                    report
                        .within(field)
                        .expect(connector.as_str(), Err(Fault::new("unknown-name", what, help)));
                }
            }
        }
    }

    /// Two entries for one token would log in twice, and could spend two tries of its PIN.
    fn check_apart(&self, report: &mut Report<'_>) {
        for (name, token) in &self.tokens {
            let same = |other: &Token| token.reach().is_some() && other.reach() == token.reach();
            if let Some((first, _)) = self.tokens.range(..name.clone()).find(|(_, other)| same(other)) {
                let (field, help) = match token.kind {
                    TokenKind::Pkcs11 => ("uri", "use one entry, and raise its lanes for more throughput"),
                    TokenKind::YubikeyPiv => ("serial", "use one entry"),
                };
                let fault = Fault::new("duplicate", format!("{name} is the same token as {first}"), help);
                report.within(name.as_str()).expect(field, Err(fault));
            }
        }
    }
}

fn apart(path: &Path, closed: [&std::path::PathBuf; 3]) -> Result<(), Fault> {
    match closed.into_iter().find(|closed| closed.starts_with(path) || path.starts_with(closed)) {
        None => Ok(()),
        Some(closed) => {
            let what = format!("{:?} would open the agent's own {closed:?} to the module", path);
            Err(Fault::new(
                "path-not-closed",
                what,
                "give the token a folder of its own, apart from the agent's",
            ))
        }
    }
}

fn check_all<T>(
    section: &str,
    entries: &BTreeMap<Name, T>,
    report: &mut Report<'_>,
    check: fn(&T, &mut Report<'_>),
) {
    let mut report = report.within(section);
    for (name, entry) in entries {
        check(entry, &mut report.within(name.as_str()));
    }
}
