//! A TPM 2.0: tpm2-pkcs11 over the resource manager tpm2-abrmd over swtpm, which stands in for the chip alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::Tpm;

use crate::backend::{Backend, Bench, LABEL, Lack, PIN, SO_PIN};

pub(crate) fn make(bench: &Bench) -> Box<dyn Backend> {
    let tpm = Tpm::start(bench.folder("tpm"));
    tpm.add_token(LABEL, PIN, SO_PIN);
    Box::new(tpm)
}

impl Backend for Tpm {
    fn section(&self) -> Value {
        json!({
            "module": Tpm::module(),
            "env": BTreeMap::from(self.environment()),
            "paths": [self.store()],
            "read_paths": [self.socket()],
        })
    }

    fn take_away(&mut self) {
        self.power_off();
    }

    fn put_back(&mut self) {
        self.power_on();
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack {
            case: "initialise",
            says: "no blank token",
            why: "its maker's tool makes the token, since it finds out how this TPM salts PSS signatures; one that \
                  `kunci token init` made signs RS256 and ES256 only",
        }]
    }
}
