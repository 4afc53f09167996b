//! The management key, which makes keys and stores certificates: of each cipher, typed by a person, kept behind the PIN.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::DirBuilderExt;

use tests::openssl::judge;
use tests::piv::{MANAGEMENT_KEY, PivRig};
use tests::wait::until_true;

/// What a person runs to type a management key.
const UNLOCK: [&str; 4] = ["token", "unlock", "key", "--management-key"];

#[test]
fn a_management_key_of_each_cipher_makes_keys() {
    for (cipher, bytes) in [("tdes", 24), ("aes128", 16), ("aes192", 24), ("aes256", 32)] {
        let rig = PivRig::new();
        let digits = "5a".repeat(bytes - 1) + "3c";
        rig.key.set_manager(cipher, &digits);
        rig.rig.private("management-key", &digits);
        let agent = rig.provisioned();
        assert_eq!((cipher, agent.assertion("de").status), (cipher, 200));
    }
}

#[test]
fn a_management_key_of_another_length_than_the_ciphers_is_refused_with_the_reason() {
    let rig = PivRig::new();
    rig.key.set_manager("aes256", &"5a".repeat(32));
    let _agent = rig.start();
    let said = refused(&rig);
    assert!(said.contains("not of the length that the YubiKey's algorithm has"), "{said}");
    assert_eq!(rig.key.commands("47"), 0);
}

#[test]
fn a_wrong_management_key_makes_no_key_and_says_so() {
    let rig = PivRig::new();
    rig.rig.private("management-key", &MANAGEMENT_KEY.replace('a', "d"));
    let _agent = rig.start();
    let said = refused(&rig);
    assert!(said.contains("management key cannot be used") && !said.contains("d0d1"), "{said}");
    assert_eq!(rig.key.commands("47"), 0);
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
fn a_management_key_is_taken_from_a_credential() {
    let rig = PivRig::new().token_line("management_key = { credential = \"manager\" }");
    fs::DirBuilder::new().mode(0o700).create(rig.rig.at("credentials")).unwrap();
    rig.rig.private("credentials/manager", MANAGEMENT_KEY);
    rig.write();
    let given = rig.rig.at("credentials");
    let agent = rig.rig.spawn_with(|command| rig.pcsc.shape(command.env("CREDENTIALS_DIRECTORY", given)));
    agent.await_tokens("ready");
    rig.rig.kunci_ok(&["provision", "de"]);
    agent.assertion("de").ok();
}

#[test]
fn a_management_key_that_a_person_types_is_kept_until_the_yubikey_is_pulled() {
    let rig =
        PivRig::new().token_line("management_key = { prompt = true }").connector("us", "p-256", "ES256");
    let agent = rig.start();
    let said = refused(&rig);
    assert!(said.contains("nobody typed it: run `kunci token unlock key --management-key`"), "{said}");

    for not_one in ["648219", &MANAGEMENT_KEY[..46]] {
        let output = rig.rig.typed(&UNLOCK, not_one);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains("hexadecimal digits"), "{said}");
    }
    assert!(rig.rig.typed(&UNLOCK, MANAGEMENT_KEY).status.success());
    rig.rig.kunci_ok(&["provision", "de"]);
    judge(&rig.rig, &agent, "de", "PS256");

    rig.key.pull();
    agent.await_tokens("missing");
    rig.key.insert();
    agent.await_signature();
    let output = rig.rig.kunci(&["provision", "us"]);
    assert!(!output.status.success(), "it was kept: {output:?}");
    assert!(rig.rig.typed(&UNLOCK, MANAGEMENT_KEY).status.success());
    rig.rig.kunci_ok(&["provision", "us"]);
    until_true("both sign", || agent.assertion("us").status == 200);

    // It stands in no output and no file of the agent's.
    let mut places = vec![rig.rig.at("agent.log")];
    places.extend(fs::read_dir(rig.rig.at("state/latch")).unwrap().map(|entry| entry.unwrap().path()));
    for place in places {
        let text = fs::read_to_string(&place).unwrap().to_lowercase();
        assert!(!text.contains(&MANAGEMENT_KEY[..16]), "{}", place.display());
    }
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_factory_management_key_that_somebody_types_is_not_used() {
    let rig = PivRig::new().token_line("management_key = { prompt = true }");
    let _agent = rig.start();
    assert!(rig.rig.typed(&UNLOCK, "010203040506070801020304050607080102030405060708").status.success());
    let before = rig.key.commands("87");
    let said = refused(&rig);
    assert!(said.contains("its management key is the factory's: change it with"), "{said}");
    assert_eq!(rig.key.commands("87"), before, "it was tried");
}

/// Provisioning, which must fail; what it said.
#[track_caller]
fn refused(rig: &PivRig) -> String {
    let output = rig.rig.kunci(&["provision", "de"]);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}
