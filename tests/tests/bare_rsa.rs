//! A token that lacks a mechanism: without CKM_SHA256_RSA_PKCS no key signs but by the exception `bare-rsa-pkcs`, by which
//! the host hashes; without CKM_RSA_PKCS_PSS no PS256 is signed. The fault module hides the mechanism of SoftHSM2.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use cryptoki_sys::{CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS};
use tests::Rig;
use tests::faults::{Action, Faults, Function, Times};
use tests::openssl::judge;

/// The exception.
const BARE: &str = "bare-rsa-pkcs";
const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\n\
                     may = [\"provision\", \"init\", \"check\"]\n";

/// An initialised token and no key: `de` for RS256, `uk` for PS256.
fn rig() -> Rig {
    let rig = Rig::bare().connector("de", "rsa-2048", "RS256").connector("uk", "rsa-2048", "PS256");
    let rig = rig.rules(RULES).with_faults();
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    rig
}

/// The token has this mechanism no more.
fn hide(rig: &Rig, mechanism: u64) -> Faults {
    let faults = Faults::of(rig);
    for function in [Function::GetMechanismInfo, Function::GetMechanismList, Function::SignInit] {
        faults.strike(function, Action::Hide, mechanism, Times::Always);
    }
    faults
}

#[test]
fn without_a_hashed_mechanism_no_rsa_key_is_made_or_signs() {
    let rig = rig();
    rig.kunci_ok(&["provision", "uk"]);
    hide(&rig, CKM_SHA256_RSA_PKCS);
    let agent = rig.spawn();
    agent.await_surveys();
    let refused = rig.kunci(&["--json", "provision", "de"]);
    assert!(!refused.status.success(), "{refused:?}");
    agent.await_output(&format!("not what was asked for: {BARE}"));
    let refused = agent.assertion("uk").refused(503, "key-unfit").json();
    assert!(refused["detail"].as_str().unwrap().contains(BARE), "{refused}");
}

#[test]
fn by_the_named_exception_the_host_hashes_and_the_signature_is_good() {
    let rig = rig();
    let faults = hide(&rig, CKM_SHA256_RSA_PKCS);
    rig.except(&[BARE]);
    rig.kunci_ok(&["provision", "--all"]);
    let agent = rig.start();
    assert_eq!(judge(&rig, &agent, "de", "RS256"), "Public-Key: (2048 bit)");
    judge(&rig, &agent, "uk", "PS256");
    assert!(faults.blows(Function::GetMechanismInfo) > 0);
    assert_eq!(agent.connectors()[0]["keys"][0]["exceptions"], serde_json::json!([BARE]));
    assert!(agent.stop().success());
    let excused = rig.postures(&format!("exception {BARE}"));
    assert_eq!(excused.len(), 4, "once for each key in the life of each of two agents: {excused:?}");
    rig.assert_whole();
}

#[test]
fn without_pss_no_ps256_is_signed_and_rs256_is() {
    let rig = rig();
    rig.kunci_ok(&["provision", "--all"]);
    hide(&rig, CKM_RSA_PKCS_PSS);
    let agent = rig.start();
    agent.assertion("uk").refused(500, "token-failed");
    judge(&rig, &agent, "de", "RS256");
}
