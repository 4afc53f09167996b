//! When two names are the same (RFC 5280 section 7.1): by what they say, and not by how they are written.
//!
//! Makers write one name in several ways: as UTF8String and as PrintableString, with other blanks, in other cases. Strings
//! are prepared as RFC 4518 says, for caseIgnoreMatch: read, mapped, folded, and their blanks made one. Left out is Unicode
//! normalisation (section 2.3), and folding that makes two letters of one: names that differ in no more stay two names. Of
//! values that are no strings every byte counts.

use der::asn1::AnyRef;
use der::{Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

use crate::Sha256;

/// A name as it is compared: the same parts in the same order, those within one part in any.
///
/// A digest of that, made once where the name is read: a search compares names many thousand times, and one of a stranger's
/// may have 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prepared(Sha256);

/// A value of a name, as it is compared.
enum Value {
    Text(String),
    Other(Tag, Vec<u8>),
}

impl Prepared {
    pub(crate) fn of(name: &Name) -> Self {
        #[cfg(test)]
        tests::COUNT.with(|count| count.set(count.get() + 1));
        let parts = name.iter_rdn().map(|part| {
            let mut values: Vec<_> = part.iter().map(attribute).collect();
            values.sort();
            framed(values)
        });
        Self(Sha256::of(&framed(parts)))
    }

    /// Of a name's text alone.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(Sha256::of(folded(text).as_bytes()))
    }
}

/// A value as text, in whichever type of string it is written (RFC 5280 section 4.1.2.4).
pub(crate) fn text(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        }
        Tag::BmpString => utf16(bytes),
        // As it is used: what is in it is Latin-1, if it is not ASCII.
        Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<_, _>>().ok()).flatten()
}

/// What is attributed, and its value: no other attribute has the same bytes.
fn attribute(of: &AttributeTypeAndValue) -> Vec<u8> {
    let (tag, value) = match value((&of.value).into()) {
        Value::Text(text) => (Tag::Utf8String, text.into_bytes()),
        Value::Other(tag, bytes) => (tag, bytes),
    };
    framed([of.oid.as_bytes(), &tag.to_der().unwrap_or_default(), &value])
}

/// Each behind its length, so that no other list has the same bytes.
fn framed<T: AsRef<[u8]>>(all: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut framed = Vec::new();
    for one in all {
        framed.extend((one.as_ref().len() as u64).to_be_bytes());
        framed.extend(one.as_ref());
    }
    framed
}

fn value(of: AnyRef<'_>) -> Value {
    match text(of) {
        Some(text) => Value::Text(folded(&text)),
        None => Value::Other(of.tag(), of.value().to_vec()),
    }
}

/// RFC 4518 sections 2.2 and 2.6.1: what is nothing is left out, what separates is a blank, blanks in a row are one and
/// those around are none, and case does not count.
fn folded(text: &str) -> String {
    let mapped = text.chars().filter(|c| !is_nothing(*c)).map(|c| if is_blank(c) { ' ' } else { c });
    let mapped: String = mapped.collect();
    mapped.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Section 2.2: line ends, tabs and every separator.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Section 2.2: controls, soft hyphens, joiners, marks of direction, selectors of variants.
fn is_nothing(c: char) -> bool {
    let mapped = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{6dd}' | '\u{70f}' | '\u{1806}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2063}' | '\u{206a}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}');
    mapped || (c.is_control() && !is_blank(c))
}

#[cfg(test)]
pub(crate) mod tests;
