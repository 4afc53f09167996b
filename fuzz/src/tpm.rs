//! Evidence of TPMs, recorded from swtpm.

use std::sync::LazyLock;

use attest::Report;
use attest::tpm::{Public, TpmEvidence};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::proven;

/// RSA, P-384, and P-256 with how the key was made.
const FILES: [&[u8]; 3] = [
    include_bytes!("../../attest/tests/tpm/rsa.json"),
    include_bytes!("../../attest/tests/tpm/ecc.json"),
    include_bytes!("../../attest/tests/tpm/creation.json"),
];

/// A genuine piece of evidence.
pub struct TpmPiece {
    evidence: TpmEvidence,
    attestation_key: Public,
    said: Report,
}

/// All of them.
pub fn recorded() -> &'static [TpmPiece] {
    static ALL: LazyLock<Vec<TpmPiece>> =
        LazyLock::new(|| FILES.iter().map(|file| TpmPiece::of(file)).collect());
    &ALL
}

impl TpmPiece {
    fn of(file: &[u8]) -> Self {
        let evidence = TpmEvidence::from_json(file).expect("evidence");
        let key = STANDARD.decode(&evidence.ak_public).expect("base64");
        let attestation_key = Public::parse(&key).expect("an attestation key");
        Self { said: proven(file), evidence, attestation_key }
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
