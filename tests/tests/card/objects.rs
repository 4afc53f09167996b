//! Certificates and other objects.

use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, RetiredSlotId, SlotId};
use yubikey::{Certificate, Error};

use crate::client::{SLOT, managed, open, with_key};

/// The most bytes of an object.
const LARGEST: usize = 3052;

#[test]
fn a_certificate_is_written_read_and_deleted() {
    let stage = stage!(Model::default());
    let (mut key, _public) = with_key();
    let certificate = Certificate::from_bytes(piv::attest(&mut key, SLOT).unwrap()).unwrap();
    for slot in [SLOT, SlotId::Signature, SlotId::Retired(RetiredSlotId::R7)] {
        assert!(Certificate::read(&mut key, slot).is_err(), "{slot:?}");
        certificate.write(&mut key, slot, yubikey::certificate::CertInfo::Uncompressed).unwrap();
    }
    stage.keys[0].pull();
    stage.keys[0].insert();
    drop(key);
    let mut key = managed();
    for slot in [SLOT, SlotId::Signature, SlotId::Retired(RetiredSlotId::R7)] {
        assert_eq!(Certificate::read(&mut key, slot).unwrap().cert, certificate.cert);
        Certificate::delete(&mut key, slot).unwrap();
        assert!(Certificate::read(&mut key, slot).is_err());
    }
}

#[test]
fn an_object_has_a_largest_size() {
    let _stage = stage!(Model::default());
    let mut key = managed();
    for object in [0x5F_C105, 0x5F_FF11] {
        let mut bytes = vec![7; LARGEST];
        key.save_object(object, &mut bytes).unwrap();
        assert_eq!(*key.fetch_object(object).unwrap(), bytes);
    }
}

#[test]
fn a_new_card_has_no_objects_but_the_attestation_certificate() {
    let _stage = stage!(Model::default());
    let mut key = open();
    for object in (0x5F_C101..=0x5F_C102).chain(0x5F_C105..=0x5F_C107).chain(0x5F_C10A..=0x5F_C120) {
        assert_eq!(key.fetch_object(object), Err(Error::NotFound), "{object:x}");
    }
    key.fetch_object(0x5F_FF01).unwrap();
}
