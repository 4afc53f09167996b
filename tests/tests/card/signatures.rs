//! Keys and signatures: of each kind that is offered, under each PIN policy.

use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, AlgorithmId, Origin, RetiredSlotId, SlotAlgorithmId, SlotId};
use yubikey::{Error, PinPolicy, TouchPolicy};

use crate::client::{P256, PIN, RECENT, SLOT, generate, is_good, managed, open, sign, with_key};

#[test]
fn another_implementation_accepts_what_it_signs() {
    let _stage = stage!(RECENT);
    let mut key = managed();
    for (slot, algorithm) in [
        (SlotId::Authentication, P256),
        (SlotId::Signature, AlgorithmId::Rsa2048),
        (SlotId::CardAuthentication, P256),
        (SlotId::Retired(RetiredSlotId::R1), AlgorithmId::Rsa3072),
        (SlotId::Retired(RetiredSlotId::R20), P256),
    ] {
        let public = generate(&mut key, slot, algorithm, PinPolicy::Default, TouchPolicy::Default);
        key.verify_pin(PIN).unwrap();
        let signature = sign(&mut key, slot, algorithm).unwrap();
        assert!(is_good(&public, &signature), "{slot:?} {algorithm:?}");
    }
}

#[test]
fn rsa_4096_is_offered_by_recent_firmware() {
    let _stage = stage!(RECENT);
    let mut key = managed();
    let algorithm = AlgorithmId::Rsa4096;
    let public = generate(&mut key, SLOT, algorithm, PinPolicy::Never, TouchPolicy::Default);
    assert!(is_good(&public, &sign(&mut key, SLOT, algorithm).unwrap()));
}

#[test]
fn longer_rsa_is_not_offered_by_older_firmware() {
    let _stage = stage!(Model::default());
    let mut key = managed();
    for algorithm in [AlgorithmId::Rsa3072, AlgorithmId::Rsa4096] {
        let made = piv::generate(&mut key, SLOT, algorithm, PinPolicy::Default, TouchPolicy::Default);
        assert_eq!(made.err(), Some(Error::AlgorithmError));
    }
}

#[test]
fn a_signature_under_another_key_is_not_accepted() {
    let _stage = stage!(Model::default());
    let (mut key, public) = with_key();
    let other = generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Default);
    let signature = sign(&mut key, SLOT, P256).unwrap();
    assert!(is_good(&other, &signature));
    assert!(!is_good(&public, &signature));
}

#[test]
fn each_pin_policy_is_kept() {
    let _stage = stage!(Model::default());
    let slots = [
        (SlotId::Retired(RetiredSlotId::R1), PinPolicy::Never),
        (SlotId::Retired(RetiredSlotId::R2), PinPolicy::Once),
        (SlotId::Retired(RetiredSlotId::R3), PinPolicy::Always),
    ];
    let mut key = managed();
    for (slot, policy) in slots {
        generate(&mut key, slot, P256, policy, TouchPolicy::Never);
    }
    let mut signs = |slot: usize| sign(&mut key, slots[slot].0, P256).is_ok();
    assert_eq!([signs(0), signs(1), signs(2)], [true, false, false]);
    key.verify_pin(PIN).unwrap();
    let mut signs = |slot: usize| sign(&mut key, slots[slot].0, P256).is_ok();
    assert_eq!([signs(2), signs(2), signs(1), signs(1)], [true, false, true, true]);
}

#[test]
fn metadata_tell_what_a_key_is() {
    let _stage = stage!(Model::default());
    let mut key = managed();
    assert_eq!(piv::metadata(&mut key, SLOT).err(), Some(Error::NotFound));
    let public = generate(&mut key, SLOT, AlgorithmId::Rsa2048, PinPolicy::Once, TouchPolicy::Cached);
    let told = piv::metadata(&mut open(), SLOT).unwrap();
    assert_eq!(told.algorithm, SlotAlgorithmId::Asymmetric(AlgorithmId::Rsa2048));
    assert_eq!(told.policy, Some((PinPolicy::Once, TouchPolicy::Cached)));
    assert_eq!(told.origin, Some(Origin::Generated));
    assert_eq!(der::Encode::to_der(&told.public.unwrap()).unwrap(), public);
}
