//! Kryoptic: a soft token in one SQLite database, strict about PINs. `make setup` builds its module.

use serde_json::json;

use crate::backend::Backend;
use crate::bench::{Bench, built};
use crate::device::Files;

pub(super) fn make(bench: &Bench) -> Backend {
    let files = Files::on(bench);
    let text = format!(
        "[ec_point_encoding]\nencoding = \"Der\"\n\n[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {:?}\n",
        files.folder.join("token.sql"),
    );
    let conf = bench.write("kryoptic.conf", &text);
    let section = json!({
        "module": built("kryoptic/release/libkryoptic_pkcs11.so"),
        "env": { "KRYOPTIC_CONF": conf },
        "paths": [files.folder],
        "read_paths": [conf],
    });
    Backend { section, ..Backend::of(files) }
}
