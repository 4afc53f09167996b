//! Kryoptic: a soft token in one SQLite database, strict about PINs. `make setup` builds its module.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::backend::{Backend, Bench, built};

struct Kryoptic {
    store: PathBuf,
    conf: PathBuf,
}

pub(super) fn make(bench: &Bench) -> Box<dyn Backend> {
    let store = bench.folder("store");
    let text = format!(
        "[ec_point_encoding]\nencoding = \"Der\"\n\n[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {:?}\n",
        store.join("token.sql"),
    );
    Box::new(Kryoptic { conf: bench.write("kryoptic.conf", &text), store })
}

impl Backend for Kryoptic {
    fn section(&self) -> Value {
        json!({
            "module": built("kryoptic/release/libkryoptic_pkcs11.so"),
            "env": { "KRYOPTIC_CONF": self.conf },
            "paths": [self.store],
            "read_paths": [self.conf],
        })
    }

    fn take_away(&mut self) {
        fs::rename(self.store.join("token.sql"), self.store.join("away.sql")).unwrap();
    }

    fn put_back(&mut self) {
        fs::rename(self.store.join("away.sql"), self.store.join("token.sql")).unwrap();
    }
}
