use super::*;
use crate::samples::{self, HSM_DEVICE, HSM_LEAF, PIV_F9, PIV_LEAF};
use crate::tests::{evidence, today};
use crate::{Report, verify};

fn asked(names: [&str; 2], change: impl Fn(&mut Question)) -> Report {
    let mut question = Question::at(today());
    change(&mut question);
    let files = names.map(samples::read);
    verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question)
}

fn required(names: [&str; 2], requirement: &str) -> Report {
    asked(names, |question| question.requirements = vec![requirement.parse().unwrap()])
}

#[test]
fn what_the_evidence_says_is_met() {
    for requirement in [
        "touch=never",
        "pin=always",
        "firmware>=5.2.7",
        "firmware>=4.99.0",
        "origin=generated",
        "not-exportable",
        "slot=9c",
        "slot=9C",
        "algorithm=EC P-256",
        "algorithm=ec p-256",
    ] {
        assert!(required([PIV_LEAF, PIV_F9], requirement).is_yes(), "{requirement}");
    }
}

#[test]
fn what_it_says_otherwise_or_not_at_all_makes_the_answer_no_and_keeps_the_verdict() {
    for requirement in [
        "touch=always",
        "touch=cached",
        "pin=once",
        "firmware>=5.2.8",
        "firmware>=5.10.0",
        "fips",
        "slot=9a",
        "algorithm=RSA 2048",
    ] {
        let report = required([PIV_LEAF, PIV_F9], requirement);
        assert_eq!((report.verdict, report.is_yes()), (Verdict::Proven, false), "{requirement}");
        assert_eq!(report.findings[0].code, "requirement-unmet", "{requirement}");
    }
    for requirement in ["touch=always", "touch=never", "pin=always", "fips"] {
        let report = required([HSM_LEAF, HSM_DEVICE], requirement);
        assert!(report.findings[0].message.ends_with("The evidence says: nothing of it."), "{requirement}");
    }
}

#[test]
fn every_policy_is_met_by_the_device_that_has_it_and_by_no_other() {
    use crate::yubico::tests::{Hierarchy, POLICIES};
    let pins = [("pin=never", 1), ("pin=once", 2), ("pin=always", 3)];
    let touches = [("touch=never", 1), ("touch=always", 2), ("touch=cached", 3)];
    for ((pin, pin_policy), (touch, touch_policy)) in pins.into_iter().zip(touches) {
        let said = [pin_policy, touch_policy];
        let device = Hierarchy::old().leaf(|leaf| leaf.without(&POLICIES).yubico(POLICIES, &said));
        assert!(device.ask_for(&[pin, touch]).is_yes(), "{pin} {touch}");
        let others = pins.iter().chain(&touches).filter(|(other, _)| ![pin, touch].contains(other));
        others.for_each(|(other, _)| assert!(!device.ask_for(&[other]).is_yes(), "{other} of {said:?}"));
    }
}

#[test]
fn a_fips_series_is_met_by_its_form_factor() {
    use crate::yubico::tests::Hierarchy;
    let device =
        |form_factor: u8| Hierarchy::old().leaf(|leaf| leaf.without(&[3, 9]).yubico([3, 9], &[form_factor]));
    assert!(device(0x84).ask_for(&["fips"]).is_yes());
    assert!(!device(0x04).ask_for(&["fips"]).is_yes());
}

#[test]
fn a_key_from_outside_or_on_its_way_out_meets_neither_requirement() {
    use crate::yubico::hsm::tests::new_generation;
    let changed =
        |arcs: [u8; 2], value: &[u8]| new_generation().leaf(|leaf| leaf.without(&arcs).yubico(arcs, value));
    let imported = changed([4, 3], &[0x03, 0x02, 0x00, 0x02]);
    let exportable = changed([4, 5], &[0x03, 0x09, 0x00, 0, 0, 0, 0, 0, 1, 0, 0x80]);
    for (chain, unmet, met) in
        [(imported, "origin=generated", "not-exportable"), (exportable, "not-exportable", "origin=generated")]
    {
        assert!(chain.ask_for(&[met]).is_yes(), "{met}");
        let report = chain.ask_for(&[unmet]);
        assert_eq!(
            (report.verdict, report.findings[0].code),
            (Verdict::Proven, "requirement-unmet"),
            "{unmet}"
        );
    }
}

#[test]
fn a_serial_number_must_be_the_devices() {
    let serial =
        |wanted: &str| asked([PIV_LEAF, PIV_F9], |question| question.serial = Some(wanted.to_owned()));
    assert!(serial("15422467").is_yes());
    let other = serial("15422468");
    assert_eq!((other.verdict, other.findings[0].code), (Verdict::Proven, "serial-mismatch"));
    assert!(!other.is_yes());
}

#[test]
fn another_key_than_the_expected_one_contradicts() {
    let key = |name: &'static str| {
        let expected = crate::key(&samples::read(name)).unwrap();
        asked([PIV_LEAF, PIV_F9], move |question| question.key = Some(expected.clone()))
    };
    assert!(key(PIV_LEAF).is_yes());
    let other = key(PIV_F9);
    assert_eq!((other.verdict, other.findings[0].code), (Verdict::Contradicted, "key-mismatch"));
}

#[test]
fn a_known_weakness_is_a_warning_unless_none_is_allowed() {
    let tolerated = asked([PIV_LEAF, PIV_F9], |_| ());
    assert_eq!((tolerated.findings[0].code, tolerated.findings[0].level), ("eucleak", Level::Warning));
    let refused = required([PIV_LEAF, PIV_F9], "no-known-weakness");
    assert_eq!((refused.findings[0].code, refused.findings[0].level), ("eucleak", Level::Error));
    assert_eq!((refused.verdict, refused.is_yes()), (Verdict::Proven, false));
    assert!(required([HSM_LEAF, HSM_DEVICE], "no-known-weakness").is_yes(), "Ed25519 does not leak");
}

#[test]
fn a_requirement_that_is_not_known_is_refused() {
    for text in [
        "",
        "touch",
        "touch=",
        "touch=sometimes",
        "firmware>=5",
        "firmware>=5.4.x",
        "firmware=5.4.3",
        "slot=",
        "FIPS",
    ] {
        assert!(text.parse::<Requirement>().is_err(), "{text}");
    }
}

#[test]
fn a_requirement_is_shown_as_it_was_written() {
    for text in [
        "touch=cached",
        "pin=once",
        "fips",
        "firmware>=5.4.3",
        "origin=generated",
        "not-exportable",
        "no-known-weakness",
    ] {
        assert_eq!(text.parse::<Requirement>().unwrap().to_string(), text);
    }
}

/// One key in two devices of a maker's, as one that was made in the first and wrapped into the second.
#[test]
fn a_better_attestation_of_a_key_hides_no_worse_one_in_whatever_order() {
    use crate::yubico::tests::{Hierarchy, POLICIES};
    const SERIAL: [u8; 2] = [3, 7];
    let one = Hierarchy::old();
    let spki = one.keys[0].spki();
    let mut other = Hierarchy::old().leaf(|leaf| {
        let leaf = leaf.without(&SERIAL).yubico(SERIAL, &[2, 1, 7]);
        leaf.without(&POLICIES).yubico(POLICIES, &[2, 2])
    });
    other.drafts[0].spki = spki;
    let [mut one, mut other] = [one.given(), other.given()];
    let roots = [one.pop().unwrap(), other.pop().unwrap()];
    let ask = |serial: Option<&str>, requirements: &[&str]| {
        let question = Question {
            roots: roots.iter().flat_map(|root| crate::Anchor::given(root.der()).unwrap()).collect(),
            serial: serial.map(str::to_owned),
            requirements: requirements.iter().map(|text| text.parse().unwrap()).collect(),
            ..Question::at(today())
        };
        let orders = [[&one, &other], [&other, &one]].map(|order| {
            let files: Vec<&[u8]> = order.into_iter().flatten().map(|one| one.der()).collect();
            verify(&evidence(&files), &question)
        });
        let [first, second] = orders;
        assert_eq!(first, second, "the order of files is no matter");
        first
    };
    for serial in ["7", "10424884"] {
        let report = ask(Some(serial), &["pin=once"]);
        assert!(report.is_yes() && report.serial.as_deref() == Some(serial), "{report:?}");
        let report = ask(Some(serial), &["touch=cached"]);
        assert_eq!((report.is_yes(), report.findings[0].code), (false, "requirement-unmet"), "{serial}");
    }
    assert_eq!(ask(Some("8"), &[]).findings[0].code, "serial-mismatch");
    let weak = ask(None, &["no-known-weakness"]);
    let errors = weak.findings.iter().filter(|one| one.level == Level::Error && one.code == "eucleak");
    assert_eq!(errors.count(), 2, "of each device: {weak:?}");
}
