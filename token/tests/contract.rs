//! What every backend must do, on a real token, through a real host: one contract suite.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use hsm_config::{Algorithm, KeyType};
use support::host::{Host, be_a_host, pin_of};
use support::{Bench, MODULE, PIN, again, is_role, messages, openssl};
use token::control::LoginOutcome;
use token::lane::{Done, Fault, KeyReport, Work};
use token::pkcs11::{Anchor, Module, Pin, Pkcs11Token};
use token::{KeyRef, Message, Provision, PublicKey};
use zeroize::Zeroizing;

/// Which key a process of its own is to destroy.
const KEY: &str = "KUNCI_TEST_KEY";

const CASES: [(&str, KeyType, Algorithm); 3] = [
    ("ps", KeyType::Rsa2048, Algorithm::PS256),
    ("rs", KeyType::Rsa3072, Algorithm::RS256),
    ("es", KeyType::P256, Algorithm::ES256),
];

#[test]
fn host_process() {
    be_a_host("host_process");
}

/// Runs in a process of its own: destroys the key that the environment names.
#[test]
fn destroyer_process() {
    if !is_role("destroyer_process") {
        return;
    }
    let key = serde_json::from_str(&std::env::var(KEY).unwrap()).unwrap();
    let module = Module::load(MODULE.as_ref()).unwrap();
    let found = module.find(&"pkcs11:token=bench".parse().unwrap()).unwrap();
    let anchor = Anchor::open(&module, &found).unwrap();
    let pin = Pin::from_bytes(&Zeroizing::new(PIN.into())).unwrap();
    assert_eq!(anchor.login(pin), LoginOutcome::Accepted);
    Pkcs11Token::open(&module, found.slot).unwrap().destroy(&key).unwrap();
    std::process::exit(42);
}

fn signature(host: &Host, connector: &str, key: KeyRef, message: Message) -> Vec<u8> {
    match host.ask(messages::sign(connector, key, message)) {
        Ok(Done::Signature(signature)) => signature,
        other => panic!("{other:?}"),
    }
}

fn keys(host: &Host) -> Vec<KeyReport> {
    match host.ask(Work::Survey) {
        Ok(Done::Survey(token, keys)) => {
            assert!(token.software, "SoftHSM is a soft token: {token:?}");
            keys
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_key_is_born_sensitive_and_signs_what_two_judges_verify() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    for (id, (connector, kind, algorithm)) in (1..).zip(CASES) {
        let report = host.generate(connector, id);
        assert_eq!(report.findings, [], "{:?}", report.attributes);
        assert_eq!(report.label, format!("kunci:{connector}"));
        let public = openssl::expected_kind(&report, kind);
        for message in [messages::assertion(), messages::proof()] {
            let input = message.signing_input(algorithm, &public).unwrap();
            let signature = signature(&host, connector, pin_of(&report), message);
            assert!(public.verifies(algorithm, &input, &signature), "{connector}");
            assert!(
                openssl::verifies(bench.dir.path(), &public, algorithm, &input, &signature),
                "{connector}"
            );
            let other = [&input[..], b"x"].concat();
            assert!(!public.verifies(algorithm, &other, &signature), "{connector}");
        }
    }
    assert_eq!(keys(&host).len(), 3);
}

#[test]
fn a_certificate_and_a_request_of_every_key_verify_under_openssl() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let path = |name: &str| bench.path(name).to_str().unwrap().to_owned();
    for (id, (connector, kind, _)) in (1..).zip(CASES) {
        let report = host.generate(connector, id);
        let public = openssl::expected_kind(&report, kind);
        let (certificate, request) = (messages::certificate(), messages::request());
        let raw = signature(&host, connector, pin_of(&report), Message::Certificate(certificate.clone()));
        std::fs::write(path("c.der"), certificate.finish(&public, &raw).unwrap()).unwrap();
        let raw = signature(&host, connector, pin_of(&report), Message::Request(request.clone()));
        std::fs::write(path("r.der"), request.finish(&public, &raw).unwrap()).unwrap();
        openssl::run(&["x509", "-inform", "DER", "-in", &path("c.der"), "-out", &path("c.pem")]);
        let (good, text) =
            openssl::run(&["verify", "-check_ss_sig", "-CAfile", &path("c.pem"), &path("c.pem")]);
        assert!(good, "{connector}: {text}");
        let (good, text) =
            openssl::run(&["req", "-inform", "DER", "-in", &path("r.der"), "-verify", "-noout"]);
        assert!(good && text.contains("OK"), "{connector}: {text}");
    }
}

#[test]
fn a_certificate_is_stored_beside_its_key_and_only_beside_it() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let (first, second) = (host.generate("ps", 1), host.generate("es", 2));
    let (key, public) = (pin_of(&first), first.public_key().unwrap());
    let certify = |serial: u8| {
        let certificate = token::message::Certificate { serial: [serial; 16], ..messages::certificate() };
        let raw = signature(&host, "ps", key, Message::Certificate(certificate.clone()));
        certificate.finish(&public, &raw).unwrap()
    };
    let store = |connector: &str, key, certificate: &[u8]| {
        let connector = connector.parse().unwrap();
        host.ask(Work::StoreCertificate { key, certificate: certificate.to_vec(), connector })
    };
    assert_eq!(host.ask(Work::Certificate { key }), Ok(Done::Certificate(None)));
    for certificate in [certify(1), certify(2), certify(2)] {
        assert_eq!(store("ps", key, &certificate), Ok(Done::Nothing));
        assert_eq!(host.ask(Work::Certificate { key }), Ok(Done::Certificate(Some(certificate))));
    }
    assert_eq!(store("es", pin_of(&second), &certify(3)), Err(Fault::CertificateMismatch));
    assert_eq!(store("ps", key, b"no certificate"), Err(Fault::CertificateMismatch));
    assert!(keys(&host).iter().any(|key| key.certificate_sha256.is_some()));
}

#[test]
fn a_key_that_is_not_the_pinned_one_never_signs() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let (first, second) = (pin_of(&host.generate("ps", 1)), pin_of(&host.generate("es", 2)));
    let ask = |connector, key| host.ask(messages::sign(connector, key, messages::assertion()));
    assert_eq!(ask("ps", KeyRef { spki_sha256: second.spki_sha256, ..first }), Err(Fault::KeyMismatch));
    assert_eq!(ask("ps", KeyRef { id: token::KeyId([9; 16]), ..first }), Err(Fault::KeyMissing));
    assert_eq!(ask("es", first), Err(Fault::KeyMismatch), "another connector's key");
    assert_eq!(ask("no-such", first), Err(Fault::UnknownConnector));
    assert!(ask("ps", first).is_ok());
}

#[test]
fn a_probe_is_judged_in_the_host_and_its_signature_never_leaves_it() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let key = pin_of(&host.generate("ps", 1));
    assert_eq!(host.ask(Work::Probe { connector: "ps".parse().unwrap(), key }), Ok(Done::Nothing));
    assert!(matches!(host.ask(messages::sign("ps", key, messages::probe())), Err(Fault::Message(_))));
}

#[test]
fn an_imported_key_shows_that_it_was_not_born_here() {
    let bench = Bench::new();
    let pem = bench.path("key.pem").to_str().unwrap().to_owned();
    assert!(
        openssl::run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &pem]).0
    );
    bench.import(pem.as_ref(), "kunci:ps", &"41".repeat(16));
    let host = Host::ready(bench.config());
    let [key] = &keys(&host)[..] else { panic!() };
    let codes: Vec<_> = key.findings.iter().map(|finding| finding.code.as_str()).collect();
    for code in ["not-local", "once-readable", "once-extractable"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    assert!(PublicKey::from_spki(&key.spki).is_ok());
}

#[test]
fn a_destroyed_key_is_gone_with_its_certificate_and_no_other() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let (first, second) = (pin_of(&host.generate("ps", 1)), pin_of(&host.generate("es", 2)));
    // No lane has a call for it, so a process of its own destroys the key.
    let mut destroyer = again("destroyer_process");
    destroyer.env("SOFTHSM2_CONF", bench.conf()).env(KEY, serde_json::to_string(&first).unwrap());
    assert_eq!(destroyer.status().unwrap().code(), Some(42));
    let ask = |connector, key| host.ask(messages::sign(connector, key, messages::assertion()));
    assert_eq!(ask("ps", first), Err(Fault::KeyMissing));
    assert!(ask("es", second).is_ok());
    assert_eq!(keys(&host).len(), 1);
}
