//! An installation: a folder with a token, a PIN, a configuration and tenants, and the commands run on it.

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hsm_config::Verb;
use tempfile::TempDir;

use crate::agent::Agent;

pub use crate::installed::{beside, binary, library, softhsm};

/// The PIN of the rig's token, and the PIN of its security officer.
pub const PIN: &str = "rig-user-pin";
pub const SO_PIN: &str = "rig-officer-pin";
/// A pair that every connector of the rig serves.
pub const TENANT: &str = "contoso.example";
pub const CLIENT: &str = "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
/// The application's object id in that tenant.
pub const OBJECT: &str = "7d1f2a52-6b1d-4f0e-8a27-6f6f5f0d9a01";

/// The longest common name of a certificate, in characters.
const COMMON_NAME: usize = 64;

/// One installation.
pub struct Rig {
    folder: TempDir,
    /// Everything of the configuration but the sections that the rig writes itself.
    extra: String,
    /// More lines of the agent's own section.
    agent: String,
    pub(crate) connectors: Vec<String>,
    pub(crate) token: TokenText,
    /// More lines of the ledger's section.
    ledger: String,
    /// A second token's section; every connector then has a key on both.
    pub(crate) second: String,
}

pub(crate) struct TokenText {
    pub(crate) lanes: u8,
    pub(crate) deadline: String,
    pub(crate) module: PathBuf,
    pin: String,
    /// More of its environment, and more folders that its module may write.
    env: String,
    paths: String,
    /// More lines of its section.
    lines: String,
}

impl Rig {
    /// A blank token, connector `de` (RSA-2048, PS256), and rules that grant everything to this user.
    pub fn new() -> Self {
        let rig = Self::bare();
        rig.write();
        rig
    }

    /// As [`Rig::new`], with nothing written yet.
    pub fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("kunci-").tempdir().unwrap();
        let rig = Self {
            folder,
            extra: format!(
                "[callers.rig]\nuser = {user}\nconnectors = [\"de\"]\n\n[admins.rig]\nuser = {user}\nmay = {ALL}\n",
                user = user()
            ),
            agent: String::new(),
            ledger: String::new(),
            connectors: vec![connector("de", "rsa-2048", "PS256")],
            token: TokenText {
                lanes: 2,
                deadline: "10s".to_owned(),
                module: softhsm(),
                pin: String::new(),
                env: String::new(),
                paths: String::new(),
                lines: String::new(),
            },
            second: String::new(),
        };
        for folder in ["tokens", "state"] {
            fs::DirBuilder::new().mode(0o700).create(rig.at(folder)).unwrap();
        }
        rig.private("pin", PIN);
        rig.private("so-pin", SO_PIN);
        rig.private(
            "softhsm2.conf",
            &format!("directories.tokendir = {}\nlog.level = ERROR\n", rig.at("tokens").display()),
        );
        rig.private("tenants.csv", &format!("tenant,client_id,object_id\n{TENANT},{CLIENT},{OBJECT}\n"));
        rig
    }

    /// Adds a connector; `algorithm` ES256 gets an authority that takes EC keys.
    pub fn connector(mut self, name: &str, key: &str, algorithm: &str) -> Self {
        self.connectors.retain(|text| !text.starts_with(&format!("[connectors.{name}]")));
        self.connectors.push(connector(name, key, algorithm));
        self
    }

    /// Replaces the rules and whatever else stands beside agent, ledger, token and connectors.
    pub fn rules(mut self, text: &str) -> Self {
        self.extra = text.replace("ME", &user());
        self
    }

    /// How many lanes the token gets.
    pub fn lanes(mut self, lanes: u8) -> Self {
        self.token.lanes = lanes;
        self
    }

    /// How long the token may take.
    pub fn deadline(mut self, deadline: &str) -> Self {
        deadline.clone_into(&mut self.token.deadline);
        self
    }

    /// Another module in SoftHSM2's place.
    pub fn module(mut self, module: &Path) -> Self {
        module.clone_into(&mut self.token.module);
        self
    }

    /// Another PIN source, as TOML.
    pub fn pin_source(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.token.pin);
        self
    }

    /// One more line of the agent's own section.
    pub fn agent_line(mut self, line: &str) -> Self {
        self.agent.push_str(line);
        self.agent.push('\n');
        self
    }

    /// One more line of the ledger's section.
    pub fn ledger_line(mut self, line: &str) -> Self {
        self.ledger.push_str(line);
        self.ledger.push('\n');
        self
    }

    /// One more line of the token's section.
    pub fn token_line(mut self, line: &str) -> Self {
        self.token.lines.push_str(line);
        self.token.lines.push('\n');
        self
    }

    /// One more variable in the token's environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.token.env.push_str(&format!(", {name} = {value:?}"));
        self
    }

    /// One more folder of the rig, made here, that the token's module may write.
    pub fn folder(mut self, name: &str) -> Self {
        fs::DirBuilder::new().mode(0o700).recursive(true).create(self.at(name)).unwrap();
        self.token.paths.push_str(&format!(", {:?}", self.at(name)));
        self
    }

    /// Writes the configuration.
    pub fn write(&self) {
        self.private("kunci.toml", &self.toml());
    }

    /// The configuration's text.
    pub fn toml(&self) -> String {
        let at = |name: &str| format!("{:?}", self.at(name));
        let pin = if self.token.pin.is_empty() {
            format!("{{ file = {} }}", at("pin"))
        } else {
            self.token.pin.clone()
        };
        format!(
            "[agent]\nsocket = {socket}\nadmin_socket = {admin}\nstate_dir = {state}\nallow_software_tokens = true\n{agent}\n\
             [ledger]\norigin = \"rig.example/kunci\"\n{ledger}\n\
             [tokens.soft]\nkind = \"pkcs11\"\nmodule = {module:?}\nuri = \"pkcs11:token=rig\"\npin = {pin}\n\
             so_pin = {{ file = {so_pin} }}\nlanes = {lanes}\ndeadline = {deadline:?}\n\
             env = {{ SOFTHSM2_CONF = {conf}{env} }}\npaths = [{tokens}{paths}]\nread_paths = [{conf}]\nexceptions = []\n{lines}\n{second}{connectors}\n{extra}",
            socket = at("agent.sock"),
            admin = at("admin.sock"),
            state = at("state"),
            module = self.token.module,
            so_pin = at("so-pin"),
            lanes = self.token.lanes,
            deadline = self.token.deadline,
            conf = at("softhsm2.conf"),
            tokens = at("tokens"),
            connectors = self.connectors.join("\n"),
            extra = self.extra,
            agent = self.agent,
            ledger = self.ledger,
            second = self.second,
            env = self.token.env,
            paths = self.token.paths,
            lines = self.token.lines,
        )
    }

    /// Lets the folder stay when the rig is gone; where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// A path in the rig's folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only we can read, by rename.
    pub fn private(&self, name: &str, text: &str) {
        let (path, temporary) = (self.at(name), self.at(&format!("{name}.new")));
        let mut file = fs::OpenOptions::new();
        let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&temporary).unwrap();
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        fs::rename(temporary, path).unwrap();
    }

    /// `kunci` with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("kunci"));
        command.arg("--config").arg(self.at("kunci.toml")).args(arguments);
        command
    }

    /// Runs `kunci`.
    pub fn kunci(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `kunci`, which must succeed; its standard output.
    #[track_caller]
    /// Runs `kunci` for a person who types a line.
    pub fn typed(&self, arguments: &[&str], line: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
        child.wait_with_output().unwrap()
    }

    pub fn kunci_ok(&self, arguments: &[&str]) -> String {
        let output = self.kunci(arguments);
        assert!(output.status.success(), "kunci {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Initialises the token and provisions every connector.
    pub fn provisioned(self) -> Self {
        self.write();
        self.kunci_ok(&["token", "init", "soft"]);
        if !self.second.is_empty() {
            self.kunci_ok(&["token", "init", "second"]);
        }
        self.kunci_ok(&["provision", "--all"]);
        self
    }

    /// Starts the agent and waits until its token is ready.
    pub fn start(&self) -> Agent {
        let agent = self.spawn();
        agent.wait_ready();
        agent
    }

    /// Starts the agent and waits until it answers.
    pub fn spawn(&self) -> Agent {
        self.spawn_with(|command| command)
    }

    /// Starts the agent as `shape` says, and waits until it answers.
    pub fn spawn_with(&self, shape: impl FnOnce(&mut Command) -> &mut Command) -> Agent {
        let agent = Agent::spawn(self.at("agent.log"), self.at("agent.sock"), self.at("admin.sock"), {
            let mut command = Command::new(binary("kunci-agent"));
            command.arg("--config").arg(self.at("kunci.toml"));
            shape(&mut command);
            command
        });
        agent.wait_answering();
        agent
    }

    /// The log, as an auditor reads it.
    pub fn log(&self) -> ledger::Reader {
        ledger::Reader::open(&self.at("state/log")).unwrap()
    }

    /// Every entry of the log.
    pub fn entries(&self) -> Vec<ledger::Entry> {
        self.log().entries(0).map(|entry| entry.unwrap().1).collect()
    }
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

/// Every admin's verb, shown as TOML.
pub struct AllVerbs;

/// The same, to stand in a text.
pub const ALL: AllVerbs = AllVerbs;

impl fmt::Display for AllVerbs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
        write!(f, "{words:?}")
    }
}

/// This user, as TOML.
pub fn user() -> String {
    format!("\"{}\"", rustix::process::geteuid().as_raw())
}

fn connector(name: &str, key: &str, algorithm: &str) -> String {
    let authority = if algorithm == "ES256" { "authority = \"https://login.example\"\n" } else { "" };
    // The common name is REGION (NAME), and has 64 characters at most.
    let region =
        format!("Region {name:.room$}", room = COMMON_NAME.saturating_sub("Region  ()".len() + name.len()));
    format!(
        "[connectors.{name}]\nregion = {region:?}\ntokens = [\"soft\"]\nkey = {key:?}\nalgorithm = {algorithm:?}\n\
         {authority}tenants = \"tenants.csv\"\n"
    )
}
