//! SoftHSM2: tokens are folders of files, and go and come with them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::rig::softhsm;

use crate::backend::{Backend, Bench};

struct SoftHsm2 {
    tokens: PathBuf,
    away: PathBuf,
    conf: PathBuf,
}

pub(super) fn make(bench: &Bench) -> Box<dyn Backend> {
    let conf = configure(bench);
    Box::new(SoftHsm2 { conf, tokens: bench.at("tokens"), away: bench.folder("away") })
}

/// Makes a folder for tokens, and the configuration that names it.
pub(super) fn configure(bench: &Bench) -> PathBuf {
    let tokens = bench.folder("tokens");
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    bench.write("softhsm2.conf", &text)
}

impl Backend for SoftHsm2 {
    fn section(&self) -> Value {
        json!({
            "module": softhsm(),
            "env": { "SOFTHSM2_CONF": self.conf },
            "paths": [self.tokens],
            "read_paths": [self.conf],
        })
    }

    fn take_away(&mut self) {
        carry(&self.tokens, &self.away);
    }

    fn put_back(&mut self) {
        carry(&self.away, &self.tokens);
    }
}

/// The folders themselves stay: a host is confined to what was there at its start.
fn carry(from: &Path, to: &Path) {
    for token in fs::read_dir(from).unwrap() {
        let token = token.unwrap();
        fs::rename(token.path(), to.join(token.file_name())).unwrap();
    }
}
