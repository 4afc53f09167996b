//! Weaknesses that are known of keys, by what made them. A finding each, with its CVE and what an attacker needs.
//!
//! A TPM's judge asks for its own certificates and attestation key. Signatures stay genuine on a weak key, so the verdict stays. ROCA is an error always: the private key follows from the
//! public one. The others are warnings, or errors where no known weakness is allowed.

mod eucleak;
mod roca;

use crate::{Evidence, Finding, Judgement, Level, Named, PublicKey, Question, ask};

pub(crate) use roca::is_weak;

/// The weaknesses that are told by maker and firmware. TPM-FAIL is found by the TPM's own judge.
const BY_MAKER: [&str; 2] = ["eucleak", "tpm-fail"];

/// Adds a finding for each weakness of the key, and of every RSA key that the evidence rests on.
pub(crate) fn warn(judgement: &mut Judgement, evidence: &Evidence, question: &Question) {
    let level = ask::weakness_level(question);
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(roca_of(judgement.statement.key.as_ref(), "The key"));
    let named = evidence.named_keys().filter(|key| judgement.statement.key.as_ref() != Some(key));
    findings.extend(named.filter_map(|key| roca_of(Some(key), "A key among the evidence")));
    let roots = question.roots.iter().filter_map(|root| root.certificate(&[]));
    for certificate in evidence.all().chain(roots) {
        if judgement.statement.key.as_ref() != Some(certificate.key()) {
            findings.extend(roca_of(
                Some(certificate.key()),
                &format!("The key of {}", Named(certificate.name())),
            ));
        }
    }
    judgement.findings.extend(findings);
    by_device(judgement);
    let weaknesses = judgement.findings.iter_mut().filter(|finding| is_by_maker(finding));
    weaknesses.for_each(|finding| finding.level = level);
}

/// Adds what is known of the device that the key is in. A TPM's judge has done so.
pub(crate) fn by_device(judgement: &mut Judgement) {
    let found = eucleak::message(&judgement.statement);
    judgement.findings.extend(found.map(|message| Finding::warning("eucleak", message)));
}

/// Whether it is a weakness that a requirement makes an error.
pub(crate) fn is_by_maker(finding: &Finding) -> bool {
    BY_MAKER.contains(&finding.code)
}

/// The finding, if it is an RSA key with the fingerprint.
pub(crate) fn roca_of(key: Option<&PublicKey>, whose: &str) -> Option<Finding> {
    let modulus = key?.modulus()?;
    is_weak(&modulus).then(|| Finding {
        level: Level::Error,
        code: "roca",
        message: format!(
            "{whose} was made by the flawed RSA generator of Infineon's library (ROCA, CVE-2017-15361). Who has the public \
             key can compute the private key: replace it."
        ),
    })
}

#[cfg(test)]
pub(crate) mod tests;
