//! openssl's word on an assertion, by the certificate that the agent exports.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use x509_cert::der::Encode;
use x509_cert::der::asn1::UintRef;

use crate::{Agent, Rig};

/// The length of each half of a P-256 signature, in bytes.
const HALF: usize = 32;

/// Asks for an assertion, which openssl must accept; the type of key that it saw, as openssl says it.
#[track_caller]
pub fn judge(rig: &Rig, agent: &Agent, connector: &str, algorithm: &str) -> String {
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
    let text = openssl(rig, &["pkey", "-pubin", "-in", "key.pem", "-noout", "-text"]);
    text.lines().next().unwrap_or_default().to_owned()
}

/// r ‖ s as a DER ECDSA-Sig-Value.
fn der(raw: &[u8]) -> Vec<u8> {
    let [r, s] = [&raw[..HALF], &raw[HALF..]].map(|half| UintRef::new(half).unwrap());
    vec![r, s].to_der().unwrap()
}

fn openssl(rig: &Rig, arguments: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(rig.at(".")).args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
