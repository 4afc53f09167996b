//! Each key of a bundle: what its maker signed, else what its module says, and whether the parts agree.

use quoted::{Plain, Quoted};
use serde_json::Value;

use super::format::{Bundle, Key};
use super::report::{BundleReport, KeyReport};
use crate::pkcs11::Asserted;
use crate::{
    Asked, Certificate, Document, Evidence, Finding, Grade, Kind, Malformed, PublicKey, Question, Report,
    Verdict, tpm,
};

/// Which values of the attributes a key in hardware has, how that reads, and how the other.
const ASSERTED: [(&str, bool, &str, &str); 5] = [
    ("sensitive", true, "sensitive", "NOT sensitive"),
    ("extractable", false, "not extractable", "EXTRACTABLE"),
    ("always_sensitive", true, "always sensitive", "NOT always sensitive"),
    ("never_extractable", true, "never extractable", "ONCE EXTRACTABLE"),
    ("local", true, "made on the token", "NOT made on the token"),
];

/// Judges a bundle. The certificates that came beside it may be on a path. Of the question all holds for each key, but
/// `key` names the only one that is asked about.
pub fn verify(bundle: &Bundle, beside: &Evidence, question: &Question) -> Result<BundleReport, Malformed> {
    let intermediates = &[&beside.certificates[..], &beside.intermediates].concat();
    let mut keys = Vec::new();
    for key in &bundle.keys {
        let certificate = key.certificate()?;
        if wanted(certificate.as_ref(), question) {
            let case = Case { bundle, key, certificate, intermediates, question };
            keys.push(case.report()?);
        }
    }
    let findings = if keys.is_empty() { vec![nothing(question)] } else { Vec::new() };
    let verdict = keys.iter().map(|key| key.report.verdict).max();
    Ok(BundleReport {
        verdict: verdict.unwrap_or(Verdict::Unattested),
        grade: keys.iter().map(|key| key.grade).min_by_key(|grade| rank(*grade)),
        connector: bundle.connector.clone(),
        at: question.at,
        keys,
        findings,
    })
}

fn wanted(certificate: Option<&Certificate>, question: &Question) -> bool {
    let Some(wanted) = &question.key else { return true };
    certificate.is_some_and(|certificate| certificate.key() == wanted)
}

fn nothing(question: &Question) -> Finding {
    match question.key {
        Some(_) => {
            Finding::error("key-mismatch", "The bundle is not about the key that you gave with --key.")
        }
        None => Finding::error("no-keys", "There is no key in the bundle."),
    }
}

struct Case<'a> {
    bundle: &'a Bundle,
    key: &'a Key,
    certificate: Option<Certificate>,
    intermediates: &'a [Certificate],
    question: &'a Question,
}

impl Case<'_> {
    fn report(self) -> Result<KeyReport, Malformed> {
        let mut report = self.by_maker()?;
        self.agree(&mut report);
        let grade = self.grade(&report);
        self.by_module(&mut report);
        report.findings.sort_by_key(|finding| finding.level);
        let certificate_sha256 = self.certificate.as_ref().map(Certificate::sha256);
        Ok(KeyReport { token: self.key.token.clone(), grade, certificate_sha256, report })
    }

    /// What the maker signed, judged as if it had come alone.
    fn by_maker(&self) -> Result<Report, Malformed> {
        let mut evidence = Evidence::new();
        evidence.intermediates = self.intermediates.to_vec();
        evidence.certificates = self.key.attestation()?;
        if let Some(answer) = &self.key.tpm2 {
            let bytes = serde_json::to_vec(answer).map_err(|_| Malformed::Format)?;
            evidence.documents.push(Document { format: tpm::EVIDENCE.to_owned(), bytes });
        } else if evidence.certificates.is_empty() {
            // Nobody's statement, but its key may be of a weak make.
            evidence.certificates.extend(self.certificate.clone());
        }
        let question = Question { key: self.public_key().cloned(), ..self.question.clone() };
        // What the bundle itself demands was not asked by anybody.
        Ok(Report { asked: Asked::of(self.question), ..crate::verify(&evidence, &question) })
    }

    fn public_key(&self) -> Option<&PublicKey> {
        self.certificate.as_ref().map(Certificate::key)
    }

    /// The pin, the certificate, the statement and the ledger are of one key.
    fn agree(&self, report: &mut Report) {
        let mut faults = Vec::new();
        let attested = report.public_key_sha256.map(|digest| digest.to_string());
        let certified = self.public_key().map(|key| key.sha256().to_string());
        let certificate = self.certificate.as_ref().map(|certificate| certificate.sha256().to_string());
        for digest in
            [&attested, &certified].into_iter().flatten().filter(|digest| **digest != self.key.spki_sha256)
        {
            let pin = &self.key.spki_sha256;
            faults.push(format!("the pin is {}, and the key's digest is {digest}", Plain(pin)));
        }
        for record in &self.key.ledger {
            let entry = &record.entry;
            let told = [
                (&entry.key, &self.key.key),
                (&entry.connector, &self.bundle.connector),
                (&entry.spki_sha256, &self.key.spki_sha256),
            ];
            if told.iter().any(|(told, held)| told.as_ref().is_some_and(|told| told != *held)) {
                faults.push(format!("the ledger's entry {} is about another key", record.index));
            }
        }
        let recorded =
            self.key.ledger.iter().rev().find_map(|record| record.entry.certificate_sha256.as_ref());
        if recorded.is_some() && recorded != certificate.as_ref() {
            faults.push("the ledger's last certificate is another".to_owned());
        }
        if !faults.is_empty() {
            report.verdict = Verdict::Contradicted;
            report.root = None;
        }
        let fault = |why| Finding::error("bundle-mismatch", format!("The bundle contradicts itself: {why}."));
        report.findings.extend(faults.into_iter().map(fault));
    }

    /// Software is taken as said, whoever says it. A proof is worth no more than what it is a proof of.
    fn grade(&self, report: &Report) -> Grade {
        match (report.software, is_proven(report)) {
            (true, _) => Grade::Software,
            (false, true) => Grade::Attested,
            (false, false) => self.asserted().grade(),
        }
    }

    /// What the module and the agent say, called what it is.
    fn by_module(&self, report: &mut Report) {
        if !is_proven(report) {
            self.assert(report);
        }
        let posture = self.key.findings.iter().map(|found| {
            let excepted = if found.excepted { ", which its configuration excepts" } else { "" };
            let message =
                format!("The agent found {}{excepted}: {}", Quoted(&found.code), Quoted(&found.reason));
            Finding::warning("posture", message)
        });
        report.findings.extend(posture);
    }

    /// The module's words stand where nobody signed any. They can take an opinion down, and never up.
    fn assert(&self, report: &mut Report) {
        let judgement = self.asserted().judge();
        if self.key.tpm2.is_none() && self.key.attestation.is_empty() {
            // The grade says the same without alarm.
            report.findings.retain(|finding| finding.code != "no-attestation");
            report.kind = Some(Kind::Pkcs11);
            report.vendor = judgement.statement.vendor;
            report.serial = judgement.statement.serial;
            report.origin = judgement.statement.origin;
            report.exportable = judgement.statement.exportable;
        }
        if judgement.verdict == Verdict::Contradicted {
            report.verdict = Verdict::Contradicted;
        }
        report.findings.extend(judgement.findings);
        report.findings.push(Finding::info("module", self.said()));
    }

    fn asserted(&self) -> Asserted {
        let told = |name: &str| self.key.attributes.get(name).and_then(Value::as_bool);
        let device = self.key.device.clone().unwrap_or_default();
        Asserted {
            manufacturer: device.manufacturer,
            model: device.model,
            module: device.library,
            serial: device.serial,
            software: device.software,
            local: told("local"),
            sensitive: told("sensitive"),
            always_sensitive: told("always_sensitive"),
            extractable: told("extractable"),
            never_extractable: told("never_extractable"),
            ..Asserted::default()
        }
    }

    /// The attributes that are as they should be, and those that are not.
    fn said(&self) -> String {
        let said = |&(name, good, words, otherwise)| match self.key.attributes.get(name) {
            Some(Value::Bool(value)) if *value == good => Some(words),
            Some(Value::Bool(_)) => Some(otherwise),
            _ => None,
        };
        let said: Vec<&str> = ASSERTED.iter().filter_map(said).collect();
        let device = self.key.device.clone().unwrap_or_default();
        let words = [&device.manufacturer, &device.model, &device.serial, &device.label, &device.library];
        let words: Vec<String> = words
            .into_iter()
            .map(|word| word.trim())
            .filter(|word| !word.is_empty())
            .map(|word| Quoted(word).to_string())
            .collect();
        let place = if words.is_empty() { "the token is away".to_owned() } else { words.join(", ") };
        match said.is_empty() {
            true => format!("The module ({place}) says nothing of the key."),
            false => format!("The module ({place}) says of the key: {}.", said.join(", ")),
        }
    }
}

/// Proven to be where it was made, and to stay there.
fn is_proven(report: &Report) -> bool {
    let inside = report.origin != Some("imported") && report.exportable != Some(true);
    report.verdict == Verdict::Proven && inside
}

/// From the least to the most.
fn rank(grade: Grade) -> u8 {
    match grade {
        Grade::Software => 0,
        Grade::Asserted => 1,
        Grade::Attested => 2,
    }
}
