use proptest::prelude::*;

use super::*;
use crate::samples::{self, HSM_DEVICE, PIV_F9};
use crate::test_certs::{self, Draft, Signer};

fn kinds(bytes: &[u8]) -> Vec<&'static str> {
    let name = |item: &Item| match item {
        Item::Certificate(_) => "certificate",
        Item::Request(_) => "request",
        Item::Key(_) => "key",
        Item::Document(_) => "document",
        Item::HsmStatement(_) => "statement",
    };
    parse(bytes).unwrap().iter().map(name).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    String::from_utf8(test_certs::armoured(label, der)).unwrap()
}

#[test]
fn der_is_told_by_what_it_holds() {
    let signer = Signer::p256();
    let certificate = Draft::new("A", "A", signer.spki()).der(&signer);
    let request = test_certs::request(&signer, &[]);
    assert_eq!(kinds(&[certificate, request, signer.spki()].concat()), ["certificate", "request", "key"]);
    assert_eq!(kinds(&samples::read(HSM_DEVICE)), ["certificate"]);
}

#[test]
fn pem_may_have_any_line_width_and_text_around_it() {
    let signer = Signer::p256();
    let text = format!(
        "# a key\n{}between\n{}",
        pem("PUBLIC KEY", &signer.spki()),
        pem("NEW CERTIFICATE REQUEST", &test_certs::request(&signer, &[]))
    );
    assert_eq!(kinds(text.as_bytes()), ["key", "request"]);
}

#[test]
fn a_private_key_is_no_evidence() {
    let error = parse(pem("PRIVATE KEY", b"not one").as_bytes()).unwrap_err();
    assert_eq!(error, Malformed::Label("PRIVATE KEY".to_owned()));
}

#[test]
fn what_is_empty_cut_or_foreign_is_malformed() {
    let certificate = String::from_utf8(samples::read(PIV_F9)).unwrap();
    for text in [
        "",
        " \n",
        "hello",
        "-----BEGIN CERTIFICATE-----",
        &certificate[..certificate.len() - 30],
        &certificate.replace("-----END CERTIFICATE-----", "-----END PUBLIC KEY-----"),
        &certificate.replacen('M', "!", 1),
        "{}",
        r#"{"format": 7}"#,
        r#"{"format": "somebody-else/1"}"#,
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(parse(&[]).is_err() && parse(&[0x30]).is_err() && parse(&[0xff; 99]).is_err());
}

#[test]
fn what_is_huge_or_many_is_refused() {
    assert_eq!(parse(&vec![b' '; MAX_FILE_BYTES + 1]).unwrap_err(), Malformed::TooLarge(Limit::Bytes));
    let key = pem("PUBLIC KEY", &Signer::p256().spki());
    assert_eq!(parse(key.repeat(MAX_ITEMS + 1).as_bytes()).unwrap_err(), Malformed::TooLarge(Limit::Items));
    // A length that the file does not have, and one that no certificate has.
    assert!(parse(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]).is_err());
    assert!(parse(&test_certs::tlv(0x30, &[0; 0xffff])).is_err());
}

#[test]
fn what_is_deeply_nested_is_refused() {
    let nested = (0..2_000).fold(vec![], |inner, _| test_certs::tlv(0x30, &inner));
    assert!(parse(&nested).is_err());
    let json = |format: &str| {
        let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
        format!(r#"{{"format":"{format}","a":{open}{close}}}"#)
    };
    assert!(parse(json("somebody-else/1").as_bytes()).is_err());
    // A member that nobody asks for is skipped without a deeper stack; then the judge of the format misses what it needs.
    let known = json(tpm::EVIDENCE);
    let mut evidence = crate::Evidence::new();
    evidence.add(known.as_bytes()).unwrap();
    let report = crate::verify(&evidence, &crate::Question::at(crate::Timestamp::UNIX_EPOCH));
    assert_eq!(report.verdict, crate::Verdict::Malformed);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = parse(&bytes);
        let _ = crate::key(&bytes);
        let _ = crate::Anchor::given(&bytes);
    }

    #[test]
    fn no_change_of_a_certificate_makes_it_panic(at in 0_usize..2_000, byte in any::<u8>()) {
        let mut file = samples::read(HSM_DEVICE);
        let length = file.len();
        file[at % length] = byte;
        let _ = parse(&file);
    }
}
