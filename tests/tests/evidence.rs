//! A bundle of evidence says what is known, and the auditor believes none of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tests::rig::Rig;

fn bundle(rig: &Rig) -> Value {
    let path = rig.at("de.evidence.json");
    rig.kunci_ok(&["evidence", "de", "--output", path.to_str().unwrap()]);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The auditor's answer to a bundle, and the exit code.
fn verified(rig: &Rig, bundle: &Value) -> (Value, Option<i32>) {
    let path = rig.at("judged.json");
    fs::write(&path, serde_json::to_vec(bundle).unwrap()).unwrap();
    let output = rig.kunci(&["attest", "verify", path.to_str().unwrap(), "--json"]);
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

#[test]
fn a_soft_tokens_key_is_software_and_nothing_is_proven() {
    let rig = Rig::new().provisioned();
    let _agent = rig.start();
    let bundle = bundle(&rig);
    assert_eq!((&bundle["format"], &bundle["connector"]), (&json!("kunci-evidence/1"), &json!("de")));
    let (answer, code) = verified(&rig, &bundle);
    assert_eq!(
        (answer["verdict"].as_str(), answer["grade"].as_str()),
        (Some("unattested"), Some("software"))
    );
    let key = &answer["keys"][0];
    assert_eq!(
        (&key["grade"], &key["token"], &key["kind"]),
        (&json!("software"), &json!("soft"), &json!("pkcs11"))
    );
    assert_eq!(key["public_key_sha256"], bundle["keys"][0]["spki_sha256"]);
    let levels: Vec<_> =
        key["findings"].as_array().unwrap().iter().map(|finding| &finding["level"]).collect();
    assert!(!levels.contains(&&json!("error")), "no alarm where nothing is wrong: {answer}");
    assert_eq!(code, Some(1), "and no praise");
    let page = rig.kunci(&["attest", "verify", rig.at("judged.json").to_str().unwrap()]);
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.starts_with("NOT ACCEPTED: the key on \"soft\" is software, not attested: "), "{page}");
    assert!(!page.to_lowercase().contains("hardware"), "{page}");
}

#[test]
fn a_bundle_holds_the_keys_life_byte_for_byte_as_the_ledger_has_it() {
    let rig = Rig::new().provisioned();
    let agent = rig.start();
    let text = agent.admin("GET", "/v1/connectors/de/evidence", "").body;
    let bundle: Bundle = serde_json::from_slice(&text).unwrap();
    let states: Vec<_> = bundle.keys[0].ledger.iter().map(|entry| state(entry.entry.get())).collect();
    assert_eq!(states, ["generating", "generated", "certified"]);
    for held in &bundle.keys[0].ledger {
        let (_, bytes) = rig.log().raw(held.index).next().unwrap().unwrap();
        assert_eq!(held.entry.get().as_bytes(), bytes);
    }
    let written = fs::read(rig.at("kunci.toml")).unwrap();
    assert_eq!(bundle.configuration_sha256, token::Sha256::of(&written).to_string());
}

#[derive(Deserialize)]
struct Bundle {
    configuration_sha256: String,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    ledger: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    index: u64,
    entry: Box<RawValue>,
}

fn state(entry: &str) -> String {
    serde_json::from_str::<Value>(entry).unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_bundle_whose_parts_are_of_different_keys_is_contradicted() {
    let rig = Rig::new().connector("uk", "rsa-2048", "PS256").rules(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
    );
    let rig = rig.provisioned();
    let _agent = rig.start();
    let whole = bundle(&rig);
    let other: Value = serde_json::from_str(&rig.kunci_ok(&["evidence", "uk"])).unwrap();
    for part in ["certificate", "spki_sha256", "ledger", "key"] {
        let mut spoilt = whole.clone();
        spoilt["keys"][0][part] = other["keys"][0][part].clone();
        let (answer, code) = verified(&rig, &spoilt);
        assert_eq!((answer["verdict"].as_str(), code), (Some("contradicted"), Some(1)), "{part}: {answer}");
    }
    let mut renamed = whole.clone();
    renamed["connector"] = json!("uk");
    assert_eq!(verified(&rig, &renamed).0["verdict"], "contradicted");
}

#[test]
fn a_bundle_that_claims_a_finer_token_is_asserted_and_no_more() {
    let rig = Rig::new().provisioned();
    let _agent = rig.start();
    let mut claimed = bundle(&rig);
    let device = &mut claimed["keys"][0]["device"];
    for word in ["manufacturer", "model", "library", "label"] {
        device[word] = json!("Finest HSM");
    }
    device["software"] = json!(false);
    claimed["keys"][0]["grade"] = json!("attested");
    let (answer, code) = verified(&rig, &claimed);
    assert_eq!((answer["grade"].as_str(), code), (Some("asserted"), Some(1)));
    assert_eq!(answer["verdict"], "unattested");
}

#[test]
fn only_an_admin_gets_evidence_and_only_on_the_admins_socket() {
    let rig = Rig::new().rules(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\", \"reload\"]\n",
    );
    let rig = rig.provisioned();
    let agent = rig.start();
    assert_eq!(agent.call("GET", "/v1/connectors/de/evidence", "").status, 404);
    assert_eq!(agent.admin("GET", "/v1/connectors/de/evidence", "").status, 200);
    assert_eq!(agent.admin("GET", "/v1/connectors/fr/evidence", "").status, 403);
    let rig = rig.rules("[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n\n[admins.other]\nuser = \"65534\"\nmay = [\"reload\"]\n");
    rig.write();
    assert_eq!(agent.admin("POST", "/v1/reload", "").status, 204);
    assert_eq!(agent.admin("GET", "/v1/connectors/de/evidence", "").status, 403);
}
