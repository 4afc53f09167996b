//! The answer: a verdict, what the evidence says, and the findings. Its JSON is an interface, described in docs.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{Finding, Judgement, Kind, Level, Malformed, PublicKey, Question, RootName, Sha256, Verdict};

/// What was asked besides a proof: it stands in the report, so that nobody takes the answer to another question for this one's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// SHA-256 of the SubjectPublicKeyInfo of the key that it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Sha256>,
    /// The serial number that the device must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What must be so, in the words in which it was required.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<String>,
}

impl Asked {
    pub(crate) fn of(question: &Question) -> Self {
        Self {
            key_sha256: question.key.as_ref().map(PublicKey::sha256),
            serial: question.serial.clone(),
            require: question.requirements.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The answer. A field is absent where the evidence does not say. What it says is worth as much as the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer in one word.
    pub verdict: Verdict,
    /// Which kind of evidence it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The device's maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The device's shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_factor: Option<&'static str>,
    /// The device's serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The device's firmware, as in `5.4.3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Where in the device the key is, as in `9c`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// `EC P-384`, `RSA 2048`, `Ed25519`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// `never`, `once` or `always`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin_policy: Option<&'static str>,
    /// `never`, `always` or `cached`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touch_policy: Option<&'static str>,
    /// Whether the device is of a FIPS 140 series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fips: Option<bool>,
    /// How the key came into the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'static str>,
    /// Whether the key can leave the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exportable: Option<bool>,
    /// The name that its owner gave the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether the device is a program, by its own maker's word: what is proven is then not of hardware. A finding says
    /// it in the JSON.
    #[serde(skip)]
    pub software: bool,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key_sha256: Option<Sha256>,
    /// Where the path ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<RootName>,
    /// The time at which the chain was asked to hold.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// What was asked besides.
    pub asked: Asked,
    /// Reasons, weaknesses and deviations; errors first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Of a judgement.
    pub(crate) fn new(judgement: Judgement, question: &Question) -> Self {
        let Judgement { verdict, statement, root, mut findings } = judgement;
        findings.sort_by_key(|finding| finding.level);
        Self {
            verdict,
            kind: statement.kind,
            vendor: statement.vendor,
            form_factor: statement.form_factor,
            serial: statement.serial,
            firmware: statement.firmware.map(|version| version.to_string()),
            slot: statement.slot,
            algorithm: statement.key.as_ref().map(|key| key.algorithm().to_string()),
            pin_policy: statement.pin_policy,
            touch_policy: statement.touch_policy,
            fips: statement.fips,
            origin: statement.origin,
            exportable: statement.exportable,
            label: statement.label,
            software: statement.software,
            public_key_sha256: statement.key.as_ref().map(|key| key.sha256()),
            root,
            at: question.at,
            asked: Asked::of(question),
            findings,
        }
    }

    /// Of evidence that does not parse, to what was asked.
    pub fn malformed(why: &Malformed, question: &Question) -> Self {
        let statement = crate::Statement::of(None, None);
        let findings = vec![Finding::error("malformed", format!("The evidence cannot be parsed: {why}."))];
        Self::new(Judgement { verdict: Verdict::Malformed, statement, root: None, findings }, question)
    }

    /// Whether the answer is yes: proven, and no finding of level error.
    pub fn is_yes(&self) -> bool {
        self.verdict == Verdict::Proven && self.findings.iter().all(|finding| finding.level != Level::Error)
    }
}

pub(crate) fn shown<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
