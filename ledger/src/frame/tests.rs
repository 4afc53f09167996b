use proptest::prelude::*;

use super::*;
use crate::{Caller, Kind};

fn frames(count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..count {
        encode(&Entry::new(Kind::Intent).connector("de").jti(format!("j{i}")), &mut bytes).unwrap();
    }
    bytes
}

#[test]
fn every_beginning_of_a_frame_is_torn_and_a_whole_one_is_walked() {
    let bytes = frames(1);
    for end in 1..bytes.len() {
        let mut walk = Frames::new(&bytes[..end]);
        assert!(walk.next().is_none());
        assert_eq!(Tail::of(&bytes[..end]), Tail::Torn, "cut at {end}");
    }
    assert_eq!(Frames::new(&bytes).count(), 1);
}

#[test]
fn a_beginning_followed_by_zeros_is_torn_too() {
    let whole = frames(1);
    for end in 0..whole.len() - 1 {
        for zeros in [1, 2, 600] {
            let mut bytes = whole[..end].to_vec();
            bytes.resize(end + zeros, 0);
            assert_eq!(Tail::of(&bytes), Tail::Torn, "{end} then {zeros} zeros");
        }
    }
}

#[test]
fn a_broken_length_before_a_good_frame_is_never_torn() {
    let mut bytes = frames(3);
    for length in [0u16, 1, 50, 4000, u16::MAX] {
        bytes[..2].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Tail::of(&bytes), Tail::Bad, "length {length}");
    }
}

#[test]
fn a_finished_last_frame_with_a_broken_length_is_never_torn() {
    let mut bytes = frames(1);
    for length in [1u16, 50, 4000, u16::MAX] {
        bytes[..2].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Tail::of(&bytes), Tail::Bad, "length {length}");
    }
}

#[test]
fn the_longest_entry_that_setters_allow_fits_in_a_frame() {
    let evil = "\u{1}".repeat(5000);
    let mut entry = Entry::new(Kind::Lifecycle)
        .caller(Caller { uid: u32::MAX, unit: Some(evil.clone()) })
        .exp(i64::MIN)
        .voids(u64::MAX);
    entry = entry.connector(&evil).key(&evil).token(&evil).tenant(&evil).client_id(&evil).aud(&evil);
    entry = entry
        .jti(&evil)
        .digest(&evil)
        .reason(&evil)
        .message(&evil)
        .object_id(&evil)
        .state(&evil)
        .spki_sha256(&evil);
    entry = entry.certificate_sha256(&evil).serial(&evil).count(u64::MAX);
    let mut bytes = Vec::new();
    encode(&entry, &mut bytes).unwrap();
    assert!(bytes.len() < 20_000, "{}", bytes.len());
}

proptest! {
    #[test]
    fn walking_any_bytes_ends_and_never_leaves_them(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut walk = Frames::new(&bytes);
        while walk.next().is_some() {}
        prop_assert!(walk.at() <= bytes.len());
        let _ = Tail::of(&bytes[walk.at()..]);
    }
}
