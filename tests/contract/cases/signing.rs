//! Signatures, judged by `openssl`; and those that are refused.

use token::lane::{Done, Fault, Work};
use token::{KeyId, KeyRef};

use crate::backend::CONNECTORS;
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

/// Every key of this algorithm signs an assertion and a proof; the other implementation takes them, and nothing else.
fn judged(life: &mut Life, algorithm: &str) {
    let folder = life.bench.at(".");
    let (host, keys) = life.host_and_keys();
    let mut signed = 0;
    for connector in CONNECTORS.iter().filter(|connector| connector.algorithm == algorithm) {
        let Some(report) = keys.get(connector.name) else { continue };
        let (public, algorithm) = (report.public_key().unwrap(), connector.used().algorithm);
        for message in [messages::assertion(), messages::proof()] {
            let input = message.signing_input(algorithm, &public).unwrap();
            let done = host.sign(connector.name, pin_of(report), message);
            let Ok(Done::Signature(signature)) = done else { panic!("{}: {done:?}", connector.name) };
            let verifies = |input: &[u8]| openssl::verifies(&folder, &public, algorithm, input, &signature);
            assert!(verifies(&input), "openssl refuses the signature of {}", connector.name);
            assert!(!verifies(&[&input[..], b"x"].concat()), "openssl takes another message");
            assert!(public.verifies(algorithm, &input, &signature), "only openssl takes {}", connector.name);
            signed += 1;
        }
    }
    assert_ne!(signed, 0, "there is no key to sign with");
}

/// A key that is not the pinned one, or another connector's, never signs.
pub(super) fn pinned(life: &mut Life) {
    let (host, keys) = life.host_and_keys();
    let [(first, one), (other, two), ..] = keys.iter().collect::<Vec<_>>()[..] else { panic!("no two keys") };
    let (one, two) = (pin_of(one), pin_of(two));
    let ask = |connector: &str, key| host.sign(connector, key, messages::assertion());
    assert_eq!(ask(first, KeyRef { spki_sha256: two.spki_sha256, ..one }), Err(Fault::KeyMismatch));
    assert_eq!(ask(first, KeyRef { id: KeyId([0xfe; 16]), ..one }), Err(Fault::KeyMissing));
    assert_eq!(ask(other, one), Err(Fault::KeyMismatch), "another connector's key");
    assert_eq!(ask("no-such", one), Err(Fault::UnknownConnector));
    assert!(ask(first, one).is_ok());
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
