//! An installation whose token is a YubiKey, with secrets of its own, in the production configuration.

use std::process::Command;

use crate::rig::{ALL, Rig, user};
use crate::yubikey::{Model, RECENT, YubiKey};
use crate::{Agent, Pcsc};

/// The secrets that the rig gives a YubiKey in the place of the factory's.
pub const PIN: &str = "648219";
pub const PUK: &str = "86421975";
pub const MANAGEMENT_KEY: &str = "a0a1a2a3a4a5a6a7b0b1b2b3b4b5b6b7c0c1c2c3c4c5c6c7";
/// What it has from the factory.
const FACTORY: [&str; 2] = ["123456", "12345678"];

/// The installation, pcscd and one YubiKey.
pub struct PivRig {
    // Dropped first: its reader goes with pcscd.
    pub key: YubiKey,
    /// Another one, where the installation has two.
    pub other: Option<YubiKey>,
    pub pcsc: Pcsc,
    pub rig: Rig,
    token: String,
    connectors: String,
    agent: String,
    ledger: String,
}

impl PivRig {
    /// A YubiKey with secrets of its own, and connector `de` (RSA-2048, PS256) without a slot of its own.
    pub fn new() -> Self {
        Self::of(Model::default())
    }

    /// The same with a YubiKey of another model.
    pub fn of(model: Model) -> Self {
        let rig = Self::factory_new(model);
        rig.change_secrets(&rig.key);
        rig
    }

    /// The same with a YubiKey as it comes from the factory.
    pub fn factory_new(model: Model) -> Self {
        let pcsc = Pcsc::start();
        let key = pcsc.yubikey(model);
        let rig = Rig::bare();
        rig.private("pin", PIN);
        rig.private("management-key", &format!("{MANAGEMENT_KEY}\n"));
        let (token, agent, ledger) = (String::new(), String::new(), String::new());
        let connectors = connector("de", "rsa-2048", "PS256");
        Self { key, other: None, pcsc, rig, token, connectors, agent, ledger }
    }

    /// One more line of the token's section.
    pub fn token_line(mut self, line: &str) -> Self {
        self.token.push_str(&format!("{line}\n"));
        self
    }

    /// One more line of the agent's section.
    pub fn agent_line(mut self, line: &str) -> Self {
        self.agent.push_str(&format!("{line}\n"));
        self
    }

    /// One more line of the ledger's section.
    pub fn ledger_line(mut self, line: &str) -> Self {
        self.ledger.push_str(&format!("{line}\n"));
        self
    }

    /// No connector but those that are added.
    pub fn no_connector(mut self) -> Self {
        self.connectors.clear();
        self
    }

    /// One more connector on the YubiKey.
    pub fn connector(mut self, name: &str, key: &str, algorithm: &str) -> Self {
        self.connectors.push_str(&connector(name, key, algorithm));
        self
    }

    /// Gives the YubiKey its PIN, PUK and management key.
    fn change_secrets(&self, key: &YubiKey) {
        let tool = |arguments: &[&str]| self.tool(&[&["-r", key.reader()], arguments].concat());
        // Debian's tool cannot change an AES management key, which is what recent firmware begins with.
        if key.model.firmware == RECENT.firmware {
            key.set_manager("aes192", MANAGEMENT_KEY);
        } else {
            tool(&["-a", "set-mgm-key", "-n", MANAGEMENT_KEY]);
        }
        tool(&["-a", "change-pin", "-P", FACTORY[0], "-N", PIN]);
        tool(&["-a", "change-puk", "-P", FACTORY[1], "-N", PUK]);
    }

    /// A second YubiKey, with the same secrets, as the token `other` of every connector.
    pub fn two(mut self) -> Self {
        let other = self.pcsc.yubikey(Model { serial: self.key.model.serial + 1, ..self.key.model });
        self.change_secrets(&other);
        self.other = Some(other);
        self
    }

    /// Yubico's own tool, which must succeed; what it printed.
    #[track_caller]
    pub fn tool(&self, arguments: &[&str]) -> String {
        let output = self.pcsc.inside(Command::new("yubico-piv-tool").args(arguments)).output().unwrap();
        assert!(output.status.success(), "yubico-piv-tool {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes the configuration.
    pub fn write(&self) {
        self.rig.private("kunci.toml", &self.toml());
    }

    /// Writes the configuration and starts the agent.
    pub fn spawn(&self) -> Agent {
        self.write();
        self.rig.spawn_with(|command| self.pcsc.shape(command))
    }

    /// Starts the agent, and waits until the YubiKey is served.
    pub fn start(&self) -> Agent {
        let agent = self.spawn();
        agent.await_tokens("ready");
        agent
    }

    /// The same, with every event told that this filter lets through.
    pub fn start_telling(&self, filter: &str) -> Agent {
        self.write();
        let agent = self.rig.spawn_with(|command| self.pcsc.shape(command.env("KUNCI_LOG", filter)));
        agent.await_tokens("ready");
        agent
    }

    /// Starts the agent and provisions every connector.
    pub fn provisioned(&self) -> Agent {
        let agent = self.start();
        self.rig.kunci_ok(&["provision", "--all"]);
        agent
    }

    fn toml(&self) -> String {
        let at = |name: &str| format!("{:?}", self.rig.at(name));
        let names: Vec<&str> =
            self.connectors.lines().filter_map(|line| line.strip_prefix("[connectors.")).collect();
        let names: Vec<String> =
            names.iter().map(|name| format!("{:?}", name.trim_end_matches(']'))).collect();
        format!(
            "[agent]\nsocket = {socket}\nadmin_socket = {admin}\nstate_dir = {state}\n{agent}\n\
             [ledger]\norigin = \"rig.example/kunci\"\n{ledger}\n\
             {tokens}{connectors}\n\
             [callers.rig]\nuser = {user}\nconnectors = [{names}]\n\n[admins.rig]\nuser = {user}\nmay = {ALL}\n",
            socket = at("agent.sock"),
            admin = at("admin.sock"),
            state = at("state"),
            agent = self.agent,
            ledger = self.ledger,
            tokens = self.tokens(),
            connectors = self.connectors(),
            user = user(),
            names = names.join(", "),
        )
    }
}

impl PivRig {
    fn tokens(&self) -> String {
        let at = |name: &str| format!("{:?}", self.rig.at(name));
        let management = match self.token.contains("management_key") {
            true => String::new(),
            false => format!("management_key = {{ file = {} }}\n", at("management-key")),
        };
        let one = |(name, key): (&str, &YubiKey)| {
            format!(
                "[tokens.{name}]\nkind = \"yubikey-piv\"\nserial = {}\npin = {{ file = {} }}\n{management}{}\n",
                key.model.serial,
                at("pin"),
                self.token,
            )
        };
        [("key", &self.key)].into_iter().chain(self.other.iter().map(|key| ("other", key))).map(one).collect()
    }

    fn connectors(&self) -> String {
        let both = if self.other.is_some() { r#"["key", "other"]"# } else { r#"["key"]"# };
        self.connectors.replace(r#"["key"]"#, both)
    }
}

impl Default for PivRig {
    fn default() -> Self {
        Self::new()
    }
}

fn connector(name: &str, key: &str, algorithm: &str) -> String {
    let authority = if algorithm == "ES256" { "authority = \"https://login.example\"\n" } else { "" };
    format!(
        "[connectors.{name}]\nregion = \"Region {name}\"\ntokens = [\"key\"]\nkey = {key:?}\nalgorithm = {algorithm:?}\n\
         {authority}tenants = \"tenants.csv\"\n"
    )
}
