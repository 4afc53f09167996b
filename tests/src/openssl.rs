//! openssl: its word on an assertion by the certificate that the agent exports, and a CA of its making.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use x509_cert::der::Encode;
use x509_cert::der::asn1::UintRef;

use crate::rig::library;
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

/// Runs openssl in a rig's folder; what it printed.
#[track_caller]
pub fn openssl(rig: &Rig, arguments: &[&str]) -> String {
    said(Command::new("openssl"), rig, arguments)
}

#[track_caller]
fn said(mut openssl: Command, rig: &Rig, arguments: &[&str]) -> String {
    let output = openssl.current_dir(rig.at(".")).args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A CA's answer to a request in the rig's folder, good for so many days: from today on, or from the day of a time.
#[track_caller]
pub fn issue(rig: &Rig, request: &str, certificate: &str, days: &str, from: Option<&str>) {
    let openssl = || {
        let mut openssl = Command::new("openssl");
        if let Some(time) = from {
            openssl.env("LD_PRELOAD", library("faketime/libfaketime.so.1", "libfaketime"));
            openssl.env("FAKETIME", time);
        }
        openssl
    };
    let ca = ["-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA"];
    said(openssl(), rig, &[&["req", "-x509"][..], &ca].concat());
    let sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", days, "-out", certificate];
    said(openssl(), rig, &[&["x509", "-req", "-in", request][..], &sign].concat());
    said(openssl(), rig, &["verify", "-CAfile", "ca.pem", certificate]);
}
