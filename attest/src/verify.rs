//! The whole way from evidence to answer, to be read from top to bottom.
//!
//! Which kind is it; what does that kind's judge say; is it the expected key, on the expected device; is it known to be
//! weak; is all that is required there. Only the judge of a kind can say *proven*; whatever comes later can take it back
//! (another key) or add an error (anything else).

use crate::tpm::{self, TpmEvidence};
use crate::{Certificate, Evidence, Finding, Judgement, Question, Report, Statement, Verdict};

/// Judges evidence.
pub fn verify(evidence: &Evidence, question: &Question) -> Report {
    let judgement = judge(evidence, question);
    Report::new(judgement, question.at)
}

/// The judge of the evidence's kind speaks. JSON documents (`Evidence::documents`) name their format, and with it their
/// judge; certificates are told by their extensions.
fn judge(evidence: &Evidence, question: &Question) -> Judgement {
    if let Some(document) = evidence.documents.iter().find(|document| document.format == tpm::EVIDENCE) {
        let pool = [&evidence.certificates[..], &evidence.intermediates].concat();
        let judged = TpmEvidence::from_json(&document.bytes)
            .and_then(|evidence| tpm::judge(&evidence, &pool, question));
        return judged.unwrap_or_else(|unreadable| malformed(&unreadable.to_string()));
    }
    no_attestation(evidence.certificates.first())
}

/// Evidence of a known kind that does not parse.
fn malformed(why: &str) -> Judgement {
    Judgement {
        verdict: Verdict::Malformed,
        statement: Statement::of(None, None),
        root: None,
        findings: vec![Finding::error("malformed", format!("The evidence cannot be parsed: {why}."))],
    }
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
