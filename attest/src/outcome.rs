//! The one way in for files of any kind: a bundle is answered key by key, evidence of several keys one by one, all else as the
//! evidence of one key.

use serde::{Serialize, Serializer};

use crate::bundle::{self, Bundle, BundleReport};
use crate::report::shown;
use crate::{
    Evidence, Finding, Level, Malformed, PublicKey, Question, Report, Timestamp, Verdict, leaf, unrelated,
    verify,
};

/// The answer to what was asked. Its JSON is that of the report in it, with `accepted`: whether the answer is yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of one key.
    Key(Box<Report>),
    /// Of several keys that the evidence attests, one by one.
    Keys(KeysReport),
    /// Of a bundle's keys.
    Bundle(BundleReport),
}

/// The answers to evidence of several keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysReport {
    /// The worst of the keys' verdicts.
    pub verdict: Verdict,
    /// The time at which the chains were asked to hold.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// Each key, in the order of the evidence.
    pub keys: Vec<Report>,
    /// What concerns no key.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Whether the answer is yes: all proven, and no finding of level error.
    pub fn is_yes(&self) -> bool {
        match self {
            Self::Key(report) => report.is_yes(),
            Self::Keys(report) => report.is_yes(),
            Self::Bundle(report) => report.is_yes(),
        }
    }
}

impl KeysReport {
    /// Whether the answer is yes for every key.
    pub fn is_yes(&self) -> bool {
        let quiet = self.findings.iter().all(|finding| finding.level != Level::Error);
        quiet && self.keys.iter().all(Report::is_yes)
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Answered<'a, T> {
            accepted: bool,
            #[serde(flatten)]
            report: &'a T,
        }
        let accepted = self.is_yes();
        match self {
            Self::Key(report) => Answered { accepted, report: report.as_ref() }.serialize(serializer),
            Self::Keys(report) => Answered { accepted, report }.serialize(serializer),
            Self::Bundle(report) => Answered { accepted, report }.serialize(serializer),
        }
    }
}

fn no_attestation(key: &PublicKey) -> Finding {
    let message = format!(
        "The evidence names a key, SHA-256 {}, and has no attestation of it: nothing says where it was born.",
        key.sha256()
    );
    Finding::error("no-attestation", message)
}

/// Judges evidence of any kind.
pub fn answer(evidence: &Evidence, question: &Question) -> Result<Outcome, Malformed> {
    if let Some(bundle) = Bundle::alone(evidence) {
        return Ok(Outcome::Bundle(bundle::verify(&bundle?, evidence, question)?));
    }
    let each = leaf::each(evidence, question);
    if each.len() < 2 {
        return Ok(Outcome::Key(Box::new(verify(evidence, question))));
    }
    let keys: Vec<Report> = each.iter().map(|of_one| verify(of_one, question)).collect();
    let verdict = keys.iter().map(|report| report.verdict).fold(Verdict::Proven, Verdict::worse);
    let mut findings: Vec<Finding> = leaf::unattested(evidence).into_iter().map(no_attestation).collect();
    findings.extend(unrelated::certificates(evidence));
    Ok(Outcome::Keys(KeysReport { verdict, at: question.at, keys, findings }))
}
