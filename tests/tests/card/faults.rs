//! Faults that a test orders.

use std::thread;
use std::time::{Duration, Instant};

use tests::stage;
use tests::yubikey::Model;
use yubikey::{Error, PinPolicy, TouchPolicy, YubiKey};

use crate::client::{P256, PIN, SLOT, generate, is_good, managed, open, sign};

#[test]
fn an_answer_is_replaced_as_often_as_was_said() {
    let stage = stage!(Model::default());
    let (mut key, public) = free_key();
    stage.keys[0].fault("87 sw=6F00 2");
    assert_eq!(
        [sign(&mut key, SLOT, P256), sign(&mut key, SLOT, P256)],
        [const { Err(Error::GenericError) }; 2]
    );
    assert!(is_good(&public, &sign(&mut key, SLOT, P256).unwrap()));
}

#[test]
fn a_corrupt_signature_is_not_accepted() {
    let stage = stage!(Model::default());
    let (mut key, public) = free_key();
    stage.keys[0].fault("87 corrupt");
    assert!(!is_good(&public, &sign(&mut key, SLOT, P256).unwrap()));
    assert!(is_good(&public, &sign(&mut key, SLOT, P256).unwrap()));
}

#[test]
fn a_card_that_vanishes_while_it_signs_comes_back_with_its_keys() {
    let stage = stage!(Model::default());
    let (key, public) = free_key();
    drop(key);
    for fault in ["87 vanish", "87 vanish-after"] {
        stage.keys[0].fault(fault);
        // One after the other: a client that lets go of a card resets it for those who came later.
        assert!(sign(&mut open(), SLOT, P256).is_err(), "{fault}");
        assert!(YubiKey::open().is_err());
        stage.keys[0].insert();
        assert!(is_good(&public, &sign(&mut open(), SLOT, P256).unwrap()));
    }
}

#[test]
fn a_pin_whose_acceptance_was_never_heard_of_costs_nothing() {
    let stage = stage!(Model::default());
    let mut key = open();
    stage.keys[0].fault("20 sw-after=6F00");
    assert_eq!(key.verify_pin(PIN), Err(Error::GenericError));
    key.verify_pin(PIN).unwrap();
    assert_eq!(stage.keys[0].refused_pins(), 0);
}

#[test]
fn a_slow_card_is_slow_and_a_hanging_one_hangs() {
    let stage = stage!(Model::default());
    let (mut key, _public) = free_key();
    let start = Instant::now();
    stage.keys[0].fault("87 delay=300");
    sign(&mut key, SLOT, P256).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
    stage.keys[0].fault("87 hang");
    thread::scope(|scope| {
        let before = stage.keys[0].commands("87");
        let signing = scope.spawn(|| sign(&mut key, SLOT, P256));
        tests::wait::until_true("the card is asked", || stage.keys[0].commands("87") > before);
        assert!(!signing.is_finished());
        stage.keys[0].clear_faults();
        assert!(signing.join().unwrap().is_err());
    });
}

/// A key that wants neither PIN nor touch.
fn free_key() -> (YubiKey, Vec<u8>) {
    let mut key = managed();
    let public = generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Never);
    (key, public)
}
