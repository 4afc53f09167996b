//! Keys in every slot and of every type that a YubiKey's firmware has; what it has not is refused before anything is made.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;

use hsm_config::PivSlot;
use tests::openssl::judge;
use tests::piv::PivRig;
use tests::wait::until;
use tests::yubikey::{Model, RECENT};

#[test]
fn keys_of_every_type_are_made_in_slots_and_sign_what_openssl_accepts() {
    let types = [
        ("de", "rsa-2048", "PS256", "82"),
        ("uk", "rsa-3072", "RS256", "83"),
        ("za", "rsa-4096", "PS256", "84"),
        ("us", "p-256", "ES256", "9c"),
    ];
    let mut rig = PivRig::of(RECENT).token_line("slots = { us = \"9c\" }");
    for (connector, key, algorithm, _) in &types[1..] {
        rig = rig.connector(connector, key, algorithm);
    }
    let agent = rig.provisioned();
    for (connector, key, algorithm, _) in types {
        let bits = if key == "p-256" { "256" } else { &key[4..] };
        let seen = judge(&rig.rig, &agent, connector, algorithm);
        assert!(seen.contains(&format!("({bits} bit")), "{connector}: {seen}");
    }
    let status = &agent.tokens()[0];
    assert_eq!((&status["serial"], &status["grade"]), (&"20000002".into(), &"asserted".into()));
    types.iter().for_each(|(connector, .., slot)| drop(stored(&rig, connector, slot)));
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn longer_rsa_keys_than_the_firmware_has_are_refused_before_any_key_is_made() {
    let rig = PivRig::new().connector("uk", "rsa-3072", "RS256").connector("za", "rsa-4096", "PS256");
    let _agent = rig.start();
    for (connector, key) in [("uk", "rsa-3072"), ("za", "rsa-4096")] {
        let refused = rig.rig.kunci(&["provision", connector]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        let why = format!("{key} keys come with firmware 5.7, and this YubiKey has 5.4.3: use rsa-2048");
        assert!(!refused.status.success() && said.contains(&why), "{said}");
    }
    // GENERATE ASYMMETRIC KEY PAIR was never sent, and no birth is on record.
    assert_eq!(rig.key.commands("47"), 0);
    assert!(!rig.rig.entries().iter().any(|entry| entry.state.is_some()), "a key was begun");
}

#[test]
fn firmware_that_does_not_tell_what_a_slot_holds_uses_the_slot_that_is_named_and_no_other() {
    let rig = PivRig::of(Model { firmware: "5.2.7", ..Model::default() });
    let agent = rig.start();
    let refused = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("firmware before 5.3 does not tell which slots are free: name one in slots"),
        "{said}"
    );
    assert_eq!(rig.key.commands("47"), 0);
    drop(agent);
    let rig = rig.token_line("slots = { de = \"9d\" }");
    drop(rig.provisioned());
    let agent = rig.start();
    agent.wait_ready();
    judge(&rig.rig, &agent, "de", "PS256");
    assert_eq!((rig.key.commands("47"), rig.key.commands("f7")), (1, 0), "GET METADATA came with 5.3");
}

#[test]
fn every_slot_that_the_configuration_names_holds_its_connectors_key() {
    let slots: Vec<_> = PivSlot::all().map(|slot| slot.to_string()).collect();
    let named: Vec<_> = slots.iter().map(|slot| format!("in-{slot} = {slot:?}")).collect();
    let mut rig = PivRig::new().no_connector().token_line(&format!("slots = {{ {} }}", named.join(", ")));
    for slot in &slots {
        rig = rig.connector(&format!("in-{slot}"), "p-256", "ES256");
    }
    let agent = rig.provisioned();
    for slot in &slots {
        judge(&rig.rig, &agent, &format!("in-{slot}"), "ES256");
    }
    let certificates: BTreeSet<_> =
        slots.iter().map(|slot| stored(&rig, &format!("in-{slot}"), slot)).collect();
    assert_eq!((slots.len(), certificates.len()), (24, 24));
    // The log names the place of each key.
    let births = rig.rig.entries().into_iter().filter(|entry| entry.state.as_deref() == Some("generating"));
    let places: BTreeSet<_> = births.map(|entry| entry.key.unwrap()[..8].to_owned()).collect();
    let expected: BTreeSet<_> = slots.iter().map(|slot| format!("504956{slot}")).collect();
    assert_eq!(places, expected);
}

#[test]
fn what_is_no_slot_for_keys_is_refused_with_the_slots_that_are() {
    let rig = PivRig::new().token_line("slots = { de = \"9a\" }");
    rig.write();
    rig.rig.kunci_ok(&["config", "check"]);
    let good = fs::read_to_string(rig.rig.at("kunci.toml")).unwrap();
    for bad in ["9b", "f9", "81", "96", "9A", "0x9a", "signature"] {
        rig.rig.private("kunci.toml", &good.replace("\"9a\"", &format!("{bad:?}")));
        let refused = rig.rig.kunci(&["config", "check"]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{bad}: {said}");
        let told = [
            &format!("{bad:?} is not a slot for keys"),
            "write \"9a\", \"9c\", \"9d\", \"9e\", or \"82\" to \"95\"",
        ];
        assert!(told.iter().all(|text| said.contains(text)) && said.contains("kunci.toml:"), "{said}");
    }
}

/// The certificate in a slot, where other programs look for it; it must be the connector's.
#[track_caller]
fn stored(rig: &PivRig, connector: &str, slot: &str) -> String {
    let stored = rig.tool(&["-a", "read-certificate", "-s", slot]);
    // The tool has the card to itself for a moment and resets it when it is done, so that the host logs in anew.
    let served = until("the agent has the card again", || {
        let output = rig.rig.kunci(&["cert", connector]);
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    });
    assert_eq!(stored.trim(), served.trim(), "{slot}");
    stored
}
