//! What the rig does to its SoftHSM2 token behind the agent's back, and what it sees of the calls to it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::Rig;
use crate::rig::{PIN, SO_PIN, library, softhsm};

impl Rig {
    /// The module behind OpenSC's spy, which writes every call to `spy/calls`.
    pub fn spied(self) -> Self {
        let spy = library("pkcs11-spy.so", "opensc-pkcs11");
        let (real, calls) = (softhsm(), self.at("spy/calls"));
        self.folder("spy")
            .module(&spy)
            .variable("PKCS11SPY", real.to_str().unwrap())
            .variable("PKCS11SPY_OUTPUT", calls.to_str().unwrap())
    }

    /// How often the module was called, by a name such as `C_Login`, since it is spied.
    pub fn calls(&self, name: &str) -> usize {
        let calls = fs::read(self.at("spy/calls")).unwrap_or_default();
        let calls = String::from_utf8_lossy(&calls);
        calls.lines().filter(|line| line.split_once(": ").is_some_and(|(_, call)| call == name)).count()
    }

    /// Writes the configuration with the token's keys excused from these flaws.
    pub fn except(&self, codes: &[&str]) {
        self.private(
            "kunci.toml",
            &self.toml().replace("exceptions = []", &format!("exceptions = {codes:?}")),
        );
    }

    /// The folder of the only token.
    pub fn token_folder(&self) -> PathBuf {
        let mut folders = fs::read_dir(self.at("tokens")).unwrap().map(|entry| entry.unwrap().path());
        let folder = folders.next().unwrap();
        assert_eq!(folders.next(), None);
        folder
    }

    /// One more token with the rig's label.
    pub fn init_another_token(&self) {
        self.init_token_with("softhsm2.conf");
    }

    /// A token with the rig's label where another configuration of SoftHSM2 says.
    pub fn init_token_with(&self, configuration: &str) {
        let arguments = ["--init-token", "--free", "--label", "rig", "--pin", PIN, "--so-pin", SO_PIN];
        self.run_with(configuration, Command::new("softhsm2-util").args(arguments));
    }

    /// OpenSC's tool on the token, logged in; what it prints.
    pub fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        self.pkcs11_tool_with("softhsm2.conf", arguments)
    }

    /// The same where another configuration of SoftHSM2 says.
    pub fn pkcs11_tool_with(&self, configuration: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(softhsm()).args(["--token-label", "rig", "--login", "--pin", PIN]);
        self.run_with(configuration, command.args(arguments))
    }

    fn run_with(&self, configuration: &str, command: &mut Command) -> String {
        let output = command.env("SOFTHSM2_CONF", self.at(configuration)).output();
        let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
