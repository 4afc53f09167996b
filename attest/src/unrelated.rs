//! Certificates that have no part in what the evidence attests: given by mistake, or for another key.
//!
//! They change no answer. Whoever gave them should know that they were of no use, since what is missing may be what they
//! were taken for.

use std::collections::HashSet;

use crate::{Certificate, Evidence, Finding, Named, PublicKey, Sha256, anchors, liquidsecurity, tpm, yubico};

/// A finding for each certificate that is no device's word on a key, on no way up from one, and no anchor. What was given to
/// complete paths (`--intermediate`) may be more than is needed.
pub(crate) fn certificates(evidence: &Evidence) -> Vec<Finding> {
    let of_tpms = tpm::brought(&evidence.documents);
    let all: Vec<&Certificate> =
        evidence.all().chain(of_tpms.iter().flat_map(|tpm| &tpm.certificates)).collect();
    let mut begins: Vec<&Certificate> =
        evidence.subjects().filter(|one| yubico::kind_of(one).is_some()).collect();
    begins.extend(of_tpms.iter().filter_map(|tpm| tpm.certificates.first()));
    begins.extend(evidence.statements.iter().flat_map(|one| liquidsecurity::certified(one, &all)));
    if begins.is_empty() {
        return Vec::new();
    }
    let related = above(begins, &all);
    // A certificate of an attested key, as customers have it, is what the evidence is for.
    let mut attested: HashSet<&[u8]> = evidence.statements.iter().map(|one| one.key().spki()).collect();
    attested.extend(of_tpms.iter().filter_map(|tpm| tpm.key.as_ref()).map(PublicKey::spki));
    attested.extend(all.iter().filter(|one| related.contains(&one.sha256())).map(|one| one.key().spki()));
    let is_known = |one: &Certificate| anchors().iter().any(|anchor| anchor.sha256() == one.sha256());
    let strange = |one: &&Certificate| {
        !attested.contains(one.key().spki()) && !is_known(one) && !related.contains(&one.sha256())
    };
    let brought = of_tpms.iter().flat_map(|tpm| &tpm.certificates);
    let mut told = HashSet::new();
    let is_new = |one: &&Certificate| told.insert(one.sha256());
    evidence.certificates.iter().chain(brought).filter(strange).filter(is_new).map(finding).collect()
}

/// These, and who may have issued them, and so on up.
fn above(begins: Vec<&Certificate>, all: &[&Certificate]) -> HashSet<Sha256> {
    let (mut related, mut waiting) = (HashSet::new(), begins);
    while let Some(below) = waiting.pop() {
        if related.insert(below.sha256()) {
            waiting.extend(all.iter().filter(|one| below.names_as_issuer(one)));
        }
    }
    related
}

fn finding(certificate: &Certificate) -> Finding {
    let (name, sha256) = (Named(certificate.name()), certificate.sha256());
    let message = format!("{name} (SHA-256 {sha256}) is on no path from an attested key: it was not used.");
    Finding::info("unrelated-certificate", message)
}
