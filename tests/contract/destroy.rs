//! A key destroyed by a process of its own: a module is loaded once in a process, and no host's lane can ask for this.

use std::io::Write;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use token::Pin;
use token::control::{HostConfig, LoginOutcome};
use token::pkcs11::{Anchor, Module, Pkcs11Token};
use token::{KeyRef, Provision};
use zeroize::Zeroizing;

use crate::backend::PIN;

/// Which key, and where.
#[derive(Serialize, Deserialize)]
pub(crate) struct Destroy {
    pub config: HostConfig,
    pub key: KeyRef,
}

impl Destroy {
    /// Has a process of its own do it.
    #[track_caller]
    pub(crate) fn in_a_process(&self, inside: impl Fn(Command) -> Command) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("destroy").envs(&self.config.token.env);
        let mut command = inside(command);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&serde_json::to_vec(self).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Does it here.
    pub(crate) fn run(&self) {
        let token = &self.config.token;
        let module = Module::load(token.module.as_deref().unwrap()).unwrap();
        let found = module.find(token.uri.as_ref().unwrap()).unwrap();
        let anchor = Anchor::open(&module, &found).unwrap();
        let pin = Pin::from_bytes(&Zeroizing::new(PIN.into())).unwrap();
        assert_eq!(anchor.login(&pin), LoginOutcome::Accepted);
        Pkcs11Token::open(&module, found.slot).unwrap().destroy(&self.key).unwrap();
    }
}
