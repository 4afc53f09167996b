//! A log with keys and a witness, all outside of any token, and a checkpoint of it that was kept.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{
    Checkpoint, Entry, Kind, Ledger, Note, Signature, SignatureType, SignedCheckpoint, TreeHead, Vkey,
    cosignature_message,
};
use sha2::{Digest, Sha256};

use crate::common::{Bench, Done};

pub(crate) const ORIGIN: &str = "vendor.example/kunci";
pub(crate) const TIME: u64 = 1_800_000_000;

/// A key outside of any token.
pub(crate) struct Key {
    pub(crate) pair: Ed25519KeyPair,
    pub(crate) vkey: Vkey,
}

impl Key {
    pub(crate) fn new(name: &str, kind: SignatureType) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(name, kind, pair.public_key().as_ref()).unwrap();
        Self { pair, vkey }
    }

    pub(crate) fn sign(&self, head: TreeHead) -> SignedCheckpoint {
        let mut note = Note::new(Checkpoint::new(ORIGIN, head).unwrap().to_string()).unwrap();
        let signature = self.pair.sign(note.text().as_bytes());
        note.add(Signature::new(&self.vkey, signature.as_ref())).unwrap();
        note.try_into().unwrap()
    }

    pub(crate) fn cosign(&self, signed: &SignedCheckpoint) -> SignedCheckpoint {
        let mut note = signed.note().clone();
        let signature = self.pair.sign(cosignature_message(TIME, note.text()).as_bytes());
        note.add(Signature::cosignature(&self.vkey, TIME, signature.as_ref())).unwrap();
        note.try_into().unwrap()
    }
}

/// A log with a key, a witness, and a checkpoint that was kept when it had fewer entries.
pub(crate) struct Case {
    pub(crate) bench: Bench,
    pub(crate) log: PathBuf,
    pub(crate) key: Key,
    pub(crate) witness: Key,
    pub(crate) second: EcdsaKeyPair,
    pub(crate) second_vkey: Vkey,
    /// Whether the log's second key, of P-256, signs, too.
    pub(crate) is_double: bool,
}

impl Case {
    /// `kept` is published, then the rest is recorded and published.
    pub(crate) fn new(kept: u64, size: u64) -> Self {
        Self::empty(PathBuf::new(), Key::new(ORIGIN, SignatureType::Ed25519)).filled(kept, size)
    }

    /// As [`Case::new`], signed by two keys of the log.
    pub(crate) fn signed_twice(kept: u64, size: u64) -> Self {
        let mut case = Self::empty(PathBuf::new(), Key::new(ORIGIN, SignatureType::Ed25519));
        case.is_double = true;
        case.filled(kept, size)
    }

    fn filled(self, kept: u64, size: u64) -> Self {
        let case = self;
        case.grow(kept);
        fs::copy(case.log.join("checkpoint"), case.path("kept")).unwrap();
        case.grow(size - kept);
        let policy = format!("log {}\nwitness w {}\nquorum w\n", case.key.vkey, case.witness.vkey);
        fs::write(case.path("policy"), policy).unwrap();
        case
    }

    /// A log without entries, there or where the configuration has it.
    pub(crate) fn empty(log: PathBuf, key: Key) -> Self {
        let bench = Bench::new();
        let log = if log.as_os_str().is_empty() { bench.path("state/log") } else { log };
        fs::create_dir_all(&log).unwrap();
        let witness = Key::new("witness.example", SignatureType::CosignatureEd25519);
        let second = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(second.public_key()).unwrap();
        let second_vkey = Vkey::new(ORIGIN, SignatureType::EcdsaP256, spki.as_ref()).unwrap();
        Self { bench, log, key, witness, second, second_vkey, is_double: false }
    }

    /// Signed by the log and the witness.
    fn signed(&self, head: TreeHead) -> SignedCheckpoint {
        let mut note = self.key.sign(head).note().clone();
        if self.is_double {
            let second = self.second.sign(&SystemRandom::new(), note.text().as_bytes()).unwrap();
            note.add(Signature::new(&self.second_vkey, second.as_ref())).unwrap();
        }
        self.witness.cosign(&note.try_into().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bench.path(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn grow(&self, count: u64) {
        let (ledger, recovered) = Ledger::open(&self.log).unwrap();
        let (done, landed) = mpsc::channel();
        for number in recovered.size..recovered.size + count {
            let digest = ledger::hex(&Sha256::digest(assertion(number).rsplit_once('.').unwrap().0));
            let entry = Entry::new(Kind::Intent).connector("de").jti(format!("j{number}")).digest(digest);
            let done = done.clone();
            ledger.record(entry, move |result| done.send(result.map(|durable| durable.index())).unwrap());
        }
        assert!((0..count).all(|_| landed.recv().unwrap().is_ok()));
        while ledger.head().size < ledger.size() {
            std::thread::yield_now();
        }
        ledger.publish(self.signed(ledger.head())).unwrap();
    }

    pub(crate) fn verify(&self, log: &Path, rest: &[&str]) -> Done {
        self.bench.kunci(&[&["log", "verify", log.to_str().unwrap()], rest].concat())
    }

    /// Verified with all that the auditor has.
    pub(crate) fn audit(&self, log: &Path) -> Done {
        let (kept, policy) = (self.text("kept"), self.text("policy"));
        self.verify(log, &["--checkpoint", &kept, "--policy", &policy])
    }

    /// The folder as a web server has it.
    pub(crate) fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for name in ["checkpoint", "tile"] {
            let done =
                Command::new("cp").arg("-r").arg(self.log.join(name)).arg(copy.path()).status().unwrap();
            assert!(done.success());
        }
        copy
    }
}

/// What stands for a client assertion.
pub(crate) fn assertion(number: u64) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.{}",
        part("{\"alg\":\"PS256\"}".into()),
        part(format!("{{\"jti\":\"j{number}\"}}")),
        part("s".into())
    )
}
