use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::*;

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

fn certificate(subject: &str) -> String {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
    let rest = ["req", "-x509", "-days", "30", "-subj", subject];
    String::from_utf8(openssl(&[rest.as_slice(), key.as_slice()].concat(), b"")).unwrap()
}

fn credential(pem: &str) -> Value {
    serde_json::from_slice(&key_credential(pem).unwrap()).unwrap()
}

#[test]
fn graph_gets_what_openssl_reads_in_the_certificate() {
    let pem = certificate("/O=Vendor/CN=kunci de");
    let json = credential(&pem);
    let printed = |option: &[&str]| {
        let text = openssl(
            &[&["x509", "-noout", "-dateopt", "iso_8601", "-nameopt", "rfc2253"], option].concat(),
            pem.as_bytes(),
        );
        String::from_utf8(text).unwrap().trim().split_once('=').unwrap().1.replacen(' ', "T", 1)
    };
    let subject = openssl(&["x509", "-noout", "-subject", "-nameopt", "rfc2253"], pem.as_bytes());
    assert_eq!(json["key"], STANDARD.encode(openssl(&["x509", "-outform", "DER"], pem.as_bytes())));
    assert_eq!(json["startDateTime"], printed(&["-startdate"]));
    assert_eq!(json["endDateTime"], printed(&["-enddate"]));
    assert_eq!(
        format!("subject={}", json["displayName"].as_str().unwrap()),
        String::from_utf8(subject).unwrap().trim()
    );
    assert_eq!((&json["type"], &json["usage"]), (&"AsymmetricX509Cert".into(), &"Verify".into()));
}

#[test]
fn graph_chooses_the_identifiers_itself() {
    let json = credential(&certificate("/CN=de"));
    let fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["displayName", "endDateTime", "key", "startDateTime", "type", "usage"]);
}

#[test]
fn a_long_subject_is_cut_to_what_graph_keeps() {
    let json = credential(&certificate(&format!("/O={}/CN={}", "o".repeat(60), "c".repeat(60))));
    assert_eq!(json["displayName"].as_str().unwrap().chars().count(), MAX_DISPLAY_NAME);
}

#[test]
fn a_der_answer_becomes_pem_and_comes_back_unchanged() {
    let der = openssl(&["x509", "-outform", "DER"], certificate("/CN=de").as_bytes());
    let certificates = pem::certificates(&der).unwrap();
    assert_eq!(pem::decode(&pem::encode(&certificates)).unwrap(), der);
}

#[test]
fn what_is_neither_pem_nor_der_is_not_sent() {
    assert!(pem::certificates(b"hello").is_err());
    assert!(pem::certificates(&[0xff; 40]).is_err());
}
