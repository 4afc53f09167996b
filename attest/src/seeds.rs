//! The genuine evidence that the fuzzer begins with (`fuzz/seeds`), made here under roots of nobody's.
//!
//! `KUNCI_RENEW=1 cargo test -p attest seeds` makes it anew. The fuzz targets `yubico` and `bundle` call a key proven only
//! where these say the same of it.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bundle::{self, Bundle};
use crate::test_certs::{Signer, request, tlv};
use crate::tests::{evidence, today};
use crate::yubico::hsm;
use crate::yubico::tests::Hierarchy;
use crate::{Anchor, Certificate, Evidence, Question, Verdict, verify};

const ROOTS: &str = "genuine/yubico-roots";
/// Each with the DER of its certificates one after the other, but for the request and the PEM.
const CHAINS: [&str; 6] = ["piv-before-5.7.4", "piv-since-5.7.4", "piv-under-rsa", "hsm", "request", "pem"];
const BUNDLE: &str = "seeds/bundle/yubikeys";

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(name)
}

fn chain(name: &str) -> PathBuf {
    at("seeds/yubico").join(name)
}

#[test]
fn the_fuzzers_genuine_evidence_is_proven_under_its_roots_and_nowhere_else() {
    if std::env::var_os("KUNCI_RENEW").is_some() {
        renew();
    }
    let mut question = Question::at(today());
    let strange = question.clone();
    question.roots = Anchor::given(&fs::read(at(ROOTS)).unwrap()).unwrap();
    for name in CHAINS {
        let chain = fs::read(chain(name)).unwrap();
        let report = verify(&evidence(&[&chain]), &question);
        assert_eq!(report.verdict, Verdict::Proven, "{name}: {:?}", report.findings);
        assert_ne!(verify(&evidence(&[&chain]), &strange).verdict, Verdict::Proven, "{name}");
    }
    let bundle = Bundle::from_json(&fs::read(at(BUNDLE)).unwrap()).unwrap();
    let judged = |question| bundle::verify(&bundle, &Evidence::new(), question).unwrap();
    assert!(judged(&question).is_yes() && judged(&question).keys.len() == 2, "{:?}", judged(&question));
    assert!(!judged(&strange).is_yes());
}

fn renew() {
    let chains = [
        Hierarchy::old(),
        Hierarchy::new_generation("Yubico PIV Attestation B 1"),
        under_rsa(Hierarchy::old()),
        hsm::tests::new_generation(),
    ];
    for folder in ["genuine", "seeds/yubico", "seeds/bundle"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    let (mut roots, mut told) = (Vec::new(), Vec::new());
    for (hierarchy, name) in chains.iter().zip(CHAINS) {
        let mut all = hierarchy.given();
        roots.extend_from_slice(all.pop().unwrap().der());
        let der: Vec<u8> = all.iter().flat_map(Certificate::der).copied().collect();
        fs::write(chain(name), der).unwrap();
        told.push(all);
    }
    fs::write(at(ROOTS), roots).unwrap();
    let carried = [([3, 11], tlv(0x04, told[0][0].der())), ([3, 2], told[0][1].der().to_vec())];
    fs::write(chain("request"), request(&chains[0].keys[0], &carried)).unwrap();
    let block = |certificate: &Certificate| {
        let text = STANDARD.encode(certificate.der());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    fs::write(chain("pem"), told[0].iter().map(block).collect::<String>()).unwrap();
    let keys = [("frankfurt", &told[1]), ("paris", &told[2])].map(|(token, chain)| key(token, chain));
    let bundle = json!({"format": bundle::BUNDLE, "connector": "de", "keys": keys});
    fs::write(at(BUNDLE), serde_json::to_string_pretty(&bundle).unwrap() + "\n").unwrap();
}

/// An F9 certificate for RSA, as real devices have.
fn under_rsa(mut chain: Hierarchy) -> Hierarchy {
    let key = Signer::Rsa(KeyPair::generate(KeySize::Rsa2048).unwrap());
    chain.drafts[1].spki = key.spki();
    chain.keys[1] = key;
    chain
}

/// The leaf stands for the certificate that customers have: it is one of the same key.
fn key(token: &str, chain: &[Certificate]) -> Value {
    let base64 = |certificate: &Certificate| STANDARD.encode(certificate.der());
    let pin = chain[0].key().sha256().to_string();
    let born = json!({"v": 1, "kind": "lifecycle", "connector": "de", "key": token, "spki_sha256": pin});
    let certified = chain[0].sha256().to_string();
    let certified = json!({"v": 1, "kind": "lifecycle", "key": token, "certificate_sha256": certified});
    json!({
        "token": token, "key": token, "spki_sha256": pin, "certificate": base64(&chain[0]),
        "attestation": chain.iter().map(base64).collect::<Vec<_>>(),
        "attributes": {"sensitive": true, "extractable": false, "local": true, "always_sensitive": true},
        "findings": [{"code": "modifiable", "reason": "CKA_MODIFIABLE is set", "excepted": true}],
        "device": {"label": token, "manufacturer": "Yubico", "model": "YubiKey 5", "serial": "10424884"},
        "ledger": [{"index": 1, "entry": born}, {"index": 2, "entry": certified}],
    })
}
