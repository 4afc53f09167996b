//! The bad templates, and what each must be seen to fail.

use cryptoki::mechanism::MechanismType;
use cryptoki::object::Attribute;
use hsm_config::Flaw;

/// How a bad key comes to be.
pub enum Way {
    /// Generated with this in place of what a good key has.
    Born(Kind, Vec<Attribute>),
    /// Generated with the first, changed to the second later.
    Changed(Kind, Vec<Attribute>, Vec<Attribute>),
    /// Generated with nothing but its name, as a careless operator would.
    Careless(Kind),
    /// Read out of the one object and made again as another.
    Imported,
    /// Wrapped, and unwrapped again.
    Unwrapped,
    /// Generated with this as its CKA_ID.
    Named(Vec<u8>),
    /// Two private keys with one CKA_ID.
    TwoPrivate,
    /// Two with one label.
    TwoLabels,
    /// Two public keys with one CKA_ID.
    TwoPublic,
    /// A public key of another's.
    OtherPublic,
    /// A public key whose point does not lie on its curve.
    OffCurve,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    P256,
    P384,
    Rsa2048,
    Rsa1024,
}

pub struct Bad {
    pub name: &'static str,
    pub way: Way,
    pub flaws: Vec<Flaw>,
}

impl Bad {
    pub fn label(&self) -> String {
        format!("kunci:{}", self.name)
    }
}

pub fn all() -> Vec<Bad> {
    use Attribute as A;
    use Kind::{P256, P384, Rsa1024, Rsa2048};
    use MechanismType as M;
    use Way::{
        Born, Careless, Changed, Imported, Named, OffCurve, OtherPublic, TwoLabels, TwoPrivate, TwoPublic,
        Unwrapped,
    };
    let bad = |name, way, flaws: &[Flaw]| Bad { name, way, flaws: flaws.to_vec() };
    let allowed = |mechanisms: &[M]| vec![A::AllowedMechanisms(mechanisms.to_vec())];
    let readable = [Flaw::NotSensitive, Flaw::OnceReadable];
    let open = [Flaw::Extractable, Flaw::OnceExtractable];
    let foreign = [Flaw::NotLocal, Flaw::OnceReadable, Flaw::OnceExtractable];
    vec![
        bad("ec-readable", Born(P256, vec![A::Sensitive(false)]), &readable),
        bad("ec-extractable", Born(P256, vec![A::Extractable(true)]), &open),
        bad(
            "ec-both",
            Born(P256, vec![A::Sensitive(false), A::Extractable(true)]),
            &[readable, open].concat(),
        ),
        bad("ec-not-private", Born(P256, vec![A::Private(false)]), &[Flaw::NotPrivate]),
        bad("ec-no-sign", Born(P256, vec![A::Sign(false)]), &[Flaw::CannotSign]),
        bad("ec-decrypt", Born(P256, vec![A::Decrypt(true)]), &[Flaw::MayDecrypt]),
        bad("ec-unwrap", Born(P256, vec![A::Unwrap(true)]), &[Flaw::MayUnwrap]),
        bad("ec-derive", Born(P256, vec![A::Derive(true)]), &[Flaw::MayDerive]),
        bad("ec-recover", Born(P256, vec![A::SignRecover(true)]), &[Flaw::MaySignRecover]),
        bad("ec-modifiable", Born(P256, vec![A::Modifiable(true)]), &[Flaw::Modifiable]),
        bad("ec-copyable", Born(P256, vec![A::Copyable(true)]), &[Flaw::Copyable]),
        bad("ec-derives", Born(P256, allowed(&[M::ECDSA, M::ECDH1_DERIVE])), &[Flaw::OtherMechanisms]),
        bad("ec-sha1", Born(P256, allowed(&[M::ECDSA, M::ECDSA_SHA1])), &[Flaw::OtherMechanisms]),
        bad("ec-careless", Careless(P256), &[Flaw::Modifiable]),
        bad("ec-p384", Born(P384, vec![]), &[Flaw::UnknownType]),
        bad("rsa-readable", Born(Rsa2048, vec![A::Sensitive(false)]), &readable),
        bad("rsa-extractable", Born(Rsa2048, vec![A::Extractable(true)]), &open),
        bad("rsa-not-private", Born(Rsa2048, vec![A::Private(false)]), &[Flaw::NotPrivate]),
        bad("rsa-no-sign", Born(Rsa2048, vec![A::Sign(false)]), &[Flaw::CannotSign]),
        bad("rsa-decrypt", Born(Rsa2048, vec![A::Decrypt(true)]), &[Flaw::MayDecrypt]),
        bad("rsa-unwrap", Born(Rsa2048, vec![A::Unwrap(true)]), &[Flaw::MayUnwrap]),
        bad("rsa-derive", Born(Rsa2048, vec![A::Derive(true)]), &[Flaw::MayDerive]),
        bad("rsa-recover", Born(Rsa2048, vec![A::SignRecover(true)]), &[Flaw::MaySignRecover]),
        bad("rsa-modifiable", Born(Rsa2048, vec![A::Modifiable(true)]), &[Flaw::Modifiable]),
        bad("rsa-copyable", Born(Rsa2048, vec![A::Copyable(true)]), &[Flaw::Copyable]),
        bad("rsa-bare", Born(Rsa2048, allowed(&[M::RSA_PKCS_PSS, M::RSA_PKCS])), &[Flaw::OtherMechanisms]),
        bad("rsa-raw", Born(Rsa2048, allowed(&[M::RSA_X_509])), &[Flaw::OtherMechanisms]),
        bad(
            "rsa-oaep",
            Born(Rsa2048, allowed(&[M::RSA_PKCS_PSS, M::RSA_PKCS_OAEP])),
            &[Flaw::OtherMechanisms],
        ),
        bad(
            "rsa-all-uses",
            Born(Rsa2048, vec![A::Decrypt(true), A::Unwrap(true)]),
            &[Flaw::MayDecrypt, Flaw::MayUnwrap],
        ),
        bad("rsa-careless", Careless(Rsa2048), &[Flaw::Modifiable]),
        bad("rsa-short", Born(Rsa1024, vec![]), &[Flaw::UnknownType]),
        bad(
            "hidden-later",
            Changed(P256, vec![A::Sensitive(false), A::Modifiable(true)], vec![A::Sensitive(true)]),
            &[Flaw::OnceReadable],
        ),
        bad(
            "shut-later",
            Changed(P256, vec![A::Extractable(true), A::Modifiable(true)], vec![A::Extractable(false)]),
            &[Flaw::OnceExtractable],
        ),
        bad(
            "use-added-later",
            Changed(Rsa2048, vec![A::Modifiable(true)], vec![A::Decrypt(true)]),
            &[Flaw::MayDecrypt],
        ),
        bad("rsa-imported", Imported, &foreign),
        bad("rsa-unwrapped", Unwrapped, &foreign),
        bad("short-id", Named(vec![7; 8]), &[Flaw::ForeignId]),
        bad("no-id", Named(Vec::new()), &[Flaw::ForeignId]),
        bad("two-private", TwoPrivate, &[Flaw::DuplicateId]),
        bad("two-labels", TwoLabels, &[Flaw::DuplicateLabel]),
        bad("two-public", TwoPublic, &[Flaw::DuplicatePublic]),
        bad("other-public", OtherPublic, &[Flaw::OtherPublic]),
        bad("ec-off-curve", OffCurve, &[Flaw::OffCurve]),
    ]
}
