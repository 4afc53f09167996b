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

/// What openssl and ssh-keygen make of real keys and certificates, in a folder of its own.
fn made(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output =
        std::process::Command::new("sh").args(["-ec", script]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    folder
}

const CERTIFICATES: &str = "
for name in one two; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.pem -subj /CN=$name -days 9
done
openssl crl2pkcs7 -nocrl -certfile one.pem -certfile two.pem -out both.p7b
openssl crl2pkcs7 -nocrl -certfile one.pem -certfile two.pem -outform der -out both.p7c
openssl x509 -in one.pem -addtrust clientAuth -setalias mine -trustout -out trusted.pem
echo signed | openssl cms -sign -signer one.pem -inkey one.key -outform der -out signed.p7m
";

#[test]
fn what_openssl_makes_of_certificates_is_read_as_they_are() {
    let folder = made(CERTIFICATES);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let certificates = |bytes: &[u8]| -> Vec<Vec<u8>> {
        certificates(bytes).unwrap().iter().map(|one| one.der().to_vec()).collect()
    };
    let [one, two] = ["one.pem", "two.pem"].map(|name| certificates(&read(name)).remove(0));
    for bundle in ["both.p7b", "both.p7c"] {
        assert_eq!(certificates(&read(bundle)), [one.clone(), two.clone()], "{bundle}");
    }
    assert_eq!(certificates(&read("trusted.pem")), [one]);
    assert_eq!(
        parse(&read("signed.p7m")).unwrap_err(),
        Malformed::Pkcs7,
        "its signature would not be verified"
    );
    let mut damaged = read("both.p7c");
    for at in 0..damaged.len() {
        damaged[at] ^= 0x10;
        let _ = parse(&damaged);
        damaged[at] ^= 0x10;
        let _ = parse(&damaged[..at]);
    }
}

#[test]
fn a_key_of_ssh_is_the_key_that_openssl_sees() {
    let folder = made(
        "
for key in 'rsa 2048' 'ecdsa 256' 'ecdsa 384' 'ecdsa 521' 'ed25519 256'; do
  set -- $key
  ssh-keygen -q -t $1 -b $2 -N '' -C 'a comment of several words' -f $1-$2
  case $1 in
    ed25519) ;;
    *) ssh-keygen -e -m PKCS8 -f $1-$2.pub > $1-$2.pem ;;
  esac
done",
    );
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for name in ["rsa-2048", "ecdsa-256", "ecdsa-384", "ecdsa-521"] {
        let ssh = crate::key(&read(&format!("{name}.pub"))).unwrap();
        assert_eq!(ssh.sha256(), crate::key(&read(&format!("{name}.pem"))).unwrap().sha256(), "{name}");
    }
    let ed25519 = crate::key(&read("ed25519-256.pub")).unwrap();
    assert_eq!(ed25519.algorithm(), crate::KeyAlgorithm::Ed25519);
    let text = String::from_utf8(read("ecdsa-256.pub")).unwrap();
    for damaged in
        [text.replace("nistp256 ", "nistp384 "), text.replace("AAAAE2", "AAAAE3"), text[..60].to_owned()]
    {
        assert!(parse(damaged.as_bytes()).is_err(), "{damaged}");
    }
}

#[test]
fn the_limit_that_is_told_is_the_one_that_was_hit() {
    let told = |keys: usize, attestations: usize| {
        let key = serde_json::json!({"token": "t", "attestation": vec!["AAAA"; attestations]});
        let bundle =
            serde_json::json!({"format": bundle::BUNDLE, "connector": "de", "keys": vec![key; keys]});
        bundle::Bundle::from_json(bundle.to_string().as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(told(65, 0), "it is too large: a bundle has at most 64 keys");
    assert!(told(1, 17).contains("a key of a bundle has at most 16 certificates"), "{}", told(1, 17));
    let many = Malformed::TooLarge(Limit::Certificates).to_string();
    assert!(many.contains("at most 64 certificates, requests and keys are judged in one call"), "{many}");
}

#[test]
fn a_request_on_a_curve_that_is_not_judged_contradicts_nothing() {
    let folder = made(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -nodes -keyout k -subj /CN=x -out r.csr",
    );
    let mut evidence = crate::Evidence::new();
    evidence.add(&std::fs::read(folder.path().join("r.csr")).unwrap()).unwrap();
    let report = crate::verify(&evidence, &crate::Question::at(crate::tests::today()));
    let codes: Vec<_> = report.findings.iter().map(|one| one.code).collect();
    assert_eq!(
        (report.verdict, codes),
        (crate::Verdict::Unattested, vec!["no-attestation", "signature-algorithm"])
    );
    assert_eq!(report.algorithm.as_deref(), Some("EC secp256k1"));
}
