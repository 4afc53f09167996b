//! A YubiHSM 2: a certificate of an asymmetric key, signed by the device's attestation key.
//!
//! It says of every key how it came into the device and what it may do there; imported and exportable keys are attested
//! too, so a valid path alone does not say that a key was born in the device. The report does.

mod capability;
mod profile;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use super::conclusion::{conclude, contradicted, stranger};
use super::extension::{HSM_ORIGIN, HSM_SERIAL, unsigned};

use crate::path::{Path, Search};
use crate::{Anchor, Certificate, Finding, Judgement, Question};

/// Whether it is a device's word on a key: by its origin, or by its name, so that no change of one hides it.
pub(super) fn is_leaf(certificate: &Certificate) -> bool {
    certificate.extension(HSM_ORIGIN).is_some()
        || certificate.common_name().is_some_and(|name| name.starts_with(words::SUBJECT))
}

/// Whether it may be a device's own certificate.
fn is_device(certificate: &Certificate) -> bool {
    certificate.name().starts_with(profile::DEVICE)
}

/// Judges a key's certificate.
pub(crate) fn judge(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &[Anchor],
    question: &Question,
) -> Judgement {
    let search = Search { pool, anchors, at: question.at, profile: &profile::Hsm };
    if let Some(other) = stranger(leaf, &search, is_device) {
        return contradicted(words::read(leaf), other);
    }
    conclude(leaf, words::read(leaf), &search, |path| {
        let mut findings = same_device(leaf, path);
        findings.extend(words::remarks(leaf));
        findings
    })
}

/// The device's certificate names it in an extension and in its name; the leaf must name the same one.
fn same_device(leaf: &Certificate, path: &Path<'_>) -> Vec<Finding> {
    let serial = |certificate: &Certificate| certificate.extension(HSM_SERIAL).and_then(unsigned);
    let (Some(device), Some(of_key)) = (path.certificates.get(1), serial(leaf)) else { return Vec::new() };
    let named = device.name().rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')')?.parse().ok());
    let others = [serial(device), named].into_iter().flatten().find(|other| *other != of_key);
    let message =
        |other| format!("The key's certificate names device {of_key}, and the device's own {other}.");
    others.map(|other| Finding::error("serial-disagrees", message(other))).into_iter().collect()
}
