//! PKCS#7 as CAs hand out chains (RFC 2315 section 9, RFC 5652 section 5): a SignedData that holds certificates and signs
//! nothing.
//!
//! Only its certificates are read. What else it holds is nobody's word on anything here, so a signed one is refused: who gave
//! it may take its signature for one that was verified.

use der::asn1::ObjectIdentifier;
use der::{Decode, Reader, SliceReader, Tag, TagNumber};

/// RFC 5652 section 5.1
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// Whether a DER value says that it is one.
pub(crate) fn is_signed_data(der: &[u8]) -> bool {
    let kind =
        inside(der, Tag::Sequence).and_then(|inner| ObjectIdentifier::decode(&mut SliceReader::new(inner)?));
    kind == Ok(SIGNED_DATA)
}

/// The certificates' DER, if that is what it is: ContentInfo { signedData, [0] SignedData { version, digestAlgorithms, content,
/// [0] certificates, [1] crls, signerInfos } }.
pub(crate) fn certificates(der: &[u8]) -> Result<Vec<&[u8]>, der::Error> {
    let mut reader = SliceReader::new(inside(der, Tag::Sequence)?)?;
    if ObjectIdentifier::decode(&mut reader)? != SIGNED_DATA {
        return Err(Tag::ObjectIdentifier.value_error().into());
    }
    let content = inside(reader.tlv_bytes()?, explicit(0))?;
    reader.finish()?;
    let mut parts = Vec::new();
    let mut reader = SliceReader::new(inside(content, Tag::Sequence)?)?;
    while !reader.is_finished() {
        parts.push(reader.tlv_bytes()?);
    }
    let signers = parts.last().copied().unwrap_or_default();
    match (parts.get(3), inside(signers, Tag::Set)) {
        (Some(certificates), Ok([])) => all(inside(certificates, explicit(0))?),
        _ => Err(Tag::Set.value_error().into()),
    }
}

fn all(mut rest: &[u8]) -> Result<Vec<&[u8]>, der::Error> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let one = SliceReader::new(rest)?.tlv_bytes()?;
        found.push(one);
        rest = &rest[one.len()..];
    }
    Ok(found)
}

/// The content of a value that is whole and of this tag.
fn inside(der: &[u8], tag: Tag) -> Result<&[u8], der::Error> {
    let value = der::asn1::AnyRef::from_der(der)?;
    der::Tagged::tag(&value).assert_eq(tag)?;
    Ok(value.value())
}

fn explicit(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}
