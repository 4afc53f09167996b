//! What the targets of evidence share: genuine evidence, made in attest's tests or recorded from swtpm, and what it says.
//!
//! The oracle: whoever has no maker's key can only repeat what a maker signed. So whatever a target finds proven must say
//! what a genuine piece says, word for word, and hold the very bytes that were signed for it.

mod tpm;
mod yubico;

use std::sync::LazyLock;

use attest::{Anchor, Evidence, Question, Report, Timestamp, Verdict};

pub use tpm::{TpmPiece, recorded};
pub use yubico::{Chain, certificates, chains};

/// When all genuine evidence holds.
const AT: &str = "2026-11-25T00:00:00Z";

/// The roots of all genuine evidence, in PEM or DER.
const ROOTS: [&[u8]; 3] = [
    include_bytes!("../genuine/yubico-roots"),
    include_bytes!("../../attest/tests/tpm/swtpm-root.pem"),
    include_bytes!("../../attest/tests/tpm/creation-root.pem"),
];

/// Whether the genuine evidence holds, under its own roots alone.
pub static QUESTION: LazyLock<Question> = LazyLock::new(|| {
    let at: Timestamp = AT.parse().expect("a time");
    let roots = ROOTS.iter().flat_map(|file| Anchor::given(file).expect("roots"));
    Question { roots: roots.collect(), ..Question::at(at) }
});

/// All that the evidence says, without the reasons.
pub fn said(report: &Report) -> Report {
    Report { findings: Vec::new(), ..report.clone() }
}

/// What a genuine piece says.
fn proven(file: &[u8], question: &Question) -> Report {
    let mut evidence = Evidence::new();
    evidence.add(file).expect("genuine evidence parses");
    let report = attest::verify(&evidence, question);
    assert!(report.verdict == Verdict::Proven, "what should be genuine is not proven: {report:?}");
    said(&report)
}

/// Whether `part` stands in `whole`, unchanged.
fn holds(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
