//! PIN and PUK: counted, blocked, unblocked, forgotten.

use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, ManagementSlotId, Retries, SlotId};
use yubikey::{Error, YubiKey};

use crate::client::{P256, PIN, PUK, SLOT, WRONG_PIN, managed, open, sign, with_key};

const NEW_PIN: &[u8] = b"11223344";

#[test]
fn a_wrong_pin_costs_a_try_and_the_right_one_gives_all_back() {
    let stage = stage!(Model::default());
    let mut key = open();
    assert_eq!(key.verify_pin(WRONG_PIN), Err(Error::WrongPin { tries: 2 }));
    assert_eq!(tries(&mut key, ManagementSlotId::Pin), (3, 2));
    key.verify_pin(PIN).unwrap();
    assert_eq!(tries(&mut key, ManagementSlotId::Pin), (3, 3));
    assert_eq!(stage.keys[0].refused_pins(), 1);
}

#[test]
fn a_blocked_pin_is_refused_even_when_right_until_the_puk_unblocks_it() {
    let _stage = stage!(Model::default());
    let (mut key, _public) = with_key();
    for left in [2, 1, 0] {
        assert_eq!(key.verify_pin(WRONG_PIN), Err(Error::WrongPin { tries: left }));
    }
    assert_eq!(key.verify_pin(PIN), Err(Error::WrongPin { tries: 0 }));
    assert!(sign(&mut key, SLOT, P256).is_err());
    key.unblock_pin(PUK, NEW_PIN).unwrap();
    key.verify_pin(NEW_PIN).unwrap();
    sign(&mut key, SLOT, P256).unwrap();
}

#[test]
fn a_wrong_puk_is_counted_too() {
    let _stage = stage!(Model::default());
    let mut key = open();
    assert_eq!(key.unblock_pin(b"87654321", NEW_PIN), Err(Error::WrongPin { tries: 2 }));
    assert_eq!(tries(&mut key, ManagementSlotId::Puk), (3, 2));
}

#[test]
fn it_tells_whether_pin_and_puk_are_the_factorys() {
    let _stage = stage!(Model::default());
    let mut key = open();
    assert!(is_factory(&mut key, ManagementSlotId::Pin) && is_factory(&mut key, ManagementSlotId::Puk));
    key.change_pin(PIN, NEW_PIN).unwrap();
    key.change_puk(PUK, b"87654321").unwrap();
    assert!(!is_factory(&mut key, ManagementSlotId::Pin) && !is_factory(&mut key, ManagementSlotId::Puk));
    assert_eq!(key.verify_pin(PIN), Err(Error::WrongPin { tries: 2 }));
    key.verify_pin(NEW_PIN).unwrap();
}

#[test]
fn a_shown_pin_is_forgotten_with_the_power() {
    let stage = stage!(Model::default());
    let (mut key, _public) = with_key();
    key.verify_pin(PIN).unwrap();
    sign(&mut key, SLOT, P256).unwrap();
    stage.keys[0].pull();
    stage.keys[0].insert();
    drop(key);
    assert!(sign(&mut open(), SLOT, P256).is_err());
}

#[test]
fn the_manager_sets_how_many_tries_there_are() {
    let stage = stage!(Model::default());
    let mut key = managed();
    key.verify_pin(PIN).unwrap();
    key.set_pin_retries(5, 4).unwrap();
    assert_eq!(tries(&mut key, ManagementSlotId::Pin), (5, 5));
    assert_eq!(tries(&mut key, ManagementSlotId::Puk), (4, 4));
    stage.keys[0].set_tries(1, 4);
    assert_eq!(key.verify_pin(WRONG_PIN), Err(Error::WrongPin { tries: 0 }));
}

/// How many tries there are at most, and how many are left.
fn tries(key: &mut YubiKey, slot: ManagementSlotId) -> (u8, u8) {
    let Retries { retry_count, remaining_count } =
        piv::metadata(key, SlotId::Management(slot)).unwrap().retries.unwrap();
    (retry_count, remaining_count)
}

fn is_factory(key: &mut YubiKey, slot: ManagementSlotId) -> bool {
    piv::metadata(key, SlotId::Management(slot)).unwrap().default.unwrap()
}
