//! Several attestations of one key, as of one that was made in a device and wrapped into another.
//!
//! One of them is reported. None is better for another: where the key is proven to be, all that is required must hold.

use crate::{Finding, Judgement, Level, Question, Statement, Verdict, ask, weakness};

/// Of several attestations of one key the one that proves most, in the device that is asked for, under a root that is known
/// here; the files' order is no matter. The others are told.
pub(crate) fn best(mut judged: Vec<Judgement>, question: &Question) -> Option<Judgement> {
    judged.sort_by_cached_key(|judgement| {
        let serial = judgement.statement.serial.clone();
        let is_other = question.serial.is_some() && serial != question.serial;
        let is_given = judgement.root.as_ref().is_some_and(|root| root.given);
        (judgement.verdict, is_other, is_given, serial)
    });
    let mut judged = judged.into_iter();
    let mut first = judged.next()?;
    for other in judged {
        let finding = another(&first.statement, &other);
        first.findings.push(finding);
        if other.verdict == Verdict::Proven {
            first.statement.software |= other.statement.software;
            first.findings.extend(lacks(&other, question));
        }
    }
    Some(first)
}

fn another(first: &Statement, other: &Judgement) -> Finding {
    let elsewhere = if first.serial == other.statement.serial { "" } else { ": the key is, or was, in both" };
    let device = other.statement.device();
    let message =
        format!("There is another attestation of this key, by {device}{elsewhere}. It is {}.", other.verdict);
    match other.verdict {
        Verdict::Proven if elsewhere.is_empty() => Finding::info("another-attestation", message),
        Verdict::Unattested => Finding::info("another-attestation", message),
        _ => Finding::warning("another-attestation", message),
    }
}

/// What another proof of the same key lacks: the key is in that device too, so what is required holds there too, and what
/// weakens it there weakens it. The serial number is that of one of them.
fn lacks(other: &Judgement, question: &Question) -> Vec<Finding> {
    let mut other = other.clone();
    weakness::by_device(&mut other);
    ask::requirements(&mut other, &Question { serial: None, ..question.clone() });
    let weighs = |found: &Finding| found.level == Level::Error || weakness::is_by_maker(found);
    let device = other.statement.device();
    let told = |found: Finding| Finding {
        message: format!("In another attestation of this key, by {device}: {}", found.message),
        ..found
    };
    other.findings.into_iter().filter(weighs).map(told).collect()
}
