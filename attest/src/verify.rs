//! The whole way from evidence to answer, to be read from top to bottom.
//!
//! Which kind is it; what does that kind's judge say; is it the expected key, on the expected device; is it known to be
//! weak; is all that is required there. Only the judge of a kind can say *proven*; whatever comes later can take it back
//! (another key) or add an error (anything else).

use crate::{Certificate, Evidence, Finding, Judgement, Question, Report, Statement, Verdict};

/// Judges evidence.
pub fn verify(evidence: &Evidence, question: &Question) -> Report {
    let judgement = judge(evidence, question);
    Report::new(judgement, question.at)
}

/// The judge of the evidence's kind speaks. JSON documents (`Evidence::documents`) name their format, and with it their
/// judge; certificates are told by their extensions.
fn judge(evidence: &Evidence, _question: &Question) -> Judgement {
    no_attestation(evidence.certificates.first())
}

/// Well-formed, and nobody's statement of where a key was born.
fn no_attestation(certificate: Option<&Certificate>) -> Judgement {
    let message = "No attestation of a kind that is known here is in the evidence.";
    Judgement {
        verdict: Verdict::Unattested,
        statement: Statement::of(None, certificate.map(|certificate| certificate.key().clone())),
        root: None,
        findings: vec![Finding::error("no-attestation", message)],
    }
}
