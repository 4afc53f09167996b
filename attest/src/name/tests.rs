use std::cell::Cell;

use der::Decode;

use super::*;
use crate::test_certs::{seq, tlv};

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const BMP: u8 = 0x1e;

thread_local! {
    /// How many names this thread has prepared.
    pub(super) static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// How many names are prepared by that.
pub(crate) fn prepared_by(work: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

fn same(one: &Name, other: &Name) -> bool {
    Prepared::of(one) == Prepared::of(other)
}

type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

/// Each inner list is one part.
fn name(parts: &[&[Attribute<'_>]]) -> Name {
    let attribute = |(oid, tag, value): &Attribute<'_>| seq(&[tlv(0x06, oid), tlv(*tag, value)]);
    let part = |attributes: &&[Attribute<'_>]| {
        let mut all: Vec<Vec<u8>> = attributes.iter().map(attribute).collect();
        all.sort();
        tlv(0x31, &all.concat())
    };
    Name::from_der(&seq(&parts.iter().map(part).collect::<Vec<_>>())).unwrap()
}

fn common(tag: u8, value: &[u8]) -> Name {
    name(&[&[(COMMON_NAME, tag, value)]])
}

#[test]
fn a_name_is_one_name_however_it_is_written() {
    let plain = common(UTF8, b"A Maker CA 1");
    for other in [
        common(PRINTABLE, b"A Maker CA 1"),
        common(UTF8, b"a maker ca 1"),
        common(UTF8, b"  A  Maker\tCA 1 "),
        common(UTF8, "A\u{a0}Maker\u{ad} CA 1".as_bytes()),
        common(TELETEX, b"A Maker CA 1"),
        common(BMP, &"A Maker CA 1".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()),
    ] {
        assert!(same(&plain, &other) && same(&other, &plain), "{other}");
    }
}

#[test]
fn another_name_is_another() {
    let plain = common(UTF8, b"A Maker CA 1");
    for other in [
        common(UTF8, b"A Maker CA 2"),
        common(UTF8, b"AMaker CA 1"),
        common(UTF8, b""),
        common(0x04, b"A Maker CA 1"),
        name(&[&[(ORGANISATION, UTF8, b"A Maker CA 1")]]),
        name(&[&[(COMMON_NAME, UTF8, b"A Maker CA 1")], &[(ORGANISATION, UTF8, b"A Maker")]]),
        name(&[]),
    ] {
        assert!(!same(&plain, &other) && !same(&other, &plain), "{other}");
    }
}

#[test]
fn the_parts_order_counts_and_that_within_one_does_not() {
    let (cn, o): (Attribute<'_>, Attribute<'_>) = ((COMMON_NAME, UTF8, b"b"), (ORGANISATION, UTF8, b"A"));
    assert!(!same(&name(&[&[cn], &[o]]), &name(&[&[o], &[cn]])));
    // In other cases they are sorted otherwise in DER.
    let lower: Attribute<'_> = (ORGANISATION, PRINTABLE, b"a");
    assert!(same(&name(&[&[cn, o]]), &name(&[&[lower, cn]])));
}

#[test]
fn text_is_read_by_its_type_and_what_is_none_is_not() {
    let read = |tag: u8, value: &[u8]| text(AnyRef::from_der(&tlv(tag, value)).unwrap());
    assert_eq!(read(BMP, &[0, b'Y', 0, b'u']).as_deref(), Some("Yu"));
    assert_eq!(read(BMP, &[0, b'Y', 0]), None);
    assert_eq!(read(TELETEX, &[b'Z', 0xfc]).as_deref(), Some("Zü"));
    assert_eq!(read(UTF8, &[0xff]), None);
    assert_eq!(read(0x04, b"octets"), None);
}
