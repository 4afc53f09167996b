//! What follows from a device's words on a key and the path that its certificate has, for both kinds of device.

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

/// Path first, then the words: a word that cannot be read contradicts, whoever signed it.
pub(super) fn conclude(
    leaf: &Certificate,
    words: Words,
    search: &Search<'_>,
    more: impl Fn(&Path<'_>) -> Vec<Finding>,
) -> Judgement {
    let Words { statement, faults: mut findings } = words;
    let readable = findings.is_empty();
    match path::find(leaf, search) {
        Ok(path) => {
            let said = more(&path);
            let agrees = said.iter().all(|finding| finding.level != crate::Level::Error);
            findings.extend(said);
            findings.extend(path.deviations.iter().map(path::Deviation::finding));
            let verdict = if readable && agrees { Verdict::Proven } else { Verdict::Contradicted };
            Judgement { verdict, statement, root: Some(path.anchor.root_name()), findings }
        }
        Err(broken) => Judgement {
            verdict: worse(&broken, readable),
            statement,
            root: None,
            findings: with(findings, &broken),
        },
    }
}

fn worse(broken: &Broken, readable: bool) -> Verdict {
    if readable { broken.verdict() } else { Verdict::Contradicted }
}

fn with(mut findings: Vec<Finding>, broken: &Broken) -> Vec<Finding> {
    findings.push(Finding::error(broken.code(), format!("{broken}.")));
    findings
}
