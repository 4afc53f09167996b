//! Which piece of the evidence speaks of the key: a document, an HSM's statement, or the key's own
//! certificate.

use crate::tpm::{self, TpmEvidence};
use crate::{
    Certificate, Document, Evidence, HsmStatement, Kind, PublicKey, Question, Request, bundle, yubico,
};

/// The piece that speaks of the key, if there is one.
#[derive(Clone)]
pub(crate) enum Leaf<'a> {
    /// A document, whose format names the judge.
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

/// A piece, and the key that it speaks of; none where that cannot be read, and of a bundle.
type Attested<'a> = (Leaf<'a>, Option<PublicKey>);

/// The one attested key, or the one among several that the question names. What the evidence names itself chooses none: it
/// would leave the others unjudged.
pub(crate) fn choose<'a>(evidence: &'a Evidence, question: &Question) -> Leaf<'a> {
    let mut found = attested(evidence);
    if let Some((of_no_key, _)) = found.iter().find(|(_, key)| key.is_none()) {
        return of_no_key.clone();
    }
    let is_attested = !found.is_empty();
    if found.len() > 1 && question.key.is_some() {
        found.retain(|(_, key)| *key == question.key);
    }
    match found[..] {
        [] if is_attested => Leaf::Others,
        [] => Leaf::None(only_key(evidence)),
        [(ref leaf, _)] => leaf.clone(),
        [(_, ref key), ref others @ ..] if others.iter().all(|(_, other)| other == key) => {
            Leaf::Same(found.into_iter().map(|(leaf, _)| leaf).collect())
        }
        _ => Leaf::Many,
    }
}

/// The evidence of each key, where it is of several and the question names none. What is no key's own may be on any path.
pub(crate) fn each(evidence: &Evidence, question: &Question) -> Vec<Evidence> {
    let is_bundle = |document: &Document| document.format == bundle::BUNDLE;
    if question.key.is_some() || evidence.documents.iter().any(is_bundle) {
        return Vec::new();
    }
    let found = attested(evidence);
    let mut keys: Vec<&PublicKey> = Vec::new();
    for key in found.iter().filter_map(|(_, key)| key.as_ref()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let own = |certificate: &&Certificate| yubico::kind_of(certificate).is_some();
    let others = evidence.subjects().filter(|one| !own(one)).chain(&evidence.intermediates);
    let shared = Evidence { intermediates: others.cloned().collect(), ..Evidence::new() };
    let of_key = |key: &PublicKey| Evidence {
        certificates: evidence.subjects().filter(own).filter(|one| one.key() == key).cloned().collect(),
        statements: evidence.statements.iter().filter(|one| one.key() == key).cloned().collect(),
        documents: documents(&found, Some(key)).cloned().collect(),
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
    keys.into_iter().map(of_key).chain(documents(&found, None).map(of_document)).collect()
}

fn documents<'a>(found: &[Attested<'a>], of: Option<&PublicKey>) -> impl Iterator<Item = &'a Document> {
    found.iter().filter_map(move |(leaf, key)| match leaf {
        Leaf::Document(document) if key.as_ref() == of => Some(*document),
        _ => None,
    })
}

/// Every piece in which a device speaks of a key, copies aside, and that key.
fn attested(evidence: &Evidence) -> Vec<Attested<'_>> {
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
    let mut documents: Vec<&Document> = Vec::new();
    for document in &evidence.documents {
        if !documents.iter().any(|known| known.bytes == document.bytes) {
            documents.push(document);
        }
    }
    let certificates =
        certificates.into_iter().map(|(leaf, kind)| (Leaf::One(leaf, kind), Some(leaf.key().clone())));
    let statements = statements.into_iter().map(|one| (Leaf::Statement(one), Some(one.key().clone())));
    let documents = documents.into_iter().map(|one| (Leaf::Document(one), of_document(one)));
    certificates.chain(statements).chain(documents).collect()
}

fn of_document(document: &Document) -> Option<PublicKey> {
    (document.format == tpm::EVIDENCE).then(|| TpmEvidence::from_json(&document.bytes).ok()?.key()).flatten()
}

fn carries(request: &Request, key: &PublicKey) -> bool {
    request.carried().iter().any(|one| one.key() == key && yubico::kind_of(one).is_some())
}

/// Keys of requests, or bare, that no piece of the evidence attests.
pub(crate) fn unattested(evidence: &Evidence) -> Vec<&PublicKey> {
    let found = attested(evidence);
    evidence.named_keys().filter(|named| !found.iter().any(|(_, key)| key.as_ref() == Some(named))).collect()
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
