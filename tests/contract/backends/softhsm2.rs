//! SoftHSM2: tokens are folders of files, and go and come with them.

use std::path::{Path, PathBuf};

use serde_json::json;
use tests::rig::softhsm;

use crate::backend::Backend;
use crate::bench::Bench;
use crate::device::Files;

pub(super) fn make(bench: &Bench) -> Backend {
    let files = Files::on(bench);
    let conf = configure(bench, &files.folder);
    let section = json!({
        "module": softhsm(),
        "env": { "SOFTHSM2_CONF": conf },
        "paths": [files.folder],
        "read_paths": [conf],
    });
    Backend { section, ..Backend::of(files) }
}

/// The configuration that names the folder of its tokens.
pub(super) fn configure(bench: &Bench, tokens: &Path) -> PathBuf {
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    bench.write("softhsm2.conf", &text)
}
