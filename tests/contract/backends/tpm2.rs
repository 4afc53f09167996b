//! A TPM 2.0: tpm2-pkcs11 over the resource manager tpm2-abrmd over swtpm, which stands in for the chip alone.

use std::collections::BTreeMap;

use serde_json::json;
use tests::Tpm;

use crate::backend::{Backend, Lack};
use crate::bench::{Bench, LABEL, PIN, SO_PIN};
use crate::device::Switched;

pub(super) fn make(bench: &Bench) -> Backend {
    let tpm = Tpm::start(bench.folder("tpm"));
    tpm.add_token(LABEL, PIN, SO_PIN);
    let section = json!({
        "module": Tpm::module(),
        "env": BTreeMap::from(tpm.environment()),
        "paths": [tpm.store()],
        "read_paths": [tpm.socket()],
    });
    let device = Switched { thing: tpm, off: Tpm::power_off, on: Tpm::power_on };
    Backend { section, lacks: &[INITIALISE], ..Backend::of(device) }
}

const INITIALISE: Lack = Lack {
    case: "initialise",
    says: "no blank token",
    why: "its maker's tool makes the token, since it finds out how this TPM salts PSS signatures; one that \
          `kunci token init` made signs RS256 and ES256 only",
};
