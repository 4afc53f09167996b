//! A tlog-policy. One that is taken stands for a checkpoint only if a log that it names signed that; what is refused names a
//! line that is there.
#![no_main]

use ledger::{Policy, SignedCheckpoint};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SIGNED: LazyLock<SignedCheckpoint> = LazyLock::new(|| {
    SignedCheckpoint::parse(include_bytes!("../../ledger/tests/golden/witnessed.note")).expect("a checkpoint")
});

fuzz_target!(|bytes: &[u8]| match Policy::parse(bytes) {
    Ok(policy) => {
        if let Ok(endorsed) = policy.endorse(&SIGNED, &[]) {
            assert!(policy.logs().iter().any(|log| &log.key == endorsed.log));
            assert_eq!(endorsed.log.name(), SIGNED.checkpoint().origin());
            assert!(endorsed.witnesses.len() <= policy.witnesses().len());
        }
    }
    Err(bad) => {
        let lines = bytes.split(|byte| *byte == b'\n').count();
        assert!((1..=lines.max(1)).contains(&bad.line), "{bad}");
    }
});
