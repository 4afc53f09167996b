//! Evidence of a LiquidSecurity HSM: a statement, bare or in gzip, a mark, and certificates. What stays proven says the
//! same, and the statement and the maker's chain are unchanged.
#![no_main]

use attest::{Evidence, Verdict};
use kunci_fuzz::{QUESTION, halves, hsm, said};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (statement, chain) = halves(bytes).unwrap_or((bytes, &[]));
    let mut evidence = Evidence::new();
    if evidence.add(statement).is_err() || evidence.add_intermediates(chain).is_err() && !chain.is_empty() {
        return;
    }
    let report = attest::verify(&evidence, &QUESTION);
    if report.verdict == Verdict::Proven {
        assert!(hsm().says(&said(&report)), "what no HSM said is proven: {report:?}");
        assert!(hsm().is_in(statement, chain), "a forgery is proven");
    }
});
