//! A YubiKey's PIV application: a certificate of the key, signed by the key in slot F9.
//!
//! The device signs only for keys that it made itself, and no PIV key can leave it, so a valid path says both. One F9
//! certificate is shared by a batch of devices: only the leaf's serial number names a device.

mod profile;
mod words;

use super::conclusion::{conclude, contradicted, stranger};
use super::extension::{PIV_CSPN, PIV_FIPS, PIV_FIRMWARE, PIV_POLICIES, piv_firmware};

use super::product;
use crate::path::{Path, Search};
use crate::{Anchor, Certificate, Finding, Judgement, Question};

pub(super) use words::SUBJECT;

/// Whether it is a device's word on a key: by its policies, or by its name, so that no change of one hides it.
pub(super) fn is_leaf(certificate: &Certificate) -> bool {
    certificate.extension(PIV_POLICIES).is_some()
        || certificate.common_name().is_some_and(|name| name.starts_with(SUBJECT))
}

/// Whether it may be the device's own certificate.
pub(crate) fn is_f9(certificate: &Certificate) -> bool {
    certificate.common_name().is_some_and(|name| profile::F9.contains(&name.as_str()))
}

/// Judges a key's certificate.
pub(crate) fn judge(
    leaf: &Certificate,
    pool: &[Certificate],
    anchors: &[Anchor],
    question: &Question,
) -> Judgement {
    let search = Search { pool, anchors, at: question.at, profile: &profile::Piv };
    if let Some(other) = stranger(leaf, &search, is_f9) {
        return contradicted(words::read(leaf), other);
    }
    let mut judgement = conclude(leaf, words::read(leaf), &search, |path| device(leaf, path));
    if judgement.root.is_some() {
        judgement.statement.fips = judgement.statement.fips.or(f9_of(leaf, pool).and_then(fips));
    }
    judgement
}

/// What the device's certificate adds.
fn device(leaf: &Certificate, path: &Path<'_>) -> Vec<Finding> {
    let Some(f9) = path.certificates.get(1) else { return Vec::new() };
    let mut findings = Vec::new();
    if leaf.extension(super::extension::PIV_SERIAL).is_none() {
        findings.push(Finding::warning(
            "no-serial",
            "The evidence names no device: it has no serial number, and F9 is shared by a batch of devices.",
        ));
    }
    let firmware = |certificate: &Certificate| certificate.extension(PIV_FIRMWARE).and_then(piv_firmware);
    if let (Some(of_key), Some(of_f9)) = (firmware(leaf), firmware(f9))
        && of_key != of_f9
    {
        let message = format!(
            "F9 was issued for firmware {of_f9} and the key made with {of_key}, as happens within a batch."
        );
        findings.push(Finding::info("f9-firmware", message));
    }
    if f9.extension(PIV_CSPN).is_some() {
        findings.push(Finding::info("cspn", "The device is of a series that is certified by ANSSI (CSPN)."));
    }
    findings
}

/// F9 says so on series that have no form factor. Only asked once the path holds.
fn fips(f9: &Certificate) -> Option<bool> {
    f9.extension(PIV_FIPS).map(|_| true)
}

fn f9_of<'a>(leaf: &Certificate, pool: &'a [Certificate]) -> Option<&'a Certificate> {
    pool.iter().find(|candidate| leaf.names_as_issuer(candidate) && leaf.verify(candidate.key()).is_ok())
}

/// The firmware from which on the hierarchy of 2024 is used.
pub(super) const NEW_HIERARCHY: crate::Firmware = product::NEW_HIERARCHY;
