//! The whole way from evidence to answer, to be read from top to bottom.
//!
//! Which kind is it; what does that kind's judge say; does the rest of the evidence agree; is it the
//! expected key, on the expected device; is it known to be weak; is all that is required there. Only the judge of a kind
//! can say *proven*. What comes later can take it back or add an error, and never the other way round.

use crate::leaf::{self, Leaf};
use crate::tpm::{self, TpmEvidence};
use crate::{
    Anchor, Certificate, Document, Evidence, Finding, HsmStatement, Judgement, Kind, Named, Question, Report,
    Role, Statement, Verdict, agreement, ask, bundle, liquidsecurity, several, unrelated, weakness, yubico,
};

/// Judges evidence of one key. A bundle has several: `answer` takes both.
pub fn verify(evidence: &Evidence, question: &Question) -> Report {
    let mut judgement = judge(leaf::choose(evidence, question), evidence, question);
    if !judgement.root.as_ref().is_some_and(|root| root.given) {
        judgement.findings.extend(no_roots(question));
    }
    judgement.findings.extend(unrelated::certificates(evidence));
    agreement::check(&mut judgement, evidence, question);
    ask::same_key(&mut judgement, evidence, question);
    weakness::warn(&mut judgement, evidence, question);
    ask::requirements(&mut judgement, question);
    Report::new(judgement, question)
}

/// The judge of the evidence's kind speaks. JSON documents (`Evidence::documents`) name their format, and with it their
/// judge; certificates are told by their extensions.
fn judge(leaf: Leaf<'_>, evidence: &Evidence, question: &Question) -> Judgement {
    match leaf {
        Leaf::Document(document) if document.format == bundle::BUNDLE => {
            let message = "A bundle is answered key by key, and alone: give nothing beside it but certificates of \
                           issuers, and name a key of it with --key.";
            unattested(Statement::of(None, None), Finding::error("bundle-not-alone", message))
        }
        Leaf::Document(document) => by_tpm(document, evidence, question),
        Leaf::Statement(statement) => by_hsm(statement, evidence, question),
        Leaf::One(leaf, kind) => by_certificate(leaf, kind, evidence, question),
        Leaf::None(key) => {
            let message = "There is no attestation of a known kind in the evidence: nothing says where the key was born.";
            unattested(Statement::of(None, key), Finding::error("no-attestation", message))
        }
        Leaf::Others => {
            let message = "The evidence attests several keys, and none of them is the one that is asked for.";
            let finding = Finding::error("key-mismatch", message);
            Judgement { verdict: Verdict::Contradicted, ..unattested(Statement::of(None, None), finding) }
        }
        Leaf::Same(leaves) => {
            let judged = leaves.into_iter().map(|leaf| judge(leaf, evidence, question)).collect();
            several::best(judged, question).unwrap_or_else(|| judge(Leaf::None(None), evidence, question))
        }
        Leaf::Many => {
            let message = "The evidence attests several keys. Give that of one, or name the key with --key.";
            unattested(Statement::of(None, None), Finding::error("more-than-one-key", message))
        }
    }
}

/// Whoever gives a root expects paths to end there; where one does, others may be in its file.
fn no_roots(question: &Question) -> Vec<Finding> {
    let between =
        question.roots.iter().filter(|root| root.role() == Role::Intermediate && root.kinds().is_empty());
    let finding = |root: &Anchor| {
        let message = format!(
            "{} was given with --root and is none, since another issued it: it only helps to complete a path, as with \
             --intermediate.",
            Named(root.name())
        );
        Finding::warning("not-a-root", message)
    };
    between.map(finding).collect()
}

fn by_tpm(document: &Document, evidence: &Evidence, question: &Question) -> Judgement {
    let pool = evidence.pool(question);
    let judged =
        TpmEvidence::from_json(&document.bytes).and_then(|evidence| tpm::judge(&evidence, &pool, question));
    judged.unwrap_or_else(|unreadable| {
        let statement = Statement::of(None, None);
        if unreadable.is_unsupported() {
            let message = format!("The evidence cannot be judged here: {unreadable}.");
            return unattested(statement, Finding::error("unsupported", message));
        }
        let finding = Finding::error("malformed", format!("The evidence cannot be parsed: {unreadable}."));
        Judgement { verdict: Verdict::Malformed, ..unattested(statement, finding) }
    })
}

fn by_certificate(leaf: &Certificate, kind: Kind, evidence: &Evidence, question: &Question) -> Judgement {
    let pool = evidence.pool(question);
    let anchors: Vec<Anchor> =
        anchors(question).into_iter().filter(|anchor| anchor.vouches_for(kind)).collect();
    let mut judgement = match kind {
        Kind::Yubihsm2 => yubico::hsm::judge(leaf, &pool, &anchors, question),
        _ => yubico::piv::judge(leaf, &pool, &anchors, question),
    };
    say_given(&mut judgement);
    judgement
}

fn by_hsm(statement: &HsmStatement, evidence: &Evidence, question: &Question) -> Judgement {
    let (pool, anchors) = (evidence.pool(question), anchors(question));
    let mut judgement = liquidsecurity::judge(statement, &pool, &anchors, question);
    say_given(&mut judgement);
    judgement
}

/// The answer says where it rests on a root that was given.
fn say_given(judgement: &mut Judgement) {
    if let Some(root) = judgement.root.clone().filter(|root| root.given) {
        // No maker that is known here says that the device is his.
        judgement.statement.vendor = None;
        let message = format!(
            "The path ends at {}, which you gave with --root; it is not trusted here by itself.",
            Named(&root.name)
        );
        judgement.findings.push(Finding::warning("given-root", message));
    }
}

/// Those that are known by heart, then those that were given and are not among them.
fn anchors(question: &Question) -> Vec<Anchor> {
    let mut anchors = crate::anchors().to_vec();
    for given in &question.roots {
        if !anchors.iter().any(|known| known.sha256() == given.sha256()) {
            anchors.push(given.clone());
        }
    }
    anchors
}

fn unattested(statement: Statement, finding: Finding) -> Judgement {
    Judgement { verdict: Verdict::Unattested, statement, root: None, findings: vec![finding] }
}
