//! Flaws: each requirement that a key or its token can fail, under the code that people and programs know it by.
//!
//! Every flaw has its reason and its mend here, so that the command, the log and the documentation say the same. A key
//! with a flaw does not sign, unless the configuration names the flaw as an exception, of the token or of the
//! connector. Flaws that leave no doubt-free way to the right key cannot be excused. PKCS#11 v3.1 sections 4.4 to 4.9.

use crate::problem::Fault;
use crate::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A requirement that is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// CKA_SENSITIVE is not true.
    NotSensitive,
    /// CKA_EXTRACTABLE is not false.
    Extractable,
    /// CKA_ALWAYS_SENSITIVE is not true.
    OnceReadable,
    /// CKA_NEVER_EXTRACTABLE is not true.
    OnceExtractable,
    /// CKA_LOCAL is not true.
    NotLocal,
    /// CKA_KEY_GEN_MECHANISM is not the one of the key's type.
    GenerationUnknown,
    /// CKA_PRIVATE is not true.
    NotPrivate,
    /// CKA_SIGN is false.
    CannotSign,
    /// CKA_DECRYPT is true.
    MayDecrypt,
    /// CKA_UNWRAP is true.
    MayUnwrap,
    /// CKA_DERIVE is true.
    MayDerive,
    /// CKA_SIGN_RECOVER is true.
    MaySignRecover,
    /// CKA_ALLOWED_MECHANISMS has one that Kunci does not use.
    OtherMechanisms,
    /// The token signs only what the host hashed.
    BareRsaPkcs,
    /// CKA_MODIFIABLE is true.
    Modifiable,
    /// CKA_COPYABLE is true.
    Copyable,
    /// Neither RSA of 2048, 3072 or 4096 bits nor P-256, or of no readable type.
    UnknownType,
    /// The public key is no point on the curve that it names.
    OffCurve,
    /// CKA_ID is not one of Kunci's.
    ForeignId,
    /// Another private key has its CKA_ID.
    DuplicateId,
    /// Another private key has its CKA_LABEL.
    DuplicateLabel,
    /// More than one public key has its CKA_ID.
    DuplicatePublic,
    /// The public key beside it is another key's.
    OtherPublic,
    /// The token holds a key that may wrap keys.
    WrappingKey,
}

impl Flaw {
    /// Every flaw, in the order in which they are told.
    pub const ALL: [Self; 24] = [
        Self::NotSensitive,
        Self::Extractable,
        Self::OnceReadable,
        Self::OnceExtractable,
        Self::NotLocal,
        Self::GenerationUnknown,
        Self::NotPrivate,
        Self::CannotSign,
        Self::MayDecrypt,
        Self::MayUnwrap,
        Self::MayDerive,
        Self::MaySignRecover,
        Self::OtherMechanisms,
        Self::BareRsaPkcs,
        Self::Modifiable,
        Self::Copyable,
        Self::UnknownType,
        Self::OffCurve,
        Self::ForeignId,
        Self::DuplicateId,
        Self::DuplicateLabel,
        Self::DuplicatePublic,
        Self::OtherPublic,
        Self::WrappingKey,
    ];

    /// The stable code, as the configuration writes it.
    pub fn code(self) -> &'static str {
        words(self).0
    }

    /// What was found, and why it matters.
    pub fn reason(self) -> &'static str {
        words(self).1
    }

    /// What to do about it.
    pub fn mend(self) -> &'static str {
        words(self).2
    }

    /// Whether a configuration may name it as an exception.
    pub fn is_excusable(self) -> bool {
        !matches!(
            self,
            Self::UnknownType
                | Self::OffCurve
                | Self::ForeignId
                | Self::DuplicateId
                | Self::DuplicatePublic
                | Self::OtherPublic
        )
    }

    /// Whether a key that was just made may be kept with it, where the configuration excuses it. What can leave the
    /// token never is: no key of Kunci's making leaves (promise 1).
    pub fn may_be_born_with(self) -> bool {
        self.is_excusable() && !matches!(self, Self::NotSensitive | Self::Extractable)
    }

    /// Notes exceptions that cannot be made.
    pub(crate) fn check_exceptions(exceptions: &[Self], report: &mut Report<'_>) {
        for (index, flaw) in exceptions.iter().enumerate() {
            let twice = exceptions[..index].contains(flaw);
            report.expect_item("exceptions", index, flaw.check_exception(twice));
        }
    }

    fn check_exception(self, twice: bool) -> Result<(), Fault> {
        if twice {
            return Err(Fault::new(
                "duplicate",
                format!("{:?} is named twice", self.code()),
                "remove one of them",
            ));
        }
        if self.is_excusable() {
            return Ok(());
        }
        let what = format!("{:?} cannot be excused: it leaves in doubt which key would sign", self.code());
        Err(Fault::new("not-excusable", what, format!("remove it here; on the token, {}", self.mend())))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What another key takes, without a day on which customers' sign-ins fail: a pinned key has no successor of its connector.
const ANEW: &str = "roll to another key, under a connector of its own (docs/how-to/roll-a-key.md); until customers have that \
                    one, name the exception";
/// What a change that a token allows takes.
const SWITCH_OFF: &str = "switch it off with the token's own tools, or roll to another key, under a connector of its own \
                          (docs/how-to/roll-a-key.md)";
/// What to do with a key that is one too many. The wrong one, once destroyed, is gone with all that it opens.
const ONE_TOO_MANY: &str = "find out whose the other one is (`kunci token check` says which is pinned); destroy it with the \
                            token's own tools only if no customer holds a certificate of it";
/// What to do with a key that nobody can adopt.
const FOREIGN: &str = "find out whose it is, and leave it alone if somebody uses it; Kunci does not";

/// Code, reason and mend.
fn words(flaw: Flaw) -> (&'static str, &'static str, &'static str) {
    match flaw {
        Flaw::NotSensitive => ("not-sensitive", "CKA_SENSITIVE is not true: the key can be read out", ANEW),
        Flaw::Extractable => {
            ("extractable", "CKA_EXTRACTABLE is not false: the key can be wrapped and carried out", ANEW)
        }
        Flaw::OnceReadable => (
            "once-readable",
            "CKA_ALWAYS_SENSITIVE is not true: the key could be read out once, and may have been",
            ANEW,
        ),
        Flaw::OnceExtractable => {
            ("once-extractable", "CKA_NEVER_EXTRACTABLE is not true: a copy may exist elsewhere", ANEW)
        }
        Flaw::NotLocal => {
            ("not-local", "CKA_LOCAL is not true: the key was imported, not made on this token", ANEW)
        }
        Flaw::GenerationUnknown => (
            "generation-unknown",
            "CKA_KEY_GEN_MECHANISM is not that of this type of key: nothing says how it was made",
            ANEW,
        ),
        Flaw::NotPrivate => ("not-private", "CKA_PRIVATE is not true: the key works without a login", ANEW),
        Flaw::CannotSign => {
            ("cannot-sign", "CKA_SIGN is false, or cannot be read: the key cannot be used", ANEW)
        }
        Flaw::MayDecrypt => (
            "may-decrypt",
            "CKA_DECRYPT is true, or cannot be read: one key has one use, to sign",
            SWITCH_OFF,
        ),
        Flaw::MayUnwrap => {
            ("may-unwrap", "CKA_UNWRAP is true, or cannot be read: one key has one use, to sign", SWITCH_OFF)
        }
        Flaw::MayDerive => {
            ("may-derive", "CKA_DERIVE is true, or cannot be read: one key has one use, to sign", SWITCH_OFF)
        }
        Flaw::MaySignRecover => (
            "may-sign-recover",
            "CKA_SIGN_RECOVER is true, or cannot be read: one key has one use, to sign with a hash",
            SWITCH_OFF,
        ),
        Flaw::OtherMechanisms => (
            "other-mechanisms",
            "CKA_ALLOWED_MECHANISMS has one that Kunci does not use: whoever has the PIN can have other things signed or opened",
            ANEW,
        ),
        Flaw::BareRsaPkcs => (
            "bare-rsa-pkcs",
            "the token has no CKM_SHA256_RSA_PKCS: for RS256, certificates and requests it signs a digest that the host computed",
            "use PS256 or another token, or name the exception",
        ),
        Flaw::Modifiable => (
            "modifiable",
            "CKA_MODIFIABLE is true, or cannot be read: whoever has the PIN can add uses later",
            ANEW,
        ),
        Flaw::Copyable => (
            "copyable",
            "CKA_COPYABLE is true, or cannot be read: whoever has the PIN can make a copy of it with other attributes",
            ANEW,
        ),
        Flaw::UnknownType => (
            "unknown-type",
            "its public key is neither RSA of 2048, 3072 or 4096 bits nor P-256, or is not told",
            FOREIGN,
        ),
        Flaw::OffCurve => (
            "off-curve",
            "its public key is no point on the curve that it names: no private key has it",
            "have the token looked at: its store is damaged, or somebody wrote to it; Kunci does not use the key",
        ),
        Flaw::ForeignId => ("foreign-id", "its CKA_ID is not 16 bytes: Kunci did not make it", FOREIGN),
        Flaw::DuplicateId => (
            "duplicate-id",
            "another private key has the same CKA_ID: it is in doubt which one signs",
            ONE_TOO_MANY,
        ),
        Flaw::DuplicateLabel => (
            "duplicate-label",
            "another key that the ledger does not know has the same CKA_LABEL: somebody else makes keys for this connector",
            ONE_TOO_MANY,
        ),
        Flaw::DuplicatePublic => (
            "duplicate-public",
            "more than one public key has its CKA_ID: it is in doubt which one is its own",
            ONE_TOO_MANY,
        ),
        Flaw::OtherPublic => {
            ("other-public", "the public key with its CKA_ID is another key's", ONE_TOO_MANY)
        }
        Flaw::WrappingKey => (
            "wrapping-key",
            "the token holds a key that may wrap others (CKA_WRAP): extractable keys can be carried out with it",
            "use a token of Kunci's own; destroy that key with the token's own tools only if nobody uses it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_has_one_code_which_is_also_the_word_in_files() {
        for flaw in Flaw::ALL {
            assert_eq!(serde_json::to_value(flaw).unwrap(), flaw.code());
            assert!(!flaw.reason().is_empty() && !flaw.mend().is_empty());
        }
        let codes: std::collections::BTreeSet<_> = Flaw::ALL.map(Flaw::code).into();
        assert_eq!(codes.len(), Flaw::ALL.len());
    }

    /// A pinned key that is destroyed cannot be provisioned again, and its customers' sign-ins are over.
    #[test]
    fn no_mend_destroys_a_key_that_customers_may_rely_on() {
        for flaw in Flaw::ALL {
            let is_careful = |mend: &str| !mend.contains("destroy") || mend.contains(" only if ");
            assert!(is_careful(flaw.mend()), "{flaw}: {}", flaw.mend());
        }
    }

    #[test]
    fn a_key_that_can_leave_is_never_kept_by_whoever_makes_it() {
        assert!(!Flaw::Extractable.may_be_born_with() && !Flaw::NotSensitive.may_be_born_with());
        assert!(Flaw::NotLocal.may_be_born_with() && Flaw::BareRsaPkcs.may_be_born_with());
    }
}
