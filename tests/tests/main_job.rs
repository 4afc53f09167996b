//! The main job, end to end: a key is made on a token, a service gets an assertion, openssl accepts its signature.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::Kind;
use tests::Rig;
use tests::openssl::openssl;
use tests::rig::{CLIENT, TENANT};

#[test]
fn a_service_gets_an_assertion_that_openssl_verifies_by_the_exported_certificate() {
    let rig = Rig::bare()
        .connector("de", "rsa-2048", "PS256")
        .connector("uk", "rsa-3072", "RS256")
        .rules(
            "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
        )
        .provisioned();
    let agent = rig.start();
    // RS256 names its certificate by SHA-1, as Entra's own clients do.
    for (connector, pss, member, digest) in
        [("de", true, "x5t#S256", "-sha256"), ("uk", false, "x5t", "-sha1")]
    {
        let answer = agent.assertion(connector).ok().json();
        let assertion = answer["assertion"].as_str().unwrap();
        let (input, signature) = assertion.rsplit_once('.').unwrap();
        fs::write(rig.at("input"), input).unwrap();
        fs::write(rig.at("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        fs::write(rig.at("cert.pem"), rig.kunci_ok(&["cert", connector])).unwrap();
        let key = openssl(&rig, &["x509", "-in", "cert.pem", "-pubkey", "-noout"]);
        fs::write(rig.at("key.pem"), key).unwrap();
        let padding: &[&str] =
            if pss { &["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] } else { &[] };
        let verify =
            [&["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"], padding, &["input"]];
        assert_eq!(openssl(&rig, &verify.concat()).trim(), "Verified OK");
        let header = URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
        let named = fingerprint(&rig, "cert.pem", digest);
        assert_eq!(header, serde_json::json!({ "alg": header["alg"], "typ": "JWT", member: named }));
        // The answer tells the SHA-256 in any case.
        assert_eq!(answer["x5t_s256"], fingerprint(&rig, "cert.pem", "-sha256"));
        let intent = rig.entries()[usize::try_from(answer["log_index"].as_u64().unwrap()).unwrap()].clone();
        assert_eq!(intent.kind, Kind::Intent);
        assert_eq!(intent.jti.as_deref(), answer["jti"].as_str());
        assert_eq!((intent.tenant.as_deref(), intent.client_id.as_deref()), (Some(TENANT), Some(CLIENT)));
    }
}

#[test]
fn provisioning_again_changes_nothing() {
    let rig = Rig::bare().provisioned();
    let before = rig.entries().len();
    let again = rig.kunci_ok(&["--json", "provision", "--all"]);
    assert!(again.contains(r#""outcome":"unchanged""#), "{again}");
    assert_eq!(rig.entries().len(), before);
}

/// A digest of a certificate's DER, base64url, by openssl.
fn fingerprint(rig: &Rig, pem: &str, digest: &str) -> String {
    let text = openssl(rig, &["x509", "-in", pem, "-noout", "-fingerprint", digest]);
    let hex = text.trim().rsplit('=').next().unwrap().split(':');
    URL_SAFE_NO_PAD.encode(hex.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<_>>())
}
