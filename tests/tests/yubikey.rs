//! A YubiKey as a token, in the production configuration: keys made in its slots, assertions judged by openssl, and what
//! is refused before any secret is tried.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::openssl::judge;
use tests::piv::{MANAGEMENT_KEY, PIN, PivRig};
use tests::yubikey::Model;

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
    // CHANGE REFERENCE DATA, RESET RETRY COUNTER and GENERAL AUTHENTICATE: what tries a PUK or a management key.
    let tries = || ["24", "2c", "87"].map(|instruction| rig.key.commands(instruction));
    let mut before = [0; 3];
    for (mend, why) in steps {
        tests::wait::until_true(why, || {
            let token = agent.tokens().remove(0);
            token["state"] == "refused" && token["detail"].as_str().unwrap_or_default().starts_with(why)
        });
        assert_eq!(tries(), before, "only the owner's tool changes or authenticates anything");
        rig.tool(mend);
        before = tries();
    }
    // As soon as the last one is mended, it is served, without a restart.
    agent.await_tokens("ready");
    assert_eq!((tries(), rig.key.refused_pins()), (before, 0));
    assert!(before[2] > 0, "an authentication is counted: the tool's was");
}

/// The crate behind it would log each command to the card: VERIFY with the PIN, and what shows the management key.
#[test]
fn with_every_event_told_no_secret_is_and_no_command_to_the_card() {
    let rig = PivRig::new();
    let agent = rig.start_telling("trace");
    rig.rig.kunci_ok(&["provision", "--all"]);
    judge(&rig.rig, &agent, "de", "PS256");
    rig.rig.kunci_ok(&["token", "check", "key"]);
    let told = agent.output();
    let key: Vec<u8> = (0..MANAGEMENT_KEY.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&MANAGEMENT_KEY[at..at + 2], 16).unwrap())
        .collect();
    for secret in [PIN.as_bytes(), &key] {
        for form in forms(secret) {
            assert!(!told.to_lowercase().contains(&form), "{form} was told");
        }
    }
    for word in ["Apdu", "APDU", ">>>", "<<<"] {
        assert!(!told.contains(word), "a command to the card was told: {word}");
    }
    assert!(forms(b"\x06\x40").contains(&"6, 64".to_owned()), "the search knows how bytes are written");
}

/// How bytes may stand in a text: as they are, in hexadecimal, and as Rust shows them.
fn forms(bytes: &[u8]) -> Vec<String> {
    let join = |each: &dyn Fn(&u8) -> String, between: &str| {
        bytes.iter().map(each).collect::<Vec<_>>().join(between)
    };
    let hex = |byte: &u8| format!("{byte:02x}");
    let mut forms = vec![join(&hex, ""), join(&hex, " "), join(&hex, ":"), join(&u8::to_string, ", ")];
    forms.push(join(&|byte| format!("0x{byte:02x}"), ", "));
    forms.extend(String::from_utf8(bytes.to_vec()).ok());
    forms
}

/// Firmware before 5.3 does not tell of its secrets: the management key is known by what is configured.
#[test]
fn a_factory_management_key_is_known_by_its_digits_where_the_firmware_does_not_tell() {
    let rig =
        PivRig::of(Model { firmware: "5.2.7", ..Model::default() }).token_line("slots = { de = \"9a\" }");
    rig.rig.private("management-key", "010203040506070801020304050607080102030405060708");
    let agent = rig.start();
    let before = ["87", "47"].map(|instruction| rig.key.commands(instruction));
    let refused = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("its management key is the factory's"), "{said}");
    assert_eq!(["87", "47"].map(|instruction| rig.key.commands(instruction)), before, "it was tried");
    // One of its owner's is tried, and makes a key.
    rig.rig.private("management-key", MANAGEMENT_KEY);
    drop(agent);
    let _agent = rig.start();
    rig.rig.kunci(&["provision", "de"]);
    assert_eq!(rig.key.commands("47"), before[1] + 1);
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
    rig.rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &digest, "--new-certificate"]);
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
