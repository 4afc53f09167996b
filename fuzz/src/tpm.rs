//! Evidence of TPMs, recorded from swtpm, each with the answer to the challenge that it was made for.

use std::sync::LazyLock;

use attest::tpm::{Answer, Public, TpmEvidence};
use attest::{Question, Report};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::{QUESTION, proven};

/// Evidence, and the auditor's half of its challenge: RSA, P-384, and P-256 with how it was made.
const FILES: [[&[u8]; 2]; 3] = [
    [
        include_bytes!("../../attest/tests/tpm/rsa.json"),
        include_bytes!("../../attest/tests/tpm/rsa.answer.json"),
    ],
    [
        include_bytes!("../../attest/tests/tpm/ecc.json"),
        include_bytes!("../../attest/tests/tpm/ecc.answer.json"),
    ],
    [
        include_bytes!("../../attest/tests/tpm/creation.json"),
        include_bytes!("../../attest/tests/tpm/creation.answer.json"),
    ],
];

/// A genuine piece of evidence.
pub struct TpmPiece {
    /// Whether it holds, asked by the auditor who made the challenge.
    pub question: Question,
    evidence: TpmEvidence,
    attestation_key: Public,
    said: Report,
}

/// All of them.
pub fn recorded() -> &'static [TpmPiece] {
    static ALL: LazyLock<Vec<TpmPiece>> = LazyLock::new(|| FILES.iter().map(TpmPiece::of).collect());
    &ALL
}

impl TpmPiece {
    fn of([evidence, answer]: &[&[u8]; 2]) -> Self {
        let answer = Answer::from_json(answer).expect("an answer");
        let question = Question { answers: vec![answer], ..QUESTION.clone() };
        let said = proven(evidence, &question);
        let evidence = TpmEvidence::from_json(evidence).expect("evidence");
        let key = STANDARD.decode(&evidence.ak_public).expect("base64");
        let attestation_key = Public::parse(&key).expect("an attestation key");
        Self { question, evidence, attestation_key, said }
    }

    /// Whether a report says the same.
    pub fn says(&self, said: &Report) -> bool {
        self.said == *said
    }

    /// The key that signed it.
    pub fn attestation_key(&self) -> &Public {
        &self.attestation_key
    }

    /// Whether other evidence has the very bytes that were signed, named or sealed to in this one. Signatures may differ:
    /// those of ECDSA can be written in two ways. How the key was made may be left out.
    pub fn is_in(&self, other: &TpmEvidence) -> bool {
        let signed = |it: &TpmEvidence| {
            [&it.ak_public, &it.key_public, &it.statement].map(|text| STANDARD.decode(text))
        };
        let made_so = match (&self.evidence.creation_data, &other.creation_data) {
            (Some(_), Some(_)) => self.evidence.creation_data == other.creation_data,
            _ => true,
        };
        made_so && signed(&self.evidence) == signed(other) && self.evidence.activated == other.activated
    }
}
