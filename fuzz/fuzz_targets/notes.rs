//! Signed notes, checkpoints and verifier keys: the first byte chooses which. What is taken prints as it was given, and a
//! note is by a known key only if that one signed its very text.
#![no_main]

use ledger::{Checkpoint, Note, Signature, SignedCheckpoint, Vkey};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Keys of logs and witnesses in the field, and what they signed.
static KNOWN: LazyLock<Vec<Vkey>> = LazyLock::new(|| {
    let lines = [
        include_str!("../../ledger/tests/golden/witnessed.vkeys"),
        include_str!("../../ledger/tests/golden/ml-dsa.vkey"),
    ];
    lines.concat().lines().map(|line| line.parse().expect("a key")).collect()
});
const SIGNED: [&str; 2] =
    [include_str!("../../ledger/tests/golden/witnessed.note"), include_str!("../../ledger/tests/golden/ml-dsa.note")];

fuzz_target!(|bytes: &[u8]| {
    let Some((which, rest)) = bytes.split_first() else { return };
    match (which % 4, str::from_utf8(rest)) {
        (0, _) => note(rest),
        (1, Ok(text)) => {
            if let Ok(checkpoint) = Checkpoint::parse(text) {
                assert_eq!(checkpoint.to_string(), text);
            }
        }
        (2, Ok(text)) => {
            if let Ok(key) = text.parse::<Vkey>() {
                assert_eq!(key.to_string(), text);
            }
        }
        (_, Ok(text)) => {
            if let Ok(signature) = text.parse::<Signature>() {
                assert_eq!(signature.to_string(), text);
            }
        }
        _ => {}
    }
});

fn note(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_string().as_bytes(), bytes);
    if note.verify(&*KNOWN).is_ok() {
        assert!(SIGNED.iter().any(|signed| signed.starts_with(note.text())), "{}", note.text());
    }
    if let Ok(signed) = SignedCheckpoint::try_from(note) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
    }
}
