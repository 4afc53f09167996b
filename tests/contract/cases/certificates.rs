//! Certificates and requests: signed by the token, judged by `openssl`, stored beside their key and only there.

use token::lane::{Done, Fault, Work};
use token::message::{Certificate, Message};
use token::{KeyRef, PublicKey};

use crate::bench::Bench;
use crate::host::Host;
use crate::life::Life;
use crate::{messages, openssl};

pub(super) fn certificate(life: &mut Life) {
    let keys = life.pins();
    let (bench, host) = life.bench_and_host();
    for (connector, key, public) in &keys {
        let certify = |serial| certify(host, connector, *key, public, serial);
        judge(bench, &certify(1));
        judge_request(bench, host, connector, *key, public);
        assert_eq!(host.ask(Work::Certificates { key: *key }), Ok(Done::Certificates(vec![])), "{connector}");
        // The second takes the first one's place; stored again, it stays.
        for certificate in [certify(1), certify(2), certify(2)] {
            assert_eq!(store(host, connector, *key, &certificate), Ok(Done::Nothing), "{connector}");
            let stored = host.ask(Work::Certificates { key: *key });
            assert_eq!(stored, Ok(Done::Certificates(vec![certificate])), "{connector}");
        }
    }
    refusals(host, &keys);
    let certified = host.survey().iter().filter(|key| key.certificate_sha256.is_some()).count();
    assert_eq!(certified, keys.len(), "a stored certificate is not found");
}

/// Nothing but a certificate of the key itself is stored beside it.
fn refusals(host: &Host, keys: &[(&'static str, KeyRef, PublicKey)]) {
    let [(first, one, public), (other, two, _), ..] = keys else { panic!("no two keys") };
    let foreign = certify(host, first, *one, public, 3);
    assert_eq!(store(host, other, *two, &foreign), Err(Fault::CertificateMismatch));
    assert_eq!(store(host, first, *one, b"no certificate"), Err(Fault::CertificateMismatch));
}

pub(crate) fn certify(host: &Host, connector: &str, key: KeyRef, public: &PublicKey, serial: u8) -> Vec<u8> {
    let certificate = Certificate { serial: [serial; 16], ..messages::certificate() };
    let signature = signature(host, connector, key, Message::Certificate(certificate.clone()));
    certificate.finish(public, &signature).unwrap()
}

pub(crate) fn store(host: &Host, connector: &str, key: KeyRef, certificate: &[u8]) -> Result<Done, Fault> {
    let connector = connector.parse().unwrap();
    host.ask_with_leave(Work::StoreCertificate { key, certificate: certificate.to_vec(), connector })
}

fn signature(host: &Host, connector: &str, key: KeyRef, message: Message) -> Vec<u8> {
    match host.sign(connector, key, message) {
        Ok(Done::Signature(signature)) => signature,
        other => panic!("{connector}: {other:?}"),
    }
}

fn judge(bench: &Bench, certificate: &[u8]) {
    let (der, pem) = (bench.text_path("c.der"), bench.text_path("c.pem"));
    std::fs::write(&der, certificate).unwrap();
    openssl::run(&["x509", "-inform", "DER", "-in", &der, "-out", &pem]);
    let (good, text) = openssl::run(&["verify", "-check_ss_sig", "-CAfile", &pem, &pem]);
    assert!(good, "openssl refuses the certificate: {text}");
}

fn judge_request(bench: &Bench, host: &Host, connector: &str, key: KeyRef, public: &PublicKey) {
    let (request, der) = (messages::request(), bench.text_path("r.der"));
    let signature = signature(host, connector, key, Message::Request(request.clone()));
    std::fs::write(&der, request.finish(public, &signature).unwrap()).unwrap();
    let (good, text) = openssl::run(&["req", "-inform", "DER", "-in", &der, "-verify", "-noout"]);
    assert!(good && text.contains("OK"), "openssl refuses the request: {text}");
}
