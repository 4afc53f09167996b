//! A statement's bytes: a response's header, the objects' header, one or two objects, a signature over all before it.
//!
//! All numbers are big-endian. The offsets must be the ones that leave no byte unread: what is signed is what is judged.

use super::fault::{MAX_STATEMENT_BYTES, NotAStatement};
use super::gzip;
use super::pair::{Attributes, Pair};
use crate::{Hash, PublicKey, Scheme};

/// Its first bytes: a response without an error (0) that has attributes and is signed whole (flags 1 and 2).
pub(super) const BEGIN: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 3];
/// RSA-2048, in bytes.
const SIGNATURE: usize = 256;
/// The response's header, in bytes: code, flags, size of all, size of the objects.
const RESPONSE: usize = 16;
/// The objects' header, in bytes: version, flags, offsets of the first and the second object from here.
const OBJECTS: usize = 8;
/// An object's header, in bytes: handle, number of its attributes, their size.
const OBJECT: usize = 12;

/// A signed statement. Nothing in it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    signed: Vec<u8>,
    signature: Vec<u8>,
    /// What it says.
    pub(super) pair: Pair,
}

impl Statement {
    /// Takes a statement apart, bare or in gzip.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAStatement> {
        let unpacked = if bytes.starts_with(gzip::MAGIC) { gzip::unpacked(bytes)? } else { bytes.to_vec() };
        if unpacked.len() > MAX_STATEMENT_BYTES {
            return Err(NotAStatement::TooLarge);
        }
        if !unpacked.starts_with(BEGIN) {
            return Err(NotAStatement::Layout("beginning"));
        }
        let length = unpacked.len().checked_sub(SIGNATURE).ok_or(NotAStatement::Layout("signature"))?;
        let (signed, signature) = unpacked.split_at(length);
        let pair = Pair::of(&objects(signed)?)?;
        Ok(Self { signed: signed.to_vec(), signature: signature.to_vec(), pair })
    }

    /// Whether this key signed it: PKCS#1 v1.5 with SHA-256.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        Scheme::RsaPkcs1(Hash::Sha256).verify(key, &self.signed, &self.signature).is_ok()
    }

    /// The key that it is about.
    pub(crate) fn key(&self) -> &PublicKey {
        &self.pair.key
    }
}

fn objects(signed: &[u8]) -> Result<Vec<Attributes>, NotAStatement> {
    let wrong = NotAStatement::Layout("header");
    let size = |at| u32_at(signed, at).and_then(|size| usize::try_from(size).ok());
    let (all, buffer) = size(8).zip(size(12)).ok_or(wrong.clone())?;
    let begin = signed.len().checked_sub(buffer).filter(|begin| *begin >= RESPONSE).ok_or(wrong.clone())?;
    let block = &signed[begin..];
    let words: Vec<u16> =
        block.iter().take(OBJECTS).copied().collect::<Vec<u8>>().chunks_exact(2).map(pair).collect();
    let [1, 3, first, second] = words[..] else { return Err(wrong) };
    if all != signed.len() + SIGNATURE || usize::from(first) != OBJECTS {
        return Err(wrong);
    }
    let (one, end) = object(block, OBJECTS)?;
    let found = match usize::from(second) {
        0 => (vec![one], end),
        at if at == end => {
            let (two, end) = object(block, at)?;
            (vec![one, two], end)
        }
        _ => return Err(wrong),
    };
    if found.1 == block.len() { Ok(found.0) } else { Err(wrong) }
}

/// The object at an offset, and where it ends.
fn object(block: &[u8], at: usize) -> Result<(Attributes, usize), NotAStatement> {
    let wrong = NotAStatement::Layout("object");
    let (count, size) = u32_at(block, at + 4).zip(u32_at(block, at + 8)).ok_or(wrong.clone())?;
    let begin = at + OBJECT;
    let end = usize::try_from(size).ok().and_then(|size| begin.checked_add(size)).ok_or(wrong.clone())?;
    let mut rest = block.get(begin..end).ok_or(wrong.clone())?;
    let mut attributes = Attributes::new();
    while !rest.is_empty() {
        let (number, length) = u32_at(rest, 0).zip(u32_at(rest, 4)).ok_or(wrong.clone())?;
        let value =
            usize::try_from(length).ok().and_then(|length| rest[8..].get(..length)).ok_or(wrong.clone())?;
        if attributes.insert(number, value.to_vec()).is_some() {
            return Err(NotAStatement::Attribute(number));
        }
        rest = &rest[8 + value.len()..];
    }
    if usize::try_from(count) == Ok(attributes.len()) { Ok((attributes, end)) } else { Err(wrong) }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn pair(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |all, byte| all << 8 | u16::from(*byte))
}
