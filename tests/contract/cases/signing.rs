//! Signatures, judged by `openssl`; and those that are refused.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hsm_config::Algorithm;
use serde_json::json;
use token::lane::{Done, Fault, KeyReport, Work};
use token::message::{Certificate, MAX_SKEW_S, Message};
use token::{KeyId, KeyRef};

use crate::bench::DEADLINE_S;
use crate::connector::Connector;
use crate::host::Host;
use crate::life::{Life, pin_of};
use crate::{messages, openssl};

pub(super) fn ps256(life: &mut Life) {
    judged(life, "PS256");
}

pub(super) fn rs256(life: &mut Life) {
    judged(life, "RS256");
}

pub(super) fn es256(life: &mut Life) {
    judged(life, "ES256");
}

/// Every key of this algorithm signs an assertion and a proof; the other implementation takes them, and nothing else. A
/// key that does not takes no part in what follows.
fn judged(life: &mut Life, algorithm: &str) {
    let folder = life.bench.at(".");
    let (host, keys) = life.host_and_keys();
    let ours = |name: &str| Connector::named(name).algorithm == algorithm;
    let of_it: Vec<_> = keys.iter().filter(|(name, _)| ours(name)).collect();
    assert_ne!(of_it.len(), 0, "there is no key to sign with");
    let refused = of_it
        .iter()
        .filter_map(|(name, report)| Some((**name, sign_and_judge(host, &folder, name, report).err()?)));
    let refused: Vec<_> = refused.collect();
    refused.iter().for_each(|(name, _)| life.forget(name));
    assert!(refused.is_empty(), "{refused:?}");
}

fn sign_and_judge(host: &Host, folder: &Path, name: &str, report: &KeyReport) -> Result<(), Fault> {
    let (public, algorithm) = (report.public_key().unwrap(), Connector::named(name).used().algorithm);
    for message in [messages::assertion(), messages::proof()] {
        let input = message.signing_input(algorithm, &public).unwrap();
        let Done::Signature(signature) = host.sign(name, pin_of(report), message)? else {
            panic!("no signature")
        };
        let verifies = |input: &[u8]| openssl::verifies(folder, &public, algorithm, input, &signature);
        assert!(verifies(&input), "openssl refuses the signature of {name}");
        assert!(!verifies(&[&input[..], b"x"].concat()), "openssl takes another message");
        names_its_certificate(folder, algorithm, &input);
        assert!(public.verifies(algorithm, &input, &signature), "only openssl takes {name}");
    }
    Ok(())
}

/// The header names the certificate as Entra's own clients do: by SHA-1 with RS256, by SHA-256 with the others.
fn names_its_certificate(folder: &Path, algorithm: Algorithm, input: &[u8]) {
    let header = URL_SAFE_NO_PAD.decode(input.split(|byte| *byte == b'.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    let (member, digest) = match algorithm {
        Algorithm::RS256 => ("x5t", "-sha1"),
        Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA => ("x5t#S256", "-sha256"),
    };
    let thumbprint = openssl::digest(folder, digest, messages::CERTIFICATE);
    assert_eq!(header, json!({ "alg": algorithm, "typ": "JWT", member: URL_SAFE_NO_PAD.encode(thumbprint) }));
}

/// A key that is not the pinned one, or another connector's, never signs.
pub(super) fn pinned(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    let [(first, one), (other, two), ..] = keys.iter().collect::<Vec<_>>()[..] else { panic!("no two keys") };
    let (one, two) = (pin_of(one), pin_of(two));
    let ask = |connector: &str, key| host.sign(connector, key, messages::assertion());
    assert_eq!(ask(first, KeyRef { spki_sha256: two.spki_sha256, ..one }), Err(Fault::KeyMismatch));
    // Missing, or where the configuration says which key is the connector's, not that one.
    let other_id = ask(first, KeyRef { id: KeyId([0xfe; 16]), ..one });
    assert!(matches!(other_id, Err(Fault::KeyMissing | Fault::KeyMismatch)), "{other_id:?}");
    assert_eq!(ask(other, one), Err(Fault::KeyMismatch), "another connector's key");
    assert_eq!(ask("no-such", one), Err(Fault::UnknownConnector));
    assert!(ask(first, one).is_ok());
}

/// What is dated otherwise than the host's clock says is refused, and so is a certificate that outlives five years: a front that
/// was taken over stockpiles nothing.
pub(super) fn dated(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    let (connector, report) = keys.iter().next().unwrap();
    let ask = |message| host.sign(connector, pin_of(report), message);
    // The clock goes on while a token signs: the boundary itself, to the second, is tried beside the code.
    let beyond = MAX_SKEW_S + DEADLINE_S + 30;
    for off in [beyond, -beyond, 3_600, -3_600, 5 * 31_536_000] {
        for message in messages::dated(off) {
            let (kind, refused) = (message.kind(), ask(message));
            assert!(matches!(refused, Err(Fault::Untimely(_))), "{kind} {off} s away: {refused:?}");
        }
    }
    for off in [MAX_SKEW_S - 1, -MAX_SKEW_S + 1] {
        for message in messages::dated(off) {
            let (kind, signed) = (message.kind(), ask(message));
            assert!(signed.is_ok(), "{kind} {off} s away: {signed:?}");
        }
    }
    let five_years = messages::certificate().not_before + 5 * 31_536_000;
    let certificate = |not_after| Certificate { not_after, ..messages::certificate() };
    assert!(ask(Message::Certificate(certificate(five_years))).is_ok());
    let refused = ask(Message::Certificate(certificate(five_years + 86_400)));
    assert!(matches!(refused, Err(Fault::Message(_))), "{refused:?}");
}

/// A probe is judged in the host, and its signature never leaves it.
pub(super) fn probe(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    for (connector, report) in keys {
        let key = pin_of(report);
        let probe = Work::Probe { connector: connector.parse().unwrap(), key };
        assert_eq!(host.ask(probe), Ok(Done::Nothing), "{connector}");
        let asked = host.sign(connector, key, messages::probe());
        assert!(matches!(asked, Err(Fault::Message(_))), "{asked:?}");
    }
}
