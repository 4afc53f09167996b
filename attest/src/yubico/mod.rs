//! What Yubico's devices sign of a key: YubiKeys in their PIV application, and the YubiHSM 2.
//!
//! Each device has a certificate of its own (F9 on a YubiKey) that Yubico issued, and with its key the device signs a
//! certificate of the key that it attests. Everything that it says is in extensions below one identifier.

#[cfg(test)]
mod damage;
mod extension;
pub(crate) mod hsm;
pub(crate) mod piv;
mod product;
#[cfg(test)]
pub(crate) mod tests;

use crate::path::{self, Broken, Path, Search};
use crate::{Certificate, Finding, Judgement, Kind, Statement, Verdict};

pub(crate) use extension::REQUEST_CARRIES;

const VENDOR: &str = "Yubico";

/// Whether a certificate is a device's word on a key, and of which kind.
pub(crate) fn kind_of(certificate: &Certificate) -> Option<Kind> {
    if piv::is_leaf(certificate) {
        return Some(Kind::YubikeyPiv);
    }
    hsm::is_leaf(certificate).then_some(Kind::Yubihsm2)
}

/// What a device says of a key, and what of it cannot be read.
struct Words {
    statement: Statement,
    faults: Vec<Finding>,
}

/// A device's certificate among the evidence, where there is none of the name that the leaf says it was signed by: one of
/// another device, or of the other generation.
fn stranger<'a>(
    leaf: &Certificate,
    search: &Search<'a>,
    is_device: fn(&Certificate) -> bool,
) -> Option<&'a Certificate> {
    let named = search.pool.iter().any(|candidate| leaf.names_as_issuer(candidate));
    search.pool.iter().find(|candidate| !named && is_device(candidate))
}

fn contradicted(words: Words, other: &Certificate) -> Judgement {
    let Words { statement, faults: mut findings } = words;
    let message = format!(
        "\"{}\" among the evidence did not sign the key's certificate, which names another issuer.",
        other.name()
    );
    findings.push(Finding::error("foreign-device", message));
    Judgement { verdict: Verdict::Contradicted, statement, root: None, findings }
}

/// Path first, then the words: a word that cannot be read contradicts, whoever signed it.
fn conclude(
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
