//! Which piece of the evidence speaks of the key: a document, an HSM's statement, or the key's own
//! certificate.

use crate::{
    Certificate, Document, Evidence, HsmStatement, Kind, PublicKey, Question, Request, bundle, yubico,
};

/// The piece that speaks of the key, if there is one.
#[derive(Clone)]
pub(crate) enum Leaf<'a> {
    /// None: this document speaks of the key, and its format names the judge.
    Document(&'a Document),
    /// An HSM's statement.
    Statement(&'a HsmStatement),
    /// This one.
    One(&'a Certificate, Kind),
    /// None; the evidence's only key, if it is of one key.
    None(Option<PublicKey>),
    /// Several pieces, all of one key.
    Same(Vec<Leaf<'a>>),
    /// Several keys are attested.
    Many,
    /// Several keys are attested, and none of them is the one that is asked for.
    Others,
}

/// The one attested key, or the one among several that the question names.
pub(crate) fn choose<'a>(evidence: &'a Evidence, question: &Question) -> Leaf<'a> {
    let mut found = attested(evidence);
    let is_attested = !found.is_empty();
    if found.len() > 1
        && let Some(wanted) = wanted(evidence, question)
    {
        found.retain(|(_, key)| *key == wanted);
    }
    match found[..] {
        [] if evidence.documents.len() == 1 => Leaf::Document(&evidence.documents[0]),
        _ if !evidence.documents.is_empty() => Leaf::Many,
        [] if is_attested => Leaf::Others,
        [] => Leaf::None(only_key(evidence)),
        [(ref leaf, _)] => leaf.clone(),
        [(_, key), ref others @ ..] if others.iter().all(|(_, other)| *other == key) => {
            Leaf::Same(found.into_iter().map(|(leaf, _)| leaf).collect())
        }
        _ => Leaf::Many,
    }
}

/// The evidence of each key, where it is of several and the question names none. What is no key's own may be on any path.
pub(crate) fn each(evidence: &Evidence, question: &Question) -> Vec<Evidence> {
    let is_bundle = |document: &Document| document.format == bundle::BUNDLE;
    if wanted(evidence, question).is_some() || evidence.documents.iter().any(is_bundle) {
        return Vec::new();
    }
    let found = attested(evidence);
    let mut keys: Vec<&PublicKey> = Vec::new();
    for (_, key) in &found {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    let own = |certificate: &&Certificate| yubico::kind_of(certificate).is_some();
    let others = evidence.subjects().filter(|one| !own(one)).chain(&evidence.intermediates);
    let shared = Evidence { intermediates: others.cloned().collect(), ..Evidence::new() };
    let of_key = |key: &PublicKey| Evidence {
        certificates: evidence.subjects().filter(own).filter(|one| one.key() == key).cloned().collect(),
        statements: evidence.statements.iter().filter(|one| one.key() == key).cloned().collect(),
        // One that carries the attestation of another key than its own contradicts, so it goes where that is judged.
        requests: evidence
            .requests
            .iter()
            .filter(|one| one.key() == key || carries(one, key))
            .cloned()
            .collect(),
        keys: evidence.keys.iter().filter(|named| *named == key).cloned().collect(),
        ..shared.clone()
    };
    let of_document = |document: &Document| Evidence { documents: vec![document.clone()], ..shared.clone() };
    let documents = evidence.documents.iter().map(of_document);
    keys.into_iter().map(of_key).chain(documents).collect()
}

/// Every piece in which a device speaks of a key, copies aside, and that key.
fn attested(evidence: &Evidence) -> Vec<(Leaf<'_>, &PublicKey)> {
    let mut certificates: Vec<(&Certificate, Kind)> = Vec::new();
    for certificate in evidence.subjects() {
        if let Some(kind) = yubico::kind_of(certificate)
            && !certificates.iter().any(|(known, _)| known.der() == certificate.der())
        {
            certificates.push((certificate, kind));
        }
    }
    let mut statements: Vec<&HsmStatement> = Vec::new();
    for statement in &evidence.statements {
        if !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    let certificates = certificates.into_iter().map(|(leaf, kind)| (Leaf::One(leaf, kind), leaf.key()));
    certificates.chain(statements.into_iter().map(|one| (Leaf::Statement(one), one.key()))).collect()
}

fn carries(request: &Request, key: &PublicKey) -> bool {
    request.carried().iter().any(|one| one.key() == key && yubico::kind_of(one).is_some())
}

/// Keys of requests, or bare, that no piece of the evidence attests.
pub(crate) fn unattested(evidence: &Evidence) -> Vec<&PublicKey> {
    let found = attested(evidence);
    evidence.named_keys().filter(|named| !found.iter().any(|(_, key)| key == named)).collect()
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
