//! How keys on a YubiKey are graded: the good ones raise no alarm, and each that fails a requirement shows it and signs
//! nothing, while others go on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use tests::openssl::judge;
use tests::piv::{MANAGEMENT_KEY, PivRig};

#[test]
fn good_keys_of_each_type_and_policy_are_asserted_and_have_no_finding() {
    let rig = PivRig::new().connector("us", "p-256", "ES256").token_line("slots = { us = \"9c\" }");
    let agent = rig.provisioned();
    let (code, checked) = check(&rig);
    assert_eq!((code, checked.len()), (Some(0), 2), "{checked:?}");
    for key in &checked {
        assert_eq!(
            (findings(key), &key["grade"], &key["probe"]),
            (vec![], &"asserted".into(), &true.into()),
            "{key}"
        );
    }
    drop(agent);
    let rig = rig.token_line("pin_policy = \"always\"").connector("za", "rsa-2048", "RS256");
    let _agent = rig.provisioned();
    let (code, checked) = check(&rig);
    assert_eq!((code, checked.len()), (Some(0), 3), "{checked:?}");
    assert!(checked.iter().all(|key| findings(key).is_empty()), "{checked:?}");
}

#[test]
fn a_key_that_was_brought_signs_nothing_and_others_go_on() {
    let rig = PivRig::new().connector("us", "p-256", "ES256");
    let agent = rig.provisioned();
    rig.key.mark_imported("82");
    let (code, checked) = check(&rig);
    assert_eq!(code, Some(1));
    let flaws: Vec<_> = checked.iter().map(findings).collect();
    assert_eq!(flaws, [vec!["not-local".to_owned()], vec![]], "{checked:?}");
    agent.assertion("de").refused(503, "key-unfit");
    judge(&rig.rig, &agent, "us", "ES256");
}

#[test]
fn a_key_that_signs_without_a_pin_is_adopted_only_by_an_exception() {
    let rig = PivRig::new().token_line("slots = { de = \"9e\" }");
    let manager = format!("--key={MANAGEMENT_KEY}");
    rig.tool(&["-a", "generate", "-s", "9e", "-A", "RSA2048", "--pin-policy=never", &manager]);
    let agent = rig.start();
    let (_, checked) = check(&rig);
    assert_eq!(findings(&checked[0]), ["not-private"]);
    let digest = checked[0]["spki_sha256"].as_str().unwrap().to_owned();
    let adopt = ["provision", "de", "--adopt", "--spki-sha256", &digest, "--new-certificate"];
    let refused = rig.rig.kunci(&adopt);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not-private"), "{said}");
    drop(agent);
    let rig = rig.token_line("exceptions = [\"not-private\"]");
    let agent = rig.start();
    rig.rig.kunci_ok(&adopt);
    judge(&rig.rig, &agent, "de", "PS256");
    assert!(rig.rig.kunci_ok(&["status"]).contains("by exception: not-private"));
}

#[test]
fn a_certificate_without_a_key_keeps_its_slot_from_being_used() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let certificate = rig.rig.at("other.pem");
    std::fs::write(&certificate, rig.rig.kunci_ok(&["cert", "de"])).unwrap();
    drop(agent);
    let (file, manager) = (certificate.to_str().unwrap(), format!("--key={MANAGEMENT_KEY}"));
    rig.tool(&["-a", "import-certificate", "-s", "9d", "-i", file, &manager]);
    let rig = rig.connector("us", "p-256", "ES256").token_line("slots = { us = \"9d\" }");
    let _agent = rig.start();
    let refused = rig.rig.kunci(&["provision", "us"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("there is only a certificate, so nobody can adopt it"),
        "{said}"
    );
}

/// What `kunci token check` exits with, and each key that it found.
fn check(rig: &PivRig) -> (Option<i32>, Vec<Value>) {
    let output = rig.rig.kunci(&["--json", "token", "check", "key"]);
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), checked["keys"].as_array().unwrap().clone())
}

fn findings(of: &Value) -> Vec<String> {
    of["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect()
}
