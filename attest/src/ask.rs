//! What the caller asks beyond the evidence itself: is it this key, in this device, with these properties.

use quoted::{Plain, one_line};

use crate::{
    Evidence, Finding, Judgement, Level, PublicKey, Question, Request, Requirement, SignatureFault,
    Statement, Verdict,
};

/// A request that its own key did not sign.
const REQUEST_SIGNATURE: &str = "request-signature";

/// Another key than the expected one, or than that of the request beside it, contradicts.
pub(crate) fn same_key(judgement: &mut Judgement, evidence: &Evidence, question: &Question) {
    let (mut faults, unjudged): (Vec<Finding>, Vec<Finding>) =
        evidence.requests.iter().filter_map(signed).partition(|finding| finding.code == REQUEST_SIGNATURE);
    let said = judgement.statement.key.as_ref();
    let differs = |key: &PublicKey| said.is_some_and(|said| said != key);
    if question.key.as_ref().is_some_and(differs) {
        faults.push(Finding::error(
            "key-mismatch",
            "The evidence is about another key than the one given with --key.",
        ));
    }
    if evidence.named_keys().any(differs) {
        let message =
            "The request, or the public key, among the evidence is another key than the attested one.";
        faults.push(Finding::error("request-key-mismatch", message));
    }
    if !unjudged.is_empty() && judgement.verdict == Verdict::Proven {
        judgement.verdict = Verdict::Unattested;
    }
    judgement.findings.extend(unjudged);
    if !faults.is_empty() {
        judgement.verdict = Verdict::Contradicted;
        judgement.findings.extend(faults);
    }
}

fn signed(request: &Request) -> Option<Finding> {
    let (code, what) = match request.verify() {
        Ok(()) => return None,
        Err(SignatureFault::Bad) => (REQUEST_SIGNATURE, "is not signed by its own key".to_owned()),
        Err(other) => ("signature-algorithm", other.to_string()),
    };
    Some(Finding::error(code, format!("The certificate request: {what}.")))
}

/// The serial number and the requirements. What is not met keeps the verdict and makes the answer no.
pub(crate) fn requirements(judgement: &mut Judgement, question: &Question) {
    let said = &judgement.statement;
    let mut findings = Vec::new();
    if let Some(wanted) = &question.serial
        && said.serial.as_deref() != Some(wanted.as_str())
    {
        let other = said.serial.as_ref().map_or("no serial number".to_owned(), |one| Plain(one).to_string());
        findings.push(Finding::error(
            "serial-mismatch",
            format!("Asked for device {}; the evidence says: {other}.", Plain(wanted)),
        ));
    }
    let unmet = question.requirements.iter().filter(|requirement| !is_met(requirement, judgement));
    for requirement in unmet {
        let said = said_of(requirement, said).unwrap_or_else(|| "nothing of it".to_owned());
        let message = format!("Required: {}. The evidence says: {said}.", one_line(&requirement.to_string()));
        findings.push(Finding::error("requirement-unmet", message));
    }
    judgement.findings.extend(findings);
}

fn is_met(requirement: &Requirement, judgement: &Judgement) -> bool {
    let said = &judgement.statement;
    match requirement {
        Requirement::Touch(policy) => said.touch_policy == Some(policy),
        Requirement::Pin(policy) => said.pin_policy == Some(policy),
        Requirement::Fips => said.fips == Some(true),
        Requirement::Firmware(least) => said.firmware.is_some_and(|firmware| firmware >= *least),
        Requirement::Generated => said.origin == Some("generated"),
        Requirement::NotExportable => said.exportable == Some(false),
        Requirement::Slot(slot) => said.slot.as_ref() == Some(slot),
        Requirement::Algorithm(name) => {
            said.key.as_ref().is_some_and(|key| key.algorithm().to_string().eq_ignore_ascii_case(name))
        }
        // Each weakness is a finding of its own already.
        Requirement::NoKnownWeakness => true,
    }
}

fn said_of(requirement: &Requirement, said: &Statement) -> Option<String> {
    let text = |value: Option<&str>| value.map(str::to_owned);
    match requirement {
        Requirement::Touch(_) => text(said.touch_policy),
        Requirement::Pin(_) => text(said.pin_policy),
        Requirement::Fips => said.fips.map(|_| "not of a FIPS series".to_owned()),
        Requirement::Firmware(_) => said.firmware.map(|firmware| firmware.to_string()),
        Requirement::Generated => text(said.origin),
        Requirement::NotExportable => said.exportable.map(|_| "exportable".to_owned()),
        Requirement::Slot(_) => said.slot.clone(),
        Requirement::Algorithm(_) => said.key.as_ref().map(|key| key.algorithm().to_string()),
        Requirement::NoKnownWeakness => None,
    }
}

/// Whether warnings of weaknesses are errors.
pub(crate) fn weakness_level(question: &Question) -> Level {
    match question.requirements.contains(&Requirement::NoKnownWeakness) {
        true => Level::Error,
        false => Level::Warning,
    }
}

#[cfg(test)]
mod tests;
