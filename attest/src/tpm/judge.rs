//! The TPM's judge: each link from the maker's root to the key, and what the TPM promises about it.
//!
//! Trusts the anchors and the auditor's own answer file, and nothing else. What disagrees contradicts; what is missing
//! leaves the key unattested: without the auditor's answer nothing ties the attestation key to the certificate, and
//! anybody could have signed the statement.

use quoted::Quoted;

use super::challenge::{Answer, attesting};
use super::endorsement::{Device, EndorsementPath};
use super::evidence::{Parts, TpmEvidence, Unreadable};
use super::public::Public;
use super::{Creation, PublicPart, tpm_fail};
use crate::path::{self, Search};
use crate::{
    Anchor, Certificate, Finding, Judgement, Kind, Named, PublicKey, Question, RootName, SignatureFault,
    Statement, Verdict, anchors, weakness,
};

/// Judges one key's evidence. `pool` holds certificates from elsewhere that may be on the path.
pub fn judge(
    evidence: &TpmEvidence,
    pool: &[Certificate],
    question: &Question,
) -> Result<Judgement, Unreadable> {
    let parts = evidence.parts()?;
    let device = parts.certificates.first().map(Device::of).unwrap_or_default();
    let mut case = Case { parts: &parts, device, verdict: Verdict::Proven, findings: Vec::new() };
    case.statement();
    case.attestation_key();
    let root = case.path(pool, question);
    case.challenge(evidence.activated.as_deref(), &question.answers);
    case.promises();
    case.weak_keys();
    Ok(case.judgement(root))
}

struct Case<'a> {
    parts: &'a Parts,
    device: Device,
    verdict: Verdict,
    findings: Vec<Finding>,
}

impl Case<'_> {
    /// The attestation key signed these bytes, and they name the key whose public area is here.
    fn statement(&mut self) {
        let Parts { ak, key, signed, statement, signature, creation, .. } = self.parts;
        let ak = PublicKey::from_spki(&ak.spki()).map_err(|_| SignatureFault::Bad);
        match ak.and_then(|ak| signature.verify(&ak, signed)) {
            Ok(()) => {}
            Err(SignatureFault::Bad) => {
                self.contradicted(
                    "signature-mismatch",
                    "The statement is not signed by the attestation key.",
                );
            }
            Err(other) => self.unattested("signature-algorithm", format!("The statement: {other}.")),
        }
        if statement.key != key.name() {
            self.contradicted(
                "name-mismatch",
                "The statement is about another key: the name is not this key's.",
            );
        }
        let tells = |creation: &Creation| statement.tells_creation(key.name_alg(), &creation.content);
        if !creation.as_ref().is_none_or(tells) {
            self.contradicted(
                "creation-mismatch",
                "The key was made in another way than the creation data says.",
            );
        }
    }

    /// A statement is worth something only by a key that signs nothing else.
    fn attestation_key(&mut self) {
        if let Err(error) = attesting(&self.parts.ak) {
            self.unattested("not-an-attestation-key", format!("{error}."));
        }
    }

    /// The maker's root vouches for the endorsement key.
    fn path(&mut self, pool: &[Certificate], question: &Question) -> Option<RootName> {
        let (leaf, others) = self.parts.certificates.split_first()?;
        let pool = [others, pool].concat();
        let usual = anchors();
        let anchors: Vec<Anchor> = usual
            .iter()
            .chain(&question.roots)
            .filter(|anchor| anchor.vouches_for(Kind::Tpm2))
            .cloned()
            .collect();
        let search = Search { pool: &pool, anchors: &anchors, at: question.at, profile: &EndorsementPath };
        match path::find(leaf, &search) {
            Ok(path) => {
                self.findings.extend(path.deviations.iter().map(path::Deviation::finding));
                if path.anchor.is_given() {
                    let message = format!(
                        "The path ends at {}, which is trusted because you gave it with --root.",
                        Named(path.anchor.name())
                    );
                    self.findings.push(Finding::info("given-root", message));
                }
                Some(path.anchor.root_name())
            }
            Err(broken) => {
                self.fall(broken.verdict(), Finding::error(broken.code(), format!("{broken}.")));
                None
            }
        }
    }

    /// The auditor's secret came back from a TPM that holds both the endorsement key and the attestation key, and the
    /// statement is no older than the auditor's nonce.
    fn challenge(&mut self, activated: Option<&str>, answers: &[Answer]) {
        let fitting = self.fitting(activated, answers);
        let (Some(activated), Some(answer)) = (activated, fitting) else {
            let missing =
                if answers.is_empty() { "your own file, --challenge-secret" } else { "the activated secret" };
            return self.unattested(
                "no-challenge",
                format!(
                    "Nothing ties the attestation key to the TPM's certificate: {missing} is missing. The key is asserted."
                ),
            );
        };
        if !self.is_to_this_tpm(answer) {
            self.contradicted(
                "other-endorsement-key",
                "The challenge was sealed to another endorsement key.",
            );
        }
        if !answer.is_for(&self.parts.ak.name()) {
            self.contradicted(
                "other-attestation-key",
                "The challenge was sealed to another attestation key.",
            );
        }
        if !answer.opens(activated) {
            self.contradicted("challenge-failed", "What the TPM gave back is not the challenge's secret.");
        }
        if !answer.asked_with(&self.parts.statement.nonce) {
            self.contradicted(
                "nonce-mismatch",
                "The statement was not made for this challenge: its nonce is another.",
            );
        }
    }

    /// Of several answers the one that this evidence answers; else the one for these keys, so that what is wrong can be said.
    fn fitting<'b>(&self, activated: Option<&str>, answers: &'b [Answer]) -> Option<&'b Answer> {
        let nonce = &self.parts.statement.nonce;
        let answered = |answer: &&Answer| {
            activated.is_some_and(|activated| answer.opens(activated)) && answer.asked_with(nonce)
        };
        let addressed =
            |answer: &&Answer| self.is_to_this_tpm(answer) && answer.is_for(&self.parts.ak.name());
        answers.iter().find(answered).or_else(|| answers.iter().find(addressed)).or(answers.first())
    }

    fn is_to_this_tpm(&self, answer: &Answer) -> bool {
        let certified = self.parts.certificates.first().map(|ek| PublicPart::from_spki(ek.key().spki()));
        certified.flatten().is_some_and(|ek| answer.is_to(&ek))
    }

    /// Who can compute one of these keys can pretend to be this TPM.
    fn weak_keys(&mut self) {
        let attestation = PublicKey::from_spki(&self.parts.ak.spki()).ok();
        self.findings.extend(weakness::roca_of(attestation.as_ref(), "The attestation key"));
        let certified = self.parts.certificates.iter();
        let certified = certified.filter_map(|one| {
            weakness::roca_of(Some(one.key()), &format!("The key of {}", Named(one.name())))
        });
        self.findings.extend(certified);
    }

    /// What the TPM does not promise, and what is known of such TPMs.
    fn promises(&mut self) {
        let attributes = self.parts.key.attributes();
        if !attributes.made_inside() {
            let message =
                "The TPM did not make this key (sensitiveDataOrigin is not set): a copy may exist elsewhere.";
            self.findings.push(Finding::error("imported-key", message));
        }
        if !attributes.stays() {
            let message = "The key can leave this TPM: fixedTPM or fixedParent is not set.";
            self.findings.push(Finding::error("movable-key", message));
        }
        if self.device.is_software() {
            let maker = Quoted(self.device.maker().or_else(|| self.device.model.clone()).unwrap_or_default());
            let message = format!(
                "By its certificate this is {maker}, a program that plays a TPM: its keys are data of the machine that runs \
                 it, and no hardware holds them."
            );
            self.findings.push(Finding::warning("software-tpm", message));
        }
        let ecdsa = |public: &Public| matches!(public.key(), PublicPart::Ecc { .. });
        if ecdsa(&self.parts.key) || ecdsa(&self.parts.ak) {
            self.findings.extend(tpm_fail::finding(&self.device, self.parts.statement.firmware));
        }
    }

    fn judgement(mut self, root: Option<RootName>) -> Judgement {
        let attributes = self.parts.key.attributes();
        let words: Vec<String> =
            attributes.explained().map(|(name, meaning)| format!("{name} ({meaning})")).collect();
        let message = format!("The TPM promises of the key: {}.", words.join(", "));
        self.findings.push(Finding::info("object-attributes", message));
        let mut statement =
            Statement::of(Some(Kind::Tpm2), PublicKey::from_spki(&self.parts.key.spki()).ok());
        statement.vendor = self.device.maker();
        statement.firmware = self.device.firmware();
        statement.software = self.device.is_software();
        statement.origin = Some(if attributes.made_inside() { "generated" } else { "imported" });
        statement.exportable = Some(!attributes.stays());
        Judgement { verdict: self.verdict, statement, root, findings: self.findings }
    }

    fn contradicted(&mut self, code: &'static str, message: impl Into<String>) {
        self.fall(Verdict::Contradicted, Finding::error(code, message));
    }

    fn unattested(&mut self, code: &'static str, message: impl Into<String>) {
        self.fall(Verdict::Unattested, Finding::error(code, message));
    }

    /// The verdict only falls: what contradicts outweighs what is missing.
    fn fall(&mut self, verdict: Verdict, finding: Finding) {
        if self.verdict != Verdict::Contradicted {
            self.verdict = verdict;
        }
        self.findings.push(finding);
    }
}
