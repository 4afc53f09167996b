//! Evidence bundles: whatever the JSON says, a key is proven, and graded attested, only as far as a maker signed it.
#![no_main]

use attest::bundle::KeyReport;
use attest::{Evidence, Grade, Kind, Outcome, Verdict};
use kunci_fuzz::{QUESTION, chains, recorded, said};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut evidence = Evidence::new();
    if evidence.add(bytes).is_err() {
        return;
    }
    let Ok(Outcome::Bundle(report)) = attest::answer(&evidence, &QUESTION) else { return };
    assert!(serde_json::to_vec(&report).is_ok());
    report.keys.iter().for_each(genuine);
    if report.is_yes() {
        assert!(
            !report.keys.is_empty() && report.keys.iter().all(|key| key.report.verdict == Verdict::Proven)
        );
    }
});

fn genuine(key: &KeyReport) {
    let said = said(&key.report);
    if said.verdict == Verdict::Proven {
        let chain = chains().iter().any(|chain| chain.says(&said));
        assert!(
            chain || recorded().iter().any(|piece| piece.says(&said)),
            "what nobody signed is proven: {key:?}"
        );
    }
    let attested = key.grade == Grade::Attested;
    assert!(!attested || (said.verdict == Verdict::Proven && said.kind != Some(Kind::Pkcs11)), "{key:?}");
}
