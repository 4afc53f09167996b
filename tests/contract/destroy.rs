//! A key destroyed by a process of its own: a module is loaded once in a process, and no host's lane can ask for this.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use hsm_config::{ManagementKey, PinSource, Reach, Token};
use serde::{Deserialize, Serialize};
use token::control::{HostConfig, LoginOutcome};
use token::lane::Fault;
use token::piv::{Card, CardCallbacks, CardCell, PivToken, Secret};
use token::pkcs11::{Anchor, Module, Names, Pkcs11Token};
use token::writes::{Call, Write};
use token::{KeyRef, Pin, PinProvider, Provision};
use zeroize::Zeroizing;

use crate::bench::PIN;

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
        let destroyed = match self.config.token.reach().unwrap() {
            Reach::Pkcs11 { module, uri } => {
                let module = Module::load(module).unwrap();
                let found = module.find(uri, &|| {}).unwrap();
                let anchor = Anchor::open(&module, &found).unwrap();
                assert_eq!(anchor.login(&Write::begin(Call::Login), &pin()), LoginOutcome::Accepted);
                let names = Arc::new(Names::of(&self.config.token));
                Pkcs11Token::open(&module, found.slot, names, None).unwrap().destroy(&self.key)
            }
            Reach::YubikeyPiv { serial } => {
                let mut card = Card::open(serial).unwrap();
                assert_eq!(card.verify(&Write::begin(Call::Login), &pin()), LoginOutcome::Accepted);
                let cell = Arc::new(CardCell::default());
                cell.put(card);
                let owner = Arc::new(Owner(self.config.token.clone()));
                PivToken::new(cell, owner, &self.config, serial).destroy(&self.key)
            }
        };
        destroyed.unwrap();
    }
}

fn pin() -> Pin {
    Pin::from_bytes(&Zeroizing::new(PIN.into())).unwrap()
}

/// The YubiKey's owner, who knows both of its secrets.
struct Owner(Token);

impl PinProvider for Owner {
    fn verify(&self, give: &mut dyn FnMut(&Pin, &Write) -> LoginOutcome) -> Result<(), Fault> {
        match give(&pin(), &Write::begin(Call::Login)) {
            LoginOutcome::Accepted => Ok(()),
            other => Err(Fault::Device(format!("{other:?}"))),
        }
    }
}

impl CardCallbacks for Owner {
    fn touch(&self, _: bool) {}

    fn management_key(&self) -> Result<Option<Arc<Secret>>, Fault> {
        let source = self.0.management_key.as_ref().and_then(ManagementKey::source);
        let Some(PinSource::File(file)) = source else { panic!("{source:?}") };
        Ok(Secret::from_hex(&fs::read(file).unwrap()).map(Arc::new))
    }
}
