//! Which piece of the evidence speaks of the key: a document, or the key's own certificate.

use crate::{Certificate, Document, Evidence, Kind, PublicKey, Question, yubico};

/// The piece that speaks of the key, if there is one.
pub(crate) enum Leaf<'a> {
    /// None: this document speaks of the key, and its format names the judge.
    Document(&'a Document),
    /// This one.
    One(&'a Certificate, Kind),
    /// None; the evidence's only key, if it is of one key.
    None(Option<PublicKey>),
    /// Several keys are attested.
    Many,
    /// Several keys are attested, and none of them is the one that is asked for.
    Others,
}

/// The one attested key, or the one among several that the question names.
pub(crate) fn choose<'a>(evidence: &'a Evidence, question: &Question) -> Leaf<'a> {
    let mut found: Vec<(&Certificate, Kind)> = Vec::new();
    for certificate in evidence.subjects() {
        if let Some(kind) = yubico::kind_of(certificate)
            && !found.iter().any(|(known, _)| known.der() == certificate.der())
        {
            found.push((certificate, kind));
        }
    }
    if found.len() > 1
        && let Some(key) = wanted(evidence, question)
    {
        found.retain(|(certificate, _)| certificate.key() == key);
    }
    match found[..] {
        [] if evidence.documents.len() == 1 => Leaf::Document(&evidence.documents[0]),
        _ if !evidence.documents.is_empty() => Leaf::Many,
        [] if evidence.subjects().any(|certificate| yubico::kind_of(certificate).is_some()) => Leaf::Others,
        [] => Leaf::None(only_key(evidence)),
        [(leaf, kind)] => Leaf::One(leaf, kind),
        _ => Leaf::Many,
    }
}

fn wanted<'a>(evidence: &'a Evidence, question: &'a Question) -> Option<&'a PublicKey> {
    question.key.as_ref().or_else(|| named(evidence))
}

/// The key of the one request, or the one bare key.
fn named(evidence: &Evidence) -> Option<&PublicKey> {
    let mut keys = evidence.named_keys();
    keys.next().filter(|key| keys.all(|other| other == *key))
}

/// The named one, or that of the one certificate that issued no other.
fn only_key(evidence: &Evidence) -> Option<PublicKey> {
    if let Some(key) = named(evidence) {
        return Some(key.clone());
    }
    let issued_none = |certificate: &&Certificate| {
        !evidence
            .certificates
            .iter()
            .any(|other| other.der() != certificate.der() && other.names_as_issuer(certificate))
    };
    let mut ends = evidence.certificates.iter().filter(issued_none);
    match (ends.next(), ends.next()) {
        (Some(end), None) => Some(end.key().clone()),
        _ => None,
    }
}
