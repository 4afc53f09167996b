//! Attestations of YubiKeys and YubiHSMs, alone or in a request: mutants of chains that are proven. What stays proven says
//! the same, and holds all bytes that were signed.
#![no_main]

use attest::{Evidence, Verdict};
use kunci_fuzz::{QUESTION, certificates, chains, said};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut evidence = Evidence::new();
    if evidence.add(bytes).is_err() {
        return;
    }
    let report = attest::verify(&evidence, &QUESTION);
    if report.verdict == Verdict::Proven {
        let chain = chains().iter().find(|chain| chain.says(&said(&report)));
        let chain = chain.expect("what nobody signed is proven");
        assert!(chain.is_in(&certificates(bytes)), "a forgery is proven");
    }
});
