//! A YubiKey as a token, in the production configuration: keys made in its slots, assertions judged by openssl, and what
//! is refused before any secret is tried.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tests::piv::{MANAGEMENT_KEY, PIN, PivRig};
use tests::yubikey::Model;
use tests::{Agent, Rig};

/// A model with RSA-3072 and RSA-4096.
const RECENT: Model = Model { serial: 20_000_002, firmware: "5.7.4", touch_time: 15 };

#[test]
fn keys_of_every_kind_are_made_in_slots_and_sign_what_openssl_accepts() {
    // Debian's yubico-piv-tool cannot change an AES management key, so this is a trial.
    let rig = trial(RECENT)
        .connector("uk", "rsa-3072", "RS256")
        .connector("us", "p-256", "ES256")
        .token_line("slots = { us = \"9c\" }");
    let agent = rig.provisioned();
    for (connector, algorithm) in [("de", "PS256"), ("uk", "RS256"), ("us", "ES256")] {
        judge(&rig.rig, &agent, connector, algorithm);
    }
    // The certificate is in the slot, where other programs look for it.
    for (slot, connector) in [("82", "de"), ("83", "uk"), ("9c", "us")] {
        let stored = rig.tool(&["-a", "read-certificate", "-s", slot]);
        assert_eq!(stored.trim(), rig.rig.kunci_ok(&["cert", connector]).trim(), "{slot}");
    }
    let status = &agent.tokens()[0];
    assert_eq!((&status["serial"], &status["grade"]), (&"20000002".into(), &"asserted".into()));
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn the_keys_are_found_again_after_a_restart() {
    let rig = PivRig::new().token_line("slots = { de = \"9a\" }");
    drop(rig.provisioned());
    let agent = rig.start();
    agent.wait_ready();
    judge(&rig.rig, &agent, "de", "PS256");
}

#[test]
fn a_wrong_pin_is_tried_once_and_latches_across_restarts() {
    let rig = PivRig::new();
    rig.rig.private("pin", "111111");
    let agent = rig.spawn();
    agent.await_tokens("latched");
    drop(agent);
    let agent = rig.spawn();
    agent.await_tokens("latched");
    assert_eq!(rig.key.refused_pins(), 1);
    rig.rig.private("pin", PIN);
    rig.rig.kunci_ok(&["token", "unlatch", "key"]);
    agent.await_tokens("ready");
    assert_eq!(rig.key.refused_pins(), 1);
}

#[test]
fn a_key_with_secrets_of_the_factory_is_refused_and_no_secret_is_tried() {
    let rig = PivRig::factory_new(Model::default());
    let agent = rig.spawn();
    let steps: [(&[&str], &str); 3] = [
        (&["-a", "change-pin", "-P", "123456", "-N", PIN], "its PIN is the factory's"),
        (&["-a", "change-puk", "-P", "12345678", "-N", tests::piv::PUK], "its PUK is the factory's"),
        (&["-a", "set-mgm-key", "-n", MANAGEMENT_KEY], "its management key is the factory's"),
    ];
    for (mend, why) in steps {
        tests::wait::until_true(why, || {
            let token = agent.tokens().remove(0);
            token["state"] == "refused" && token["detail"].as_str().unwrap_or_default().starts_with(why)
        });
        rig.tool(mend);
    }
    // As soon as the last one is mended, it is served, without a restart.
    agent.await_tokens("ready");
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_factory_pin_in_the_configuration_is_known_without_a_try() {
    let rig = PivRig::new();
    rig.rig.private("pin", "123456");
    let agent = rig.spawn();
    agent.await_tokens("refused");
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_trial_may_use_a_key_as_it_comes_from_the_factory() {
    let rig = trial(Model::default());
    let agent = rig.provisioned();
    judge(&rig.rig, &agent, "de", "PS256");
}

#[test]
fn nothing_is_made_over_a_key_that_the_ledger_does_not_know_until_it_is_adopted() {
    let rig = PivRig::new().token_line("slots = { de = \"9d\" }");
    let key = format!("--key={MANAGEMENT_KEY}");
    rig.tool(&["-a", "generate", "-s", "9d", "-A", "RSA2048", "--pin-policy=once", &key]);
    let agent = rig.start();
    let refused = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("this ledger does not know"), "{said}");
    let digest = said.split("--spki-sha256 ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    rig.rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &digest]);
    judge(&rig.rig, &agent, "de", "PS256");
}

#[test]
fn a_pin_is_given_for_each_signature_where_the_policy_says_so() {
    let rig = PivRig::new().token_line("pin_policy = \"always\"");
    let agent = rig.provisioned();
    let before = rig.key.commands("20");
    for _ in 0..3 {
        agent.assertion("de").ok();
    }
    assert!(rig.key.commands("20") >= before + 3);
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_wrong_management_key_makes_no_key_and_says_so() {
    let rig = PivRig::new();
    rig.rig.private("management-key", &MANAGEMENT_KEY.replace('a', "d"));
    let _agent = rig.start();
    let refused = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("management key cannot be used") && !said.contains("d0d1"), "{said}");
}

#[test]
fn a_management_key_behind_the_pin_is_used_from_there() {
    let rig = PivRig::new().token_line("management_key = { protected = true }");
    // Where ykman puts it: the printed information, which is read only after the PIN.
    fs::write(rig.rig.at("printed"), format!("881a8918{MANAGEMENT_KEY}")).unwrap();
    let (file, key) = (rig.rig.at("printed"), format!("--key={MANAGEMENT_KEY}"));
    rig.tool(&["-a", "write-object", "--id", "0x5fc109", "-f", "hex", "-i", file.to_str().unwrap(), &key]);
    let agent = rig.provisioned();
    judge(&rig.rig, &agent, "de", "PS256");
}

#[test]
fn an_auditor_with_the_makers_root_proves_from_the_bundle_where_the_key_was_made() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let bundle = rig.rig.at("de.evidence.json");
    rig.rig.kunci_ok(&["evidence", "de", "--output", bundle.to_str().unwrap()]);
    drop(agent);
    let judged = |arguments: &[&str]| {
        let verify = ["attest", "verify", "--json", bundle.to_str().unwrap()];
        let output = rig.rig.kunci(&[&verify, arguments].concat());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (answer["keys"][0].clone(), answer["grade"].clone(), output.status.code())
    };
    let root = rig.pcsc.root();
    let (key, grade, code) = judged(&["--root", root.to_str().unwrap()]);
    assert_eq!((&key["verdict"], &grade, code), (&"proven".into(), &"attested".into(), Some(0)), "{key}");
    assert_eq!((&key["kind"], &key["origin"]), (&"yubikey-piv".into(), &"generated".into()), "{key}");
    // The root of these tests is nobody's whom an auditor trusts by himself.
    let (key, grade, code) = judged(&[]);
    assert_eq!((&key["verdict"], &grade, code), (&"unattested".into(), &"asserted".into(), Some(1)), "{key}");
}

/// A YubiKey with the factory's secrets, in a configuration that says so.
fn trial(model: Model) -> PivRig {
    let rig = PivRig::factory_new(model)
        .agent_line("allow_software_tokens = true")
        .token_line("allow_factory_secrets = true");
    rig.rig.private("pin", "123456");
    rig.rig.private("management-key", "010203040506070801020304050607080102030405060708");
    rig
}

/// openssl's word on an assertion, by the certificate that the agent exports.
#[track_caller]
fn judge(rig: &Rig, agent: &Agent, connector: &str, algorithm: &str) {
    let answer = agent.assertion(connector).ok().json();
    let assertion = answer["assertion"].as_str().unwrap();
    let (input, signature) = assertion.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signature = if algorithm == "ES256" { der(&signature) } else { signature };
    fs::write(rig.at("input"), input).unwrap();
    fs::write(rig.at("signature"), signature).unwrap();
    fs::write(rig.at("cert.pem"), rig.kunci_ok(&["cert", connector])).unwrap();
    let key = openssl(rig, &["x509", "-in", "cert.pem", "-pubkey", "-noout"]);
    fs::write(rig.at("key.pem"), key).unwrap();
    let padding: &[&str] = match algorithm {
        "PS256" => &["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
        _ => &[],
    };
    let verify = [&["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"], padding, &["input"]];
    assert_eq!(openssl(rig, &verify.concat()).trim(), "Verified OK", "{connector}");
}

/// r ‖ s as a DER ECDSA-Sig-Value.
fn der(raw: &[u8]) -> Vec<u8> {
    use der::Encode;
    let [r, s] = [&raw[..32], &raw[32..]].map(|half| der::asn1::UintRef::new(half).unwrap());
    vec![r, s].to_der().unwrap()
}

fn openssl(rig: &Rig, arguments: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(rig.at(".")).args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
