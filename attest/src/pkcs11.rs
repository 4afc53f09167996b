//! What a PKCS#11 module reports of a key and its token (PKCS#11 v3.1, sections 3.2, 4.8 and 4.9): asserted, never proven.
//!
//! Nobody signed it. A module can say anything, so its words can lower an opinion and never raise one: a maker or model
//! that is known for software says *software*, attributes that exclude each other contradict, and all else is *asserted*.

use crate::{Finding, Grade, Judgement, Kind, PublicKey, Signs, Statement, Verdict};

/// A module's words on one key. An attribute that it does not tell is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asserted {
    /// CK_TOKEN_INFO manufacturerID.
    pub(crate) manufacturer: String,
    /// CK_TOKEN_INFO model.
    pub(crate) model: String,
    /// CK_INFO libraryDescription: a soft token may show itself by its module's name alone.
    pub(crate) module: String,
    /// CK_TOKEN_INFO serialNumber.
    pub(crate) serial: String,
    /// Whether whoever asked the module took it for software, by its slot's or mechanisms' flags.
    pub(crate) software: bool,
    /// CKA_LABEL.
    pub(crate) label: String,
    /// DER SubjectPublicKeyInfo.
    pub(crate) spki: Vec<u8>,
    /// CKA_LOCAL.
    pub(crate) local: Option<bool>,
    /// CKA_SENSITIVE.
    pub(crate) sensitive: Option<bool>,
    /// CKA_ALWAYS_SENSITIVE.
    pub(crate) always_sensitive: Option<bool>,
    /// CKA_EXTRACTABLE.
    pub(crate) extractable: Option<bool>,
    /// CKA_NEVER_EXTRACTABLE.
    pub(crate) never_extractable: Option<bool>,
}

impl Asserted {
    /// *Software* or *asserted*: there is no third.
    pub(crate) fn grade(&self) -> Grade {
        let signs = Signs {
            maker: &self.manufacturer,
            model: &self.model,
            module: &self.module,
            said_to_be: self.software,
            ..Signs::default()
        };
        Grade::unattested(signs.mean_software())
    }

    /// Never better than unattested.
    pub(crate) fn judge(&self) -> Judgement {
        let mut findings = vec![self.finding()];
        let verdict = match self.contradiction() {
            Some(finding) => {
                findings.insert(0, finding);
                Verdict::Contradicted
            }
            None => Verdict::Unattested,
        };
        Judgement { verdict, statement: self.statement(), root: None, findings }
    }

    fn finding(&self) -> Finding {
        match self.grade() {
            Grade::Software => Finding::warning(
                "software",
                "The token is a program: its keys are data on the disk of its host.",
            ),
            _ => Finding::info("asserted", "The module says so, and nobody signed it."),
        }
    }

    /// What was ever outside, or may go outside now, was not always inside.
    fn contradiction(&self) -> Option<Finding> {
        let left = self.extractable == Some(true) && self.never_extractable == Some(true);
        let shown = self.sensitive == Some(false) && self.always_sensitive == Some(true);
        (left || shown).then(|| {
            let message = "The module says that the key may leave the token, and that it never could.";
            Finding::error("attributes-disagree", message)
        })
    }

    fn statement(&self) -> Statement {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut said = Statement::of(Some(Kind::Pkcs11), PublicKey::from_spki(&self.spki).ok());
        said.vendor = text(&self.manufacturer);
        said.serial = text(&self.serial);
        said.label = text(&self.label);
        said.origin = self.local.map(|local| if local { "generated" } else { "imported" });
        said.exportable = match (self.extractable, self.sensitive) {
            (Some(extractable), Some(sensitive)) => Some(extractable || !sensitive),
            (Some(true), None) | (None, Some(false)) => Some(true),
            _ => None,
        };
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_certs::Signer;

    fn good() -> Asserted {
        Asserted {
            manufacturer: "Example Hardware  ".to_owned(),
            spki: Signer::p256().spki(),
            local: Some(true),
            sensitive: Some(true),
            always_sensitive: Some(true),
            extractable: Some(false),
            never_extractable: Some(true),
            ..Asserted::default()
        }
    }

    #[test]
    fn the_best_words_of_a_module_prove_nothing() {
        let judgement = good().judge();
        assert_eq!((judgement.verdict, good().grade()), (Verdict::Unattested, Grade::Asserted));
        let said = judgement.statement;
        assert_eq!((said.origin, said.exportable), (Some("generated"), Some(false)));
        assert_eq!((said.vendor.as_deref(), said.serial), (Some("Example Hardware"), None));
    }

    #[test]
    fn software_is_told_by_maker_model_or_whoever_asked() {
        for token in [
            Asserted { manufacturer: "SoftHSM project".to_owned(), ..good() },
            Asserted { model: "Kryoptic".to_owned(), ..good() },
            Asserted { software: true, ..good() },
        ] {
            assert_eq!(token.grade(), Grade::Software);
            assert_eq!(token.judge().findings[0].code, "software");
        }
    }

    #[test]
    fn attributes_that_exclude_each_other_contradict() {
        let left = Asserted { extractable: Some(true), ..good() };
        let shown = Asserted { sensitive: Some(false), ..good() };
        for token in [left, shown] {
            assert_eq!(token.judge().verdict, Verdict::Contradicted);
            assert_eq!(token.judge().statement.exportable, Some(true));
        }
    }

    #[test]
    fn what_a_module_does_not_tell_is_not_said() {
        let said = Asserted::default().judge().statement;
        assert!(said.origin.is_none() && said.exportable.is_none() && said.key.is_none());
    }
}
