//! The size of the last checkpoint that each witness has, kept over restarts: it saves a refusal, and is never believed. A
//! witness that has another says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quoted::Quoted;

use crate::print::Printer;
use crate::{atomic, bounded};

/// The longest file, in bytes.
const MAX_BYTES: usize = 1 << 20;
const MODE: u32 = 0o644;

/// A file with one size for each URL.
pub(super) struct Sizes {
    path: PathBuf,
    sizes: BTreeMap<String, u64>,
    /// Whether it was told that they cannot be kept.
    is_told: bool,
}

impl Sizes {
    /// What cannot be read is begun anew.
    pub(super) fn open(path: PathBuf, print: &Printer) -> Self {
        let sizes = if path.exists() { read(&path, print) } else { BTreeMap::new() };
        Self { path, sizes, is_told: false }
    }

    pub(super) fn of(&self, url: &str) -> u64 {
        self.sizes.get(url).copied().unwrap_or(0)
    }

    /// Where they cannot be kept, that costs a refusal after a start, and no cosignature.
    pub(super) fn keep(&mut self, url: &str, size: u64, print: &Printer) {
        if self.sizes.insert(url.to_owned(), size) == Some(size) && !self.is_told {
            return;
        }
        let text = serde_json::to_vec_pretty(&self.sizes).unwrap_or_default();
        let kept = atomic::write(&self.path, &text, MODE);
        if let (Err(error), false) = (&kept, self.is_told) {
            let path = Quoted::path(&self.path);
            print.warn(&format!(
                "{path} cannot be written ({error}): after a start each witness is asked what it has"
            ));
        }
        self.is_told = kept.is_err();
    }
}

fn read(path: &Path, print: &Printer) -> BTreeMap<String, u64> {
    let read = bounded::read(path, MAX_BYTES).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    read.unwrap_or_else(|| {
        print.warn(&format!("{} cannot be read: each witness is asked what it has", Quoted::path(path)));
        BTreeMap::new()
    })
}
