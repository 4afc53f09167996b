//! Frames of lanes and of control sockets, in both directions. What is decoded and encoded again is the same, and a message is
//! composed or refused.
#![no_main]

use std::time::Duration;

use hsm_config::Algorithm;
use libfuzzer_sys::fuzz_target;
use token::control::{Order, Report};
use token::lane::{Answer, Ask, LedgerWork, Work, decode, encode};
use token::message::{Message, Now};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(ask) = decode::<Ask>(bytes) {
        assert_eq!(decode::<Ask>(&encode(&ask).expect("it was decoded")), Ok(ask.clone()));
        compose(&ask.work);
    }
    if let Ok(answer) = decode::<Answer>(bytes) {
        assert_eq!(decode::<Answer>(&encode(&answer).expect("it was decoded")), Ok(answer));
    }
    drop(serde_json::from_slice::<Order>(bytes));
    drop(serde_json::from_slice::<Report>(bytes));
});

/// What a host does with a front's message before it asks its token.
fn compose(work: &Work) {
    if let Work::Ledger(LedgerWork::Sign { checkpoint, .. }) = work {
        let key = token::PublicKey::from_spki(P256).expect("the key is good");
        if let Ok(text) = checkpoint.compose(ORIGIN, &key) {
            assert!(text.bytes().starts_with(ORIGIN.as_bytes()) && text.bytes().len() < MAX_TEXT);
        }
    }
    let Work::Sign { message, .. } = work else { return };
    // Whatever its date, it gets as far as it can: as if the host's clock said the same.
    let now = Now::at(date(message), DEADLINE);
    for (algorithm, spki) in [(Algorithm::PS256, RSA), (Algorithm::RS256, RSA), (Algorithm::ES256, P256)] {
        let key = token::PublicKey::from_spki(spki).expect("the key is good");
        drop(message.compose(algorithm, &key, now));
        drop(message.compose(algorithm, &key, Now::at(0, DEADLINE)));
    }
}

fn date(message: &Message) -> i64 {
    match message {
        Message::Assertion(assertion) => assertion.iat,
        Message::Proof(proof) => proof.nbf,
        Message::Certificate(certificate) => certificate.not_before,
        Message::Request(_) | Message::Probe(_) => 0,
    }
}

/// The log that checkpoints are of, and more than any of its texts has, in bytes.
const ORIGIN: &str = "fuzz.example/kunci";
const MAX_TEXT: usize = 128;
const DEADLINE: Duration = Duration::from_secs(600);


/// Public keys of nobody's, DER.
const RSA: &[u8] = include_bytes!("../keys/rsa-2048.spki");
const P256: &[u8] = include_bytes!("../keys/p-256.spki");
