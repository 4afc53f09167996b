//! Readers: which YubiKeys are there, pulled and put back.

use tests::stage;
use tests::yubikey::Model;
use yubikey::{Context, Serial, YubiKey};

use crate::client::{P256, PIN, RECENT, SLOT, is_good, open, sign, with_key};

#[test]
fn two_are_told_apart_by_serial_number_and_version() {
    let _stage = stage!(Model::default(), RECENT);
    let mut context = Context::open().unwrap();
    let mut seen: Vec<(String, u32, String)> = Vec::new();
    for reader in context.iter().unwrap() {
        let key = reader.open().unwrap();
        seen.push((reader.name().into_owned(), key.serial().0, key.version().to_string()));
    }
    let name = |reader: u8| format!("Yubico YubiKey OTP+FIDO+CCID 00 0{reader}");
    let expected = [(name(0), 10_000_001, "5.4.3".to_owned()), (name(1), 20_000_002, "5.7.4".to_owned())];
    assert_eq!(seen, expected);
    assert!(YubiKey::open().is_err());
    assert_eq!(YubiKey::open_by_serial(Serial(20_000_002)).unwrap().serial().0, 20_000_002);
}

#[test]
fn pulled_it_is_gone_and_put_back_it_has_its_keys() {
    let stage = stage!(Model::default());
    let (mut key, public) = with_key();
    key.verify_pin(PIN).unwrap();
    stage.keys[0].pull();
    assert!(sign(&mut key, SLOT, P256).is_err());
    drop(key);
    assert!(YubiKey::open().is_err());
    stage.keys[0].insert();
    let mut key = open();
    key.verify_pin(PIN).unwrap();
    assert!(is_good(&public, &sign(&mut key, SLOT, P256).unwrap()));
}

#[test]
fn keys_of_two_are_not_the_same() {
    let _stage = stage!(Model::default(), RECENT);
    let publics = [10_000_001, 20_000_002].map(|serial| {
        let mut key = YubiKey::open_by_serial(Serial(serial)).unwrap();
        let management = yubikey::MgmKey::get_default(&key).unwrap();
        key.authenticate(&management).unwrap();
        let policies = (yubikey::PinPolicy::Default, yubikey::TouchPolicy::Default);
        crate::client::generate(&mut key, SLOT, P256, policies.0, policies.1)
    });
    assert_ne!(publics[0], publics[1]);
}
