//! What the targets of evidence share: genuine evidence, made in attest's tests or recorded from swtpm, and what it says.
//!
//! The oracle: whoever has no maker's key can only repeat what a maker signed. So whatever a target finds proven must say
//! what a genuine piece says, word for word, and hold the very bytes that were signed for it.

mod liquidsecurity;
mod tpm;
mod yubico;

use std::sync::LazyLock;

use attest::tpm::Answer;
use attest::{Anchor, Evidence, Question, Report, Timestamp, Verdict};

pub use liquidsecurity::{HsmPiece, halves, hsm};
pub use tpm::{TpmPiece, recorded};
pub use yubico::{Chain, certificates, chains};

/// When all genuine evidence holds.
const AT: &str = "2026-11-25T00:00:00Z";

/// Between the parts of an input; the same as where attest's tests make the seeds.
pub const MARK: &[u8] = b"\n====\n";

/// The roots of all genuine evidence, in PEM or DER.
const ROOTS: [&[u8]; 4] = [
    include_bytes!("../genuine/yubico-roots"),
    include_bytes!("../genuine/liquidsecurity-roots"),
    include_bytes!("../../attest/tests/tpm/swtpm-root.pem"),
    include_bytes!("../../attest/tests/tpm/creation-root.pem"),
];

/// The auditor's halves of the challenges that the TPMs answered.
const ANSWERS: [&[u8]; 3] = [
    include_bytes!("../../attest/tests/tpm/rsa.answer.json"),
    include_bytes!("../../attest/tests/tpm/ecc.answer.json"),
    include_bytes!("../../attest/tests/tpm/creation.answer.json"),
];

/// Whether evidence holds under the roots of the genuine one alone, and answers these challenges.
pub static QUESTION: LazyLock<Question> = LazyLock::new(|| {
    let at: Timestamp = AT.parse().expect("a time");
    let roots = ROOTS.iter().flat_map(|file| Anchor::given(file).expect("roots")).collect();
    let answers = ANSWERS.iter().map(|file| Answer::from_json(file).expect("an answer")).collect();
    Question { roots, answers, ..Question::at(at) }
});

/// All that the evidence says, without the reasons.
pub fn said(report: &Report) -> Report {
    Report { findings: Vec::new(), ..report.clone() }
}

/// What a genuine piece says.
fn proven(file: &[u8]) -> Report {
    let mut evidence = Evidence::new();
    evidence.add(file).expect("genuine evidence parses");
    let report = attest::verify(&evidence, &QUESTION);
    assert!(report.verdict == Verdict::Proven, "what should be genuine is not proven: {report:?}");
    said(&report)
}

/// Whether `part` stands in `whole`, unchanged.
fn holds(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
