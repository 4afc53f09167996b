//! When two names are the same (RFC 5280 section 7.1): by what they say, and not by how they are written.
//!
//! Makers write one name in several ways: as UTF8String and as PrintableString, with other blanks, in other cases. Strings
//! are prepared as RFC 4518 says, for caseIgnoreMatch: read, mapped, folded, and their blanks made one. Left out is Unicode
//! normalisation (section 2.3), and folding that makes two letters of one: names that differ in no more stay two names. Of
//! values that are no strings every byte counts.

use der::asn1::AnyRef;
use der::{Tag, Tagged};
use x509_cert::name::Name;
use x509_cert::spki::ObjectIdentifier;

/// A value of a name, as it is compared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    Other(Tag, Vec<u8>),
}

/// Whether they name the same: the same parts in the same order, those within one part in any.
pub(crate) fn same(one: &Name, other: &Name) -> bool {
    // Most names are one name as it is; and those that are prepared to nothing are not all one.
    one == other || (!one.is_empty() && prepared(one) == prepared(other))
}

/// Whether two texts are one name's, as [`same`] says.
pub(crate) fn same_text(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
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

fn prepared(name: &Name) -> Vec<Vec<(ObjectIdentifier, Value)>> {
    let parts = name.iter_rdn().map(|part| {
        let mut values: Vec<_> =
            part.iter().map(|attribute| (attribute.oid, value((&attribute.value).into()))).collect();
        values.sort();
        values
    });
    parts.collect()
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
mod tests;
