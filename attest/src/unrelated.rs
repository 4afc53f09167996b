//! Certificates that have no part in what the evidence attests: given by mistake, or for another key.
//!
//! They change no answer. Whoever gave them should know that they were of no use, since what is missing may be what they
//! were taken for.

use crate::{Certificate, Evidence, Finding, Named, PublicKey, anchors, yubico};

/// A finding for each certificate that is no device's word on a key, on no way up from one, and no anchor. What was given to
/// complete paths (`--intermediate`) may be more than is needed.
pub(crate) fn certificates(evidence: &Evidence) -> Vec<Finding> {
    let words = evidence.subjects().filter(|one| yubico::kind_of(one).is_some());
    let mut related: Vec<&Certificate> = words.collect();
    if related.is_empty() {
        return Vec::new();
    }
    let mut at = 0;
    while let Some(below) = related.get(at).copied() {
        let above = evidence.all().filter(|one| below.names_as_issuer(one));
        let new: Vec<_> = above.filter(|one| !related.iter().any(|known| known.der() == one.der())).collect();
        related.extend(new);
        at += 1;
    }
    // A certificate of an attested key, as customers have it, is what the evidence is for.
    let attested: Vec<&PublicKey> = related.iter().map(|one| one.key()).collect();
    let is_known = |one: &Certificate| anchors().iter().any(|anchor| anchor.sha256() == one.sha256());
    let strange = |one: &&Certificate| {
        !attested.contains(&one.key())
            && !is_known(one)
            && !related.iter().any(|known| known.der() == one.der())
    };
    evidence.certificates.iter().filter(strange).map(finding).collect()
}

fn finding(certificate: &Certificate) -> Finding {
    let (name, sha256) = (Named(certificate.name()), certificate.sha256());
    let message = format!("{name} (SHA-256 {sha256}) is on no path from an attested key: it was not used.");
    Finding::info("unrelated-certificate", message)
}
