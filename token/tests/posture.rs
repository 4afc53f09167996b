//! Bad keys made on purpose, by hand and past Kunci, on real tokens: each shows its flaws, and hides no other key.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

#[path = "posture/bad.rs"]
mod bad;
#[path = "posture/bench.rs"]
mod bench;
#[path = "posture/maker.rs"]
mod maker;
mod support;

use std::collections::BTreeSet;

use bench::{Soft, kryoptic, softhsm2};
use hsm_config::Flaw;
use support::host::{Host, be_a_host, pin_of};
use support::{is_role, messages};
use token::lane::{Done, KeyReport, MAX_LABEL, SURVEY_KEYS, TokenReport, Work};

/// Of how many bad templates a module has to take at least.
const ENOUGH: usize = 30;

#[test]
fn host_process() {
    be_a_host("host_process");
}

/// Runs in a process of its own: makes what it is told to, by bare PKCS#11.
#[test]
fn maker_process() {
    if is_role("maker_process") {
        maker::run();
    }
}

#[test]
fn every_bad_key_on_softhsm2_shows_its_flaw() {
    every_bad_key_shows_its_flaw(&softhsm2());
}

#[test]
fn every_bad_key_on_kryoptic_shows_its_flaw() {
    every_bad_key_shows_its_flaw(&kryoptic());
}

fn every_bad_key_shows_its_flaw(soft: &Soft) {
    let made = soft.make("bad");
    let host = Host::ready(soft.config());
    let good: Vec<_> = [("ps", 1), ("rs", 2), ("es", 3)].map(|(name, id)| host.generate(name, id)).into();
    let (token, keys) = survey(&host);
    let mut shown = 0;
    for bad in bad::all() {
        let found: Vec<_> = keys.iter().filter(|key| key.label == bad.label()).collect();
        if !made.contains(bad.name) {
            assert!(found.is_empty(), "{} was refused and is there", bad.name);
            eprintln!("{}: the module does not make it", bad.name);
            continue;
        }
        assert!(!found.is_empty(), "{} was made and is not seen", bad.name);
        for key in found {
            let flaws: BTreeSet<_> = key.flaws.iter().collect();
            assert!(bad.flaws.iter().all(|flaw| flaws.contains(flaw)), "{}: {key:#?}", bad.name);
        }
        shown += 1;
    }
    assert!(shown >= ENOUGH, "only {shown} bad keys were made");
    assert!(token.software && !token.wrapping_key, "{token:?}");
    for key in good {
        assert_eq!(key.flaws, [], "{:?}", key.attributes);
        assert!(keys.contains(&key), "a good key among bad ones reads otherwise: {key:#?}");
    }
}

#[test]
fn a_key_that_may_wrap_others_is_seen_whatever_it_is() {
    for (soft, what) in [softhsm2, kryoptic].iter().flat_map(|soft| ["aes", "rsa"].map(|what| (soft(), what)))
    {
        assert!(soft.make(what).contains(what), "{what} was not made");
        assert!(survey(&Host::ready(soft.config())).0.wrapping_key, "{what} of {}", soft.name);
    }
}

/// Each connector goes on, whatever lies beside its key.
#[test]
fn two_public_keys_and_a_label_without_end_do_not_hide_the_other_keys() {
    let soft = softhsm2();
    let key = Host::ready(soft.config()).generate("es", 1);
    soft.make("clutter");
    let host = Host::ready(soft.config());
    let (_, keys) = survey(&host);
    assert!(keys.contains(&key), "{keys:#?}");
    let twice = keys.iter().find(|key| key.label == "kunci:twice").unwrap();
    assert!(twice.flaws.contains(&Flaw::DuplicatePublic), "{twice:#?}");
    let endless = keys.iter().find(|key| key.label.len() > 100).unwrap();
    assert_eq!(endless.label.len(), MAX_LABEL);
    assert!(keys.len() > 2 * SURVEY_KEYS, "{} keys do not need several answers", keys.len());
    assert!(host.ask(messages::sign("es", pin_of(&key), messages::assertion())).is_ok());
}

/// Some modules tell points so, and a token's key is the same one whichever way it is told.
#[test]
fn a_compressed_point_is_the_same_key() {
    let soft = softhsm2();
    let key = Host::ready(soft.config()).generate("es", 1);
    soft.make("compressed");
    let host = Host::ready(soft.config());
    assert_eq!(survey(&host).1, std::slice::from_ref(&key));
    assert!(host.ask(messages::sign("es", pin_of(&key), messages::assertion())).is_ok());
}

#[test]
fn a_key_whose_point_is_off_its_curve_is_no_key_of_unknown_type() {
    let soft = softhsm2();
    assert!(soft.make("bad").contains("ec-off-curve"), "the module takes any point");
    let (_, keys) = survey(&Host::ready(soft.config()));
    let key = keys.iter().find(|key| key.label == "kunci:ec-off-curve").unwrap();
    assert_eq!((key.flaws.as_slice(), key.spki.len()), (&[Flaw::OffCurve][..], 0));
}

/// The whole survey, in as many answers as it takes.
fn survey(host: &Host) -> (TokenReport, Vec<KeyReport>) {
    let mut all = Vec::new();
    loop {
        let from = all.len().try_into().unwrap();
        let Ok(Done::Survey(token, keys)) = host.ask(Work::Survey { from }) else { panic!("after {from}") };
        let last = keys.len() < SURVEY_KEYS;
        all.extend(keys);
        if last {
            return (token, all);
        }
    }
}
