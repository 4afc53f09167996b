//! Evidence of a LiquidSecurity HSM: a statement, and the certificates of its card and partition.

use std::sync::LazyLock;

use attest::{HsmStatement, Report};

use crate::yubico::body;
use crate::{MARK, QUESTION, certificates, holds, said};

/// The same file is a seed.
const FILE: &[u8] = include_bytes!("../seeds/liquidsecurity/bare");
/// How many of its certificates the maker's chain has, its root aside; the owner's proves nothing.
const MAKERS: usize = 2;

/// Genuine evidence.
pub struct HsmPiece {
    statement: HsmStatement,
    said: Report,
    signed: Vec<Vec<u8>>,
}

/// The genuine one.
pub fn hsm() -> &'static HsmPiece {
    static GENUINE: LazyLock<HsmPiece> = LazyLock::new(HsmPiece::genuine);
    &GENUINE
}

impl HsmPiece {
    fn genuine() -> Self {
        let (statement, chain) = halves(FILE).expect("a statement and certificates");
        let mut evidence = attest::Evidence::new();
        evidence
            .add(statement)
            .and_then(|()| evidence.add_intermediates(chain))
            .expect("genuine evidence parses");
        let report = attest::verify(&evidence, &QUESTION);
        assert!(report.is_yes(), "what should be genuine is not proven: {report:?}");
        let signed = certificates(chain).into_iter().take(MAKERS).map(|one| body(one.der()).expect("a body"));
        let statement = HsmStatement::parse(statement).expect("a statement");
        Self { statement, said: said(&report), signed: signed.collect() }
    }

    /// Whether a report says the same.
    pub fn says(&self, said: &Report) -> bool {
        self.said == *said
    }

    /// Whether the statement and all that was signed for its maker's chain are in a file.
    pub fn is_in(&self, statement: &[u8], chain: &[u8]) -> bool {
        let all = certificates(chain);
        HsmStatement::parse(statement).is_ok_and(|other| other == self.statement)
            && self.signed.iter().all(|body| all.iter().any(|one| holds(one.der(), body)))
    }
}

/// Statement and certificates.
pub fn halves(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = file.windows(MARK.len()).position(|window| window == MARK)?;
    Some((&file[..at], &file[at + MARK.len()..]))
}
