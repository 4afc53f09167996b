//! What the fuzzer begins with for TPMs (`fuzz/seeds`): the recorded evidence, taken apart, and bundles that hold it.
//!
//! `KUNCI_RENEW=1 cargo test -p attest --test tpm_seeds` makes it anew from `tests/tpm`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use attest::Sha256;
use attest::tpm::Public;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Between two parts; the same as in `fuzz/src/lib.rs`.
const MARK: &[u8] = b"\n====\n";
const RECORDED: [&str; 3] = ["rsa", "ecc", "creation"];
const PARTS: [&str; 5] = ["ak_public", "key_public", "statement", "signature", "creation_data"];

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn recorded(name: &str) -> Value {
    serde_json::from_slice(&fs::read(at(&format!("tests/tpm/{name}.json"))).unwrap()).unwrap()
}

#[test]
fn the_fuzzer_begins_with_the_recorded_evidence() {
    let files = RECORDED.iter().flat_map(|name| {
        let json = serde_json::to_vec(&recorded(name)).unwrap();
        [(format!("tpm/{name}"), parts(name)), (format!("tpm/{name}.json"), json)]
    });
    let keys = at("tests/tpm");
    let public = ["ek.pub", "ak.pub"].map(|name| fs::read(keys.join(name)).unwrap());
    let keys = public.join(MARK);
    for (name, seed) in
        files.chain([("tpm/keys".to_owned(), keys), ("bundle/tpm-and-others".to_owned(), bundle())])
    {
        let path = at("../fuzz/seeds").join(name);
        if std::env::var_os("KUNCI_RENEW").is_some() {
            fs::write(&path, &seed).unwrap();
        }
        assert!(
            fs::read(&path).unwrap_or_default() == seed,
            "{}: renew it, see this file's head",
            path.display()
        );
    }
}

fn parts(name: &str) -> Vec<u8> {
    let evidence = recorded(name);
    let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
    let activated = evidence["activated"].as_str().unwrap_or_default().as_bytes().to_vec();
    let certificates = evidence["ek_certificates"].as_array().unwrap().iter().map(decoded);
    let parts = PARTS.iter().map(|part| decoded(&evidence[*part]));
    parts.chain([activated]).chain(certificates).collect::<Vec<_>>().join(MARK)
}

/// A TPM's key, one that only a module speaks of, and one of a soft token.
fn bundle() -> Vec<u8> {
    let evidence = recorded("creation");
    let public = STANDARD.decode(evidence["key_public"].as_str().unwrap()).unwrap();
    let pin = Sha256::of(&Public::parse(&public).unwrap().spki()).to_string();
    let module = |token: &str, software: bool| {
        json!({
            "token": token, "key": token, "spki_sha256": "00",
            "attributes": {"sensitive": true, "extractable": false, "local": true, "never_extractable": true},
            "device": {"manufacturer": "A maker", "model": "A model", "serial": "7", "software": software},
        })
    };
    let keys = [
        json!({"token": "tpm", "spki_sha256": pin, "tpm2": evidence}),
        module("a", false),
        module("b", true),
    ];
    serde_json::to_vec(&json!({"format": attest::bundle::BUNDLE, "connector": "de", "keys": keys})).unwrap()
}
