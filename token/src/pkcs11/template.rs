//! Every attribute of a new key, stated: what is omitted, a token fills with its maker's taste.
//!
//! SoftHSM, for one, makes keys that are not sensitive and may decrypt. Modules that do not know an attribute refuse
//! the whole template; then the next, shorter [`Shape`] is tried, and the read-back decides whether the key is good.
//! PKCS#11 v3.1 sections 4.7 to 4.9.

use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::Attribute;
use hsm_config::KeyType;

use super::sign::Hashing;
use crate::KeyId;

/// The public exponent 65537, big-endian.
const F4: [u8; 3] = [1, 0, 1];
/// The OID of NIST P-256, DER (RFC 5480 section 2.1.1.1).
const P256_PARAMS: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Ed25519 as its OID (RFC 8410 section 3), which all modules that we know take, and as the name that PKCS#11 v3.0 has for it.
const ED25519_PARAMS: [&[u8]; 2] = [&[0x06, 0x03, 0x2b, 0x65, 0x70], b"\x13\x0cedwards25519"];

/// How much of the template a module is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of it.
    Full,
    /// Without CKA_ALLOWED_MECHANISMS.
    AnyMechanism,
    /// Without what only newer modules know, too: CKA_COPYABLE, and CKA_SIGN_RECOVER and its like.
    Plain,
    /// As plain, with the curve written another way.
    OtherCurve,
}

/// What a new key is to be.
pub(super) struct NewKey<'a> {
    pub(super) id: KeyId,
    pub(super) label: &'a str,
    pub(super) kind: KeyType,
    pub(super) hashing: Hashing,
}

impl Shape {
    /// In the order of trying.
    pub(super) fn of(kind: KeyType) -> &'static [Self] {
        match kind {
            KeyType::Ed25519 => &[Self::Full, Self::AnyMechanism, Self::Plain, Self::OtherCurve],
            _ => &[Self::Full, Self::AnyMechanism, Self::Plain],
        }
    }

    fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::OtherCurve)
    }
}

impl NewKey<'_> {
    pub(super) fn mechanism(&self) -> Mechanism<'static> {
        match self.kind {
            KeyType::P256 => Mechanism::EccKeyPairGen,
            KeyType::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => Mechanism::RsaPkcsKeyPairGen,
        }
    }

    pub(super) fn public(&self, shape: Shape) -> Vec<Attribute> {
        let mut template = self.common();
        template.extend([Attribute::Private(false), Attribute::Wrap(false), Attribute::Modifiable(false)]);
        if !shape.is_plain() {
            template.extend([Attribute::VerifyRecover(false), Attribute::Derive(false)]);
        }
        template.extend(self.size(shape));
        template
    }

    pub(super) fn private(&self, shape: Shape) -> Vec<Attribute> {
        let mut template = self.common();
        template.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::Modifiable(false),
        ]);
        if !shape.is_plain() {
            template.extend([Attribute::SignRecover(false), Attribute::Copyable(false)]);
        }
        if shape == Shape::Full {
            template.push(Attribute::AllowedMechanisms(self.allowed()));
        }
        template
    }

    fn size(&self, shape: Shape) -> Vec<Attribute> {
        let bits =
            |bits: u64| vec![Attribute::ModulusBits(bits.into()), Attribute::PublicExponent(F4.to_vec())];
        match self.kind {
            KeyType::Rsa2048 => bits(2048),
            KeyType::Rsa3072 => bits(3072),
            KeyType::Rsa4096 => bits(4096),
            KeyType::P256 => vec![Attribute::EcParams(P256_PARAMS.to_vec())],
            KeyType::Ed25519 => {
                let params = ED25519_PARAMS[usize::from(shape == Shape::OtherCurve)];
                vec![Attribute::EcParams(params.to_vec())]
            }
        }
    }

    fn common(&self) -> Vec<Attribute> {
        let label = Attribute::Label(self.label.as_bytes().to_vec());
        vec![Attribute::Token(true), Attribute::Id(self.id.0.to_vec()), label]
    }

    fn allowed(&self) -> Vec<MechanismType> {
        match (self.kind, self.hashing) {
            (KeyType::P256, _) => vec![MechanismType::ECDSA],
            (KeyType::Ed25519, _) => vec![MechanismType::EDDSA],
            (_, Hashing::Token) => vec![MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS],
            (_, Hashing::Host) => vec![MechanismType::RSA_PKCS_PSS, MechanismType::RSA_PKCS],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyType) -> NewKey<'static> {
        NewKey { id: KeyId([7; 16]), label: "kunci:de", kind, hashing: Hashing::Token }
    }

    #[test]
    fn even_the_shortest_template_keeps_the_key_in_and_to_one_use() {
        for (kind, shape) in [
            (KeyType::P256, Shape::Plain),
            (KeyType::Rsa3072, Shape::AnyMechanism),
            (KeyType::Ed25519, Shape::OtherCurve),
        ] {
            let private = key(kind).private(shape);
            for stated in [
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
                Attribute::Decrypt(false),
                Attribute::Unwrap(false),
                Attribute::Derive(false),
                Attribute::Modifiable(false),
            ] {
                assert!(private.contains(&stated), "{stated:?} in {shape:?}");
            }
        }
    }

    #[test]
    fn a_full_template_allows_no_mechanism_over_bare_bytes_where_the_token_hashes() {
        for kind in [KeyType::P256, KeyType::Rsa2048, KeyType::Ed25519] {
            let allowed = key(kind).allowed();
            assert!(!allowed.contains(&MechanismType::RSA_PKCS), "{allowed:?}");
            assert!(key(kind).private(Shape::Full).contains(&Attribute::AllowedMechanisms(allowed)));
        }
    }
}
