//! What a statement says of a key pair: Marvell's OBJ_ATTR list, which is PKCS#11's with additions.
//!
//! Read are those that say what the key is, where it came from and whether it can leave. A value of another size than
//! the attribute's is refused, since it could be read in two ways.

use std::collections::BTreeMap;

use super::fault::NotAStatement;
use super::spki;
use crate::{PublicKey, Sha256};

const CLASS: u32 = 0x0;
const LABEL: u32 = 0x3;
const KEY_TYPE: u32 = 0x100;
const ID: u32 = 0x102;
const SENSITIVE: u32 = 0x103;
const DECRYPT: u32 = 0x105;
const UNWRAP: u32 = 0x107;
const SIGN: u32 = 0x108;
const DERIVE: u32 = 0x10c;
/// The modulus of RSA, the point of EC.
const MODULUS: u32 = 0x120;
/// The size of RSA's modulus in bits; of EC, OpenSSL's number of the curve.
const MODULUS_BITS: u32 = 0x121;
const PUBLIC_EXPONENT: u32 = 0x122;
const EXTRACTABLE: u32 = 0x162;
const LOCAL: u32 = 0x163;
const NEVER_EXTRACTABLE: u32 = 0x164;
const ALWAYS_SENSITIVE: u32 = 0x165;
/// "Extended key check value": SHA-256 of the DER SubjectPublicKeyInfo.
const CHECK_VALUE: u32 = 0x1003;

const PUBLIC: u64 = 2;
const PRIVATE: u64 = 3;
const RSA: u64 = 0;
const EC: u64 = 3;

/// The attributes of an object, by their numbers.
pub(super) type Attributes = BTreeMap<u32, Vec<u8>>;

/// What is said of the private key, and which key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: PublicKey,
    pub(super) label: String,
    pub(super) id: String,
    /// Made in the HSM.
    pub(super) local: bool,
    /// It can leave, or could once, wrapped or in clear.
    pub(super) leaves: bool,
    /// What the private key may do.
    pub(super) uses: Vec<&'static str>,
}

impl Pair {
    /// Of the private key's object, with the public key's beside it or not.
    pub(super) fn of(objects: &[Attributes]) -> Result<Self, NotAStatement> {
        let (private, public) = match objects {
            [private] => (Object(private), None),
            [public, private] => (Object(private), Some(Object(public))),
            _ => return Err(NotAStatement::Layout("number of objects")),
        };
        let said = private.pair()?;
        match public {
            Some(public) if public.number(CLASS)? != PUBLIC => Err(NotAStatement::Attribute(CLASS)),
            Some(public) if public.key()? != said.key => Err(NotAStatement::Attribute(MODULUS)),
            _ => Ok(said),
        }
    }
}

struct Object<'a>(&'a Attributes);

impl Object<'_> {
    fn pair(&self) -> Result<Pair, NotAStatement> {
        if self.number(CLASS)? != PRIVATE {
            return Err(NotAStatement::Attribute(CLASS));
        }
        let stays =
            [(EXTRACTABLE, false), (NEVER_EXTRACTABLE, true), (SENSITIVE, true), (ALWAYS_SENSITIVE, true)];
        let mut leaves = false;
        for (attribute, good) in stays {
            leaves |= self.flag(attribute)? != good;
        }
        let mut uses = Vec::new();
        for (attribute, word) in
            [(SIGN, "sign"), (DECRYPT, "decrypt"), (UNWRAP, "unwrap keys"), (DERIVE, "derive keys")]
        {
            if self.flag(attribute)? {
                uses.push(word);
            }
        }
        let (label, id, local) = (self.text(LABEL)?, self.text(ID)?, self.flag(LOCAL)?);
        Ok(Pair { key: self.key()?, label, id, local, leaves, uses })
    }

    /// The public half. The curve is named by its number alone, so the digest of the whole key must confirm it.
    fn key(&self) -> Result<PublicKey, NotAStatement> {
        let value = self.value(MODULUS)?;
        let (key, is_ec) = match self.number(KEY_TYPE)? {
            RSA => (spki::rsa(value, self.value(PUBLIC_EXPONENT)?), false),
            EC => (spki::ec(self.number(MODULUS_BITS)?, value), true),
            _ => return Err(NotAStatement::Attribute(KEY_TYPE)),
        };
        let key = key.map_err(NotAStatement::OffCurve)?.ok_or(NotAStatement::Attribute(MODULUS))?;
        match is_ec && self.value(CHECK_VALUE)? != Sha256::of(key.spki()).0 {
            true => Err(NotAStatement::Attribute(CHECK_VALUE)),
            false => Ok(key),
        }
    }

    fn value(&self, attribute: u32) -> Result<&[u8], NotAStatement> {
        self.0.get(&attribute).map(Vec::as_slice).ok_or(NotAStatement::Attribute(attribute))
    }

    fn flag(&self, attribute: u32) -> Result<bool, NotAStatement> {
        match self.value(attribute)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(NotAStatement::Attribute(attribute)),
        }
    }

    fn number(&self, attribute: u32) -> Result<u64, NotAStatement> {
        let value = self.value(attribute)?;
        match (1..=8).contains(&value.len()) {
            true => Ok(value.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))),
            false => Err(NotAStatement::Attribute(attribute)),
        }
    }

    /// Text, without the zeros that fill it.
    fn text(&self, attribute: u32) -> Result<String, NotAStatement> {
        let text =
            std::str::from_utf8(self.value(attribute)?).map_err(|_| NotAStatement::Attribute(attribute))?;
        Ok(text.trim_end_matches('\0').to_owned())
    }
}
