//! Whether the evidence agrees with itself, on the path and beside it.
//!
//! A certificate that bears an anchor's name and is not it, or one that nobody at hand of its issuer's name signed, has
//! no innocent place in evidence: it was damaged, or somebody meant it to be taken for another. No path needs it, so this
//! can only make a verdict worse.

use crate::{
    Anchor, Certificate, Evidence, Finding, Judgement, MAX_CERTIFICATES, Named, Question, SignatureFault,
    Verdict,
};

/// The most signatures that are verified here: by three keys of its issuer's name for each certificate.
const MAX_SIGNATURES: usize = 3 * MAX_CERTIFICATES;

/// Contradicts evidence that disagrees with itself.
pub(crate) fn check(judgement: &mut Judgement, evidence: &Evidence, question: &Question) {
    let anchors: Vec<&Anchor> = crate::anchors().iter().chain(&question.roots).collect();
    let pool = evidence.pool(question);
    for root in given_imitators(question) {
        contradict(judgement, root);
    }
    let mut budget = MAX_SIGNATURES;
    for certificate in evidence.all() {
        let fault = imitates(certificate, &anchors)
            .or_else(|| disagrees(certificate, &issuers(certificate, &anchors, &pool), &mut budget));
        if let Some(finding) = fault {
            contradict(judgement, finding);
        }
    }
}

fn contradict(judgement: &mut Judgement, finding: Finding) {
    judgement.verdict = Verdict::Contradicted;
    judgement.root = None;
    if !judgement.findings.contains(&finding) {
        judgement.findings.push(finding);
    }
}

/// A root that was given and bears the name of one that is known by heart is not what whoever gave it takes it for.
fn given_imitators(question: &Question) -> Vec<Finding> {
    let pinned: Vec<&Anchor> = crate::anchors().iter().collect();
    let given = question.roots.iter().filter_map(|root| root.certificate(&[]));
    given.filter_map(|certificate| imitates(certificate, &pinned)).collect()
}

fn imitates(certificate: &Certificate, anchors: &[&Anchor]) -> Option<Finding> {
    let known = anchors.iter().any(|anchor| anchor.sha256() == certificate.sha256());
    let imitated = !known && anchors.iter().any(|anchor| anchor.is_imitated_by(certificate));
    let (name, sha256) = (certificate.name(), certificate.sha256());
    imitated.then(|| {
        let message =
            format!("{} (SHA-256 {sha256}) bears the name of an anchor and is not that anchor.", Named(name));
        Finding::error("lookalike-root", message)
    })
}

fn issuers<'a>(of: &Certificate, anchors: &[&'a Anchor], pool: &'a [Certificate]) -> Vec<&'a Certificate> {
    let held = anchors.iter().filter_map(|anchor| anchor.certificate(pool));
    held.chain(pool).filter(|candidate| of.names_as_issuer(candidate)).collect()
}

fn disagrees(certificate: &Certificate, issuers: &[&Certificate], budget: &mut usize) -> Option<Finding> {
    if issuers.is_empty() {
        return None;
    }
    for issuer in issuers {
        if *budget == 0 {
            return Some(Finding::error(
                "path-too-long",
                format!(
                    "The evidence has more than {MAX_SIGNATURES} signatures to verify beside the path; give fewer certificates."
                ),
            ));
        }
        *budget -= 1;
        if certificate.verify(issuer.key()) != Err(SignatureFault::Bad) {
            return None;
        }
    }
    let (of, by) = (certificate.name(), certificate.issuer_name());
    Some(Finding::error("signature-mismatch", crate::path::Broken::Signature { of, by }.to_string() + "."))
}

#[cfg(test)]
mod tests;
