//! The button.

use std::thread;
use std::time::{Duration, Instant};

use tests::stage;
use tests::yubikey::Model;
use yubikey::{Error, PinPolicy, TouchPolicy};

use crate::client::{P256, SLOT, generate, is_good, managed, sign};

/// One that gives up soon.
const HASTY: Model = Model { serial: 1, firmware: "5.4.3", touch_time: 1 };

#[test]
fn a_key_that_wants_a_touch_waits_for_it() {
    let stage = stage!(Model::default());
    let mut key = managed();
    let public = generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Always);
    for _ in 0..2 {
        let signature = thread::scope(|scope| {
            let signing = scope.spawn(|| sign(&mut key, SLOT, P256));
            stage.keys[0].await_blinking();
            assert!(!signing.is_finished());
            stage.keys[0].touch();
            signing.join().unwrap().unwrap()
        });
        assert!(is_good(&public, &signature));
    }
}

#[test]
fn nobody_touched_it_so_it_refuses() {
    let _stage = stage!(HASTY);
    let mut key = managed();
    generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Always);
    let start = Instant::now();
    assert_eq!(sign(&mut key, SLOT, P256), Err(Error::AuthenticationError));
    assert!(start.elapsed() >= Duration::from_secs(HASTY.touch_time));
}

#[test]
fn a_cached_touch_is_enough_for_a_while() {
    let stage = stage!(HASTY);
    let mut key = managed();
    generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Cached);
    thread::scope(|scope| {
        let signing = scope.spawn(|| sign(&mut key, SLOT, P256));
        stage.keys[0].touch();
        signing.join().unwrap().unwrap();
    });
    sign(&mut key, SLOT, P256).unwrap();
}

#[test]
fn a_card_that_is_pulled_while_it_waits_does_not_sign() {
    let stage = stage!(Model::default());
    let mut key = managed();
    generate(&mut key, SLOT, P256, PinPolicy::Never, TouchPolicy::Always);
    thread::scope(|scope| {
        let signing = scope.spawn(|| sign(&mut key, SLOT, P256));
        stage.keys[0].await_blinking();
        stage.keys[0].pull();
        assert!(signing.join().unwrap().is_err());
    });
}
