//! golang.org/x/mod/sumdb, which knows nothing of Kunci, judges our checkpoints, tiles, proofs and receipts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
#[path = "common/signed.rs"]
mod signed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use ledger::{Reader, Receipt};
use signed::Case;

/// The judge, built from its source.
static JUDGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (built, source) = (
        target.join("log-judge"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/judge/log/verify.go"),
    );
    let done = Command::new("go")
        .args(["build", "-o"])
        .args([&built, &source])
        .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")])
        .env("GOCACHE", target.join("go-cache"))
        .output()
        .expect("Go is missing: run make setup");
    assert!(done.status.success(), "run make setup: {}", String::from_utf8_lossy(&done.stderr));
    built
});

/// A copy of a log, and what goes to the judge with it.
struct Court {
    case: Case,
    copy: tempfile::TempDir,
}

impl Court {
    fn new(kept: u64, size: u64) -> Self {
        let case = Case::signed_twice(kept, size);
        let keys = format!("{}\n{}\n{}\n", case.key.vkey, case.second_vkey, case.witness.vkey);
        fs::write(case.path("vkeys"), keys).unwrap();
        let copy = case.copy();
        let own = copy.path().join("checkpoint").to_str().unwrap().to_owned();
        let done = case.bench.kunci(&["log", "consistency", &case.text("kept"), &own]);
        assert_eq!(done.code, 0, "{}", done.err);
        fs::write(case.path("proof"), done.out).unwrap();
        let reader = Reader::open(copy.path()).unwrap();
        let receipt = Receipt::make(&reader, size / 3, reader.checkpoint().unwrap().unwrap()).unwrap();
        fs::write(case.path("receipt"), receipt.to_string()).unwrap();
        Self { case, copy }
    }

    fn judge(&self) -> Output {
        let files = ["vkeys", "kept", "proof", "receipt"].map(|name| self.case.path(name));
        Command::new(&*JUDGE).arg(self.copy.path()).args(files).output().unwrap()
    }

    fn refuses(&self, file: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) {
        let good = fs::read(file).unwrap();
        let bad = change(good.clone());
        assert_ne!(bad, good, "{}", file.display());
        fs::write(file, bad).unwrap();
        let done = self.judge();
        assert!(!done.status.success() && !done.stderr.is_empty(), "{}", file.display());
        fs::write(file, good).unwrap();
    }
}

fn flip(mut bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    bytes
}

fn replace(from: &str, to: &str) -> impl Fn(Vec<u8>) -> Vec<u8> {
    move |bytes| String::from_utf8(bytes).unwrap().replacen(from, to, 1).into_bytes()
}

#[test]
fn go_finds_our_logs_tiles_proofs_and_signatures_good() {
    for (kept, size) in [(1, 1), (5, 255), (5, 256), (256, 257), (300, 600)] {
        let done = Court::new(kept, size).judge();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(said, format!("{size} entries, 3 signers\n"), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn go_refuses_what_was_changed() {
    let court = Court::new(300, 600);
    let (copy, case) = (court.copy.path(), &court.case);
    for file in
        ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001", "tile/entries/002.p/88"]
    {
        court.refuses(&copy.join(file), flip);
    }
    for (from, to) in [("\n600\n", "\n601\n"), (case.witness.vkey.name(), "another.example")] {
        court.refuses(&copy.join("checkpoint"), replace(from, to));
    }
    court.refuses(&case.path("proof"), |bytes| {
        [b"A", &bytes[1..]].concat().into_iter().map(|b| if b == b'a' { b'b' } else { b }).collect()
    });
    court.refuses(&case.path("receipt"), replace("\nindex 200\n", "\nindex 201\n"));
    court.refuses(&case.path("kept"), replace("\n300\n", "\n301\n"));
    assert!(court.judge().status.success());
}
