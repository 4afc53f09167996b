//! The management key: of each cipher, protected by the PIN, and what needs it.

use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, ManagementSlotId, SlotAlgorithmId, SlotId};
use yubikey::{Error, MgmAlgorithmId, MgmKey, PinPolicy, TouchPolicy};

use crate::client::{P256, PIN, RECENT, SLOT, managed, open};

const MANAGEMENT: SlotId = SlotId::Management(ManagementSlotId::Management);

#[test]
fn keys_and_objects_are_written_by_the_manager_only() {
    let _stage = stage!(Model::default());
    let mut key = open();
    let made = piv::generate(&mut key, SLOT, P256, PinPolicy::Default, TouchPolicy::Default);
    assert_eq!(made.err(), Some(Error::AuthenticationError));
    assert_eq!(key.save_object(0x5F_C105, &mut [1, 2, 3]), Err(Error::AuthenticationError));
}

#[test]
fn another_management_key_is_refused() {
    let _stage = stage!(Model::default());
    let other = MgmKey::from_bytes([7; 24], Some(MgmAlgorithmId::ThreeDes)).unwrap();
    assert_eq!(open().authenticate(&other), Err(Error::AuthenticationError));
}

#[test]
fn every_cipher_is_taken() {
    let _stage = stage!(Model::default());
    for (algorithm, length) in [
        (MgmAlgorithmId::Aes128, 16),
        (MgmAlgorithmId::Aes192, 24),
        (MgmAlgorithmId::Aes256, 32),
        (MgmAlgorithmId::ThreeDes, 24),
    ] {
        let mut key = managed();
        let bytes: Vec<u8> = (0x31..).take(length).collect();
        let management = MgmKey::from_bytes(&bytes, Some(algorithm)).unwrap();
        management.set_manual(&mut key, false).unwrap();
        drop(key);
        let mut key = open();
        let told = piv::metadata(&mut key, MANAGEMENT).unwrap();
        assert_eq!((told.algorithm, told.default), (SlotAlgorithmId::Management(algorithm), Some(false)));
        key.authenticate(&management).unwrap();
        MgmKey::set_default(&mut key).unwrap();
    }
}

#[test]
fn recent_firmware_begins_with_aes() {
    let _stage = stage!(RECENT);
    let told = piv::metadata(&mut managed(), MANAGEMENT).unwrap();
    let expected = (SlotAlgorithmId::Management(MgmAlgorithmId::Aes192), Some(true));
    assert_eq!((told.algorithm, told.default), expected);
}

#[test]
fn a_management_key_protected_by_the_pin_is_read_with_the_pin_only() {
    let _stage = stage!(Model::default());
    let mut key = managed();
    key.verify_pin(PIN).unwrap();
    let bytes: Vec<u8> = (0x41..).take(24).collect();
    MgmKey::from_bytes(&bytes, Some(MgmAlgorithmId::ThreeDes)).unwrap().set_protected(&mut key).unwrap();
    drop(key);
    let mut key = open();
    assert!(MgmKey::get_protected(&mut key).is_err());
    key.verify_pin(PIN).unwrap();
    let management = MgmKey::get_protected(&mut key).unwrap();
    key.authenticate(&management).unwrap();
}
