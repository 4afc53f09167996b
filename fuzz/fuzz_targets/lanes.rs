//! Frames of lanes and of control sockets, in both directions. What is decoded and encoded again is the same, and a message is
//! composed or refused.
#![no_main]

use hsm_config::Algorithm;
use libfuzzer_sys::fuzz_target;
use token::control::{Order, Report};
use token::lane::{Answer, Ask, Work, decode, encode};

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
    let Work::Sign { message, .. } = work else { return };
    for (algorithm, spki) in [(Algorithm::PS256, RSA), (Algorithm::ES256, P256)] {
        let key = token::PublicKey::from_spki(spki).expect("the key is good");
        drop(message.compose(algorithm, &key));
    }
}

/// Public keys of nobody's, DER.
const RSA: &[u8] = include_bytes!("../keys/rsa-2048.spki");
const P256: &[u8] = include_bytes!("../keys/p-256.spki");
