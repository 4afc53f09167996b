//! Logs of any size, written in one go: as the ledger leaves them, by docs/log-format.md, and without its waits for a disk.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code, missing_docs, unreachable_pub)]

use std::fs;
use std::path::{Path, PathBuf};

use ledger::{Hash, TilePath, Tree, WIDTH, leaf_hash};

/// Entries in a stretch, of which the index has one segment.
pub const STRETCH: u64 = 65_536;

const BUNDLE: u64 = WIDTH as u64;

/// Writes a log with so many entries.
pub fn write(dir: &Path, count: u64, entry: impl Fn(u64) -> String) {
    for folder in ["open", "tile/entries", "tile/0", "tile/1"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    let mut roots = Vec::new();
    for n in 0..count.div_ceil(BUNDLE) {
        let (mut bytes, mut leaves) = (Vec::new(), Vec::<Hash>::new());
        for index in n * BUNDLE..count.min((n + 1) * BUNDLE) {
            let entry = entry(index);
            bytes.extend(u16::try_from(entry.len()).unwrap().to_be_bytes());
            bytes.extend(entry.as_bytes());
            leaves.push(leaf_hash(entry.as_bytes()));
        }
        if leaves.len() as u64 == BUNDLE {
            put(&bundle(dir, n), &bytes);
            put(&tile(dir, 0, n), leaves.as_flattened());
            roots.push(leaves.iter().copied().collect::<Tree>().root());
        } else {
            put(&dir.join(format!("open/{n:03}.entries")), &bytes);
            put(&dir.join(format!("open/{n:03}.hashes")), leaves.as_flattened());
        }
    }
    for (k, roots) in (0..).zip(roots.chunks_exact(WIDTH.into())) {
        put(&tile(dir, 1, k), roots.as_flattened());
    }
}

/// The file of a full bundle.
pub fn bundle(dir: &Path, n: u64) -> PathBuf {
    dir.join(format!("tile/{}", TilePath::Entries { n, width: WIDTH }))
}

/// The file of a full tile.
pub fn tile(dir: &Path, level: u8, n: u64) -> PathBuf {
    dir.join(format!("tile/{}", TilePath::Tile { level, n, width: WIDTH }))
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// An assertion's entry: one a second from 2026-11-01 on.
pub fn assertion(index: u64, tenant: &str) -> String {
    let time = time(index);
    format!(
        r#"{{"v":1,"time":"{time}","kind":"intent","connector":"de","key":"6a01","token":"frankfurt","caller":{{"uid":991,"unit":"iep.service"}},"tenant":"{tenant}","client_id":"app","jti":"jti-{index}","exp":1793534400,"message":"assertion"}}"#
    )
}

/// The void of an intent.
pub fn void(index: u64, named: u64) -> String {
    let time = time(index);
    format!(r#"{{"v":1,"time":"{time}","kind":"void","connector":"de","voids":{named}}}"#)
}

/// When an entry was written.
pub fn time(index: u64) -> jiff::Timestamp {
    // 2026-11-01
    jiff::Timestamp::from_second(1_793_491_200 + i64::try_from(index).unwrap()).unwrap()
}
