//! Certificates, public keys and evidence of where a key was born, PEM and DER. Evidence is judged, and bytes that nobody
//! signed are never proven.
#![no_main]

use attest::{Evidence, Question, Timestamp, Verdict};
use libfuzzer_sys::fuzz_target;
use token::PublicKey;

/// When the known anchors are valid.
const NEW_YEAR_2026: i64 = 1_767_225_600;

fuzz_target!(|bytes: &[u8]| {
    for key in [PublicKey::from_certificate(bytes), PublicKey::from_spki(bytes)].into_iter().flatten() {
        assert!(PublicKey::from_spki(key.spki()).is_ok_and(|again| again.sha256() == key.sha256()));
        // Neither a signature of nothing nor one of zeros is anybody's.
        assert!(!key.verifies(hsm_config::Algorithm::PS256, b"", &[0; 256]));
    }
    let mut evidence = Evidence::new();
    if evidence.add(bytes).is_ok() {
        let at = Timestamp::from_second(NEW_YEAR_2026).expect("a time");
        assert!(
            attest::verify(&evidence, &Question::at(at)).verdict != Verdict::Proven,
            "a forgery is proven"
        );
    }
});
