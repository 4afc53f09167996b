//! An object's public area, and the name that stands for it.
//!
//! The name is the digest of these very bytes: type, attributes and public key. So a statement over a name is one over
//! all three. The bytes are kept as they came and never written anew. RSA of 2048 to 4096 bits and the two NIST
//! curves are read; all else is refused. TPM 2.0 Library, part 2, sections 12.2.4 (TPMT_PUBLIC) and 10.5.2 (names).

use std::fmt;

use super::algorithm as alg;
use super::attributes::ObjectAttributes;
use super::wire::{Reader, WireError, put_sized, unsized_of};
use crate::{Curve, Hash, hex, point};

const WHAT: &str = "public area";
/// The largest digest that a policy is, in bytes.
const MAX_DIGEST: usize = 64;
/// The largest modulus, in bytes: RSA-4096.
const MAX_MODULUS: usize = 512;
/// What an exponent of 0 stands for.
const USUAL_EXPONENT: u32 = 65_537;

/// A public area.
#[derive(Clone, PartialEq, Eq)]
pub struct Public {
    bytes: Vec<u8>,
    name_alg: Hash,
    attributes: ObjectAttributes,
    symmetric: Option<u16>,
    key: PublicPart,
}

/// The public key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicPart {
    /// A modulus without leading zeros, and the exponent.
    Rsa {
        /// Big-endian.
        modulus: Vec<u8>,
        /// Never 0.
        exponent: u32,
    },
    /// A point, its coordinates of the curve's full length.
    Ecc {
        /// Which curve.
        curve: Curve,
        /// Big-endian, padded.
        x: Vec<u8>,
        /// Big-endian, padded.
        y: Vec<u8>,
    },
}

/// An object's name: the digest algorithm, then the digest of its public area.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(pub(super) Vec<u8>);

impl Public {
    /// Parses a TPM2B_PUBLIC, as `tpm2_create` and its like write it.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        Self::parse_area(unsized_of(WHAT, bytes)?)
    }

    fn parse_area(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(WHAT, bytes)?;
        let kind = reader.u16()?;
        let name_alg = Hash::of_tpm(reader.u16()?)?;
        let attributes = ObjectAttributes::parse(reader.u32()?)?;
        reader.sized(MAX_DIGEST)?;
        let symmetric = symmetric(&mut reader)?;
        let key = match kind {
            alg::RSA => rsa(&mut reader)?,
            alg::ECC => ecc(&mut reader)?,
            _ => return Err(WireError::Unsupported("type of object", u32::from(kind))),
        };
        reader.end()?;
        Ok(Self { bytes: bytes.to_vec(), name_alg, attributes, symmetric, key })
    }

    /// nameAlg ‖ digest of the public area (part 1, section 16).
    pub fn name(&self) -> Name {
        let digest = self.name_alg.digest(&self.bytes);
        Name([&self.name_alg.tpm_id().to_be_bytes(), digest.as_ref()].concat())
    }

    /// The digest of its name.
    pub fn name_alg(&self) -> Hash {
        self.name_alg
    }

    /// What the TPM promises about it.
    pub fn attributes(&self) -> ObjectAttributes {
        self.attributes
    }

    /// How many bits of AES protect what is under it; none where it is no storage key.
    pub fn aes_bits(&self) -> Option<u16> {
        self.symmetric
    }

    /// The public key.
    pub fn key(&self) -> &PublicPart {
        &self.key
    }

    /// The public key as a DER SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub fn spki(&self) -> Vec<u8> {
        self.key.to_spki()
    }

    /// As a TPM2B_PUBLIC, byte for byte what was parsed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_sized(&mut out, &self.bytes);
        out
    }
}

impl Name {
    /// Parses a name that a statement holds.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let (id, digest) = bytes.split_first_chunk().ok_or(WireError::Short("name"))?;
        let hash = Hash::of_tpm(u16::from_be_bytes(*id))?;
        if digest.len() != hash.algorithm().output_len() {
            return Err(WireError::Invalid("name"));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Algorithm and digest.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Public({} {})", self.name(), self.attributes)
    }
}

/// TPMT_SYM_DEF_OBJECT: AES in CFB mode, or nothing.
fn symmetric(reader: &mut Reader<'_>) -> Result<Option<u16>, WireError> {
    match reader.u16()? {
        alg::NULL => Ok(None),
        alg::AES => {
            let bits = reader.u16()?;
            match (bits, reader.u16()?) {
                (128 | 256, alg::CFB) => Ok(Some(bits)),
                (_, mode) => Err(WireError::Unsupported("mode of AES", u32::from(mode))),
            }
        }
        other => Err(WireError::Unsupported("symmetric algorithm", u32::from(other))),
    }
}

/// TPMS_RSA_PARMS and the modulus.
fn rsa(reader: &mut Reader<'_>) -> Result<PublicPart, WireError> {
    match reader.u16()? {
        alg::NULL | alg::RSAES => {}
        alg::RSASSA | alg::RSAPSS | alg::OAEP => drop(reader.u16()?),
        other => return Err(WireError::Unsupported("RSA scheme", u32::from(other))),
    }
    let bits = reader.u16()?;
    let exponent = match reader.u32()? {
        0 => USUAL_EXPONENT,
        exponent => exponent,
    };
    let modulus = reader.sized(MAX_MODULUS)?;
    if !matches!(bits, 2048 | 3072 | 4096) {
        return Err(WireError::Unsupported("RSA key size", u32::from(bits)));
    }
    if modulus.len() * 8 != usize::from(bits) || modulus[0] < 0x80 {
        return Err(WireError::Invalid("RSA modulus"));
    }
    Ok(PublicPart::Rsa { modulus: modulus.to_vec(), exponent })
}

/// TPMS_ECC_PARMS and the point.
fn ecc(reader: &mut Reader<'_>) -> Result<PublicPart, WireError> {
    match reader.u16()? {
        alg::NULL => {}
        alg::ECDSA | alg::ECDH => drop(reader.u16()?),
        alg::ECDAA => drop(reader.u32()?),
        other => return Err(WireError::Unsupported("ECC scheme", u32::from(other))),
    }
    let curve = alg::curve(reader.u16()?)?;
    match reader.u16()? {
        alg::NULL => {}
        other => return Err(WireError::Unsupported("key derivation", u32::from(other))),
    }
    let x = padded(reader.sized(curve.bytes())?, curve.bytes());
    let y = padded(reader.sized(curve.bytes())?, curve.bytes());
    let part = PublicPart::Ecc { curve, x, y };
    point::read(curve, &part.to_bits()).map(|_| part).ok_or(WireError::OffCurve(curve))
}

/// Some TPMs leave leading zeros out.
pub(super) fn padded(number: &[u8], length: usize) -> Vec<u8> {
    let mut padded = vec![0; length.saturating_sub(number.len())];
    padded.extend_from_slice(number);
    padded
}
