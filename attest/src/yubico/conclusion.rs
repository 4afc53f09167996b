//! What follows from a device's words on a key and the path that its certificate has, for both kinds of device.

use super::extension::UNKNOWN;
use crate::path::{self, Broken, Path, Search};
use crate::{Certificate, Finding, Judgement, Named, Statement, Verdict};

pub(super) const VENDOR: &str = "Yubico";

/// What a device says of a key, and what of it cannot be read.
pub(super) struct Words {
    pub(super) statement: Statement,
    pub(super) faults: Vec<Finding>,
}

/// A device's certificate among the evidence, where there is none of the name that the leaf says it was signed by: one of
/// another device, or of the other generation.
pub(super) fn stranger<'a>(
    leaf: &Certificate,
    search: &Search<'a>,
    is_device: fn(&Certificate) -> bool,
) -> Option<&'a Certificate> {
    let named = search.pool.iter().any(|candidate| leaf.names_as_issuer(candidate));
    search.pool.iter().find(|candidate| !named && is_device(candidate))
}

pub(super) fn contradicted(words: Words, other: &Certificate) -> Judgement {
    let Words { statement, faults: mut findings } = words;
    let message = format!(
        "{} among the evidence did not sign the key's certificate, which names another issuer.",
        Named(other.name())
    );
    findings.push(Finding::error("foreign-device", message));
    Judgement { verdict: Verdict::Contradicted, statement, root: None, findings }
}

/// Path first, then the words: one that cannot be read contradicts, whoever signed it, and one that is not known here leaves
/// the key unattested.
pub(super) fn conclude(
    leaf: &Certificate,
    words: Words,
    search: &Search<'_>,
    more: impl Fn(&Path<'_>) -> Vec<Finding>,
) -> Judgement {
    let Words { statement, faults: mut findings } = words;
    let read = as_read(&findings);
    match path::find(leaf, search) {
        Ok(path) => {
            let said = more(&path);
            let agrees = said.iter().all(|finding| finding.level != crate::Level::Error);
            findings.extend(said);
            findings.extend(path.deviations.iter().map(path::Deviation::finding));
            let verdict = if agrees { read } else { Verdict::Contradicted };
            let root = (verdict == Verdict::Proven).then(|| path.anchor.root_name());
            Judgement { verdict, statement, root, findings }
        }
        Err(broken) => Judgement {
            verdict: read.worse(broken.verdict()),
            statement,
            root: None,
            findings: with(findings, &broken),
        },
    }
}

/// What the words are worth at best.
fn as_read(faults: &[Finding]) -> Verdict {
    match faults.iter().find(|fault| fault.code != UNKNOWN) {
        Some(_) => Verdict::Contradicted,
        None if faults.is_empty() => Verdict::Proven,
        None => Verdict::Unattested,
    }
}

fn with(mut findings: Vec<Finding>, broken: &Broken) -> Vec<Finding> {
    findings.push(Finding::error(broken.code(), format!("{broken}.")));
    findings
}
