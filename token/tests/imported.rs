//! A key that was brought to the token shows it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::process::Command;

use support::Bench;
use support::host::{Host, be_a_host};
use token::PublicKey;
use token::lane::{Done, Work};

#[test]
fn host_process() {
    be_a_host("host_process");
}

#[test]
fn an_imported_key_shows_that_it_was_not_born_here() {
    let bench = Bench::new();
    let pem = bench.path("key.pem").to_str().unwrap().to_owned();
    let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", &pem];
    assert!(Command::new("openssl").args(arguments).output().unwrap().status.success());
    bench.import(pem.as_ref(), "kunci:ps", &"41".repeat(16));
    let host = Host::ready(bench.config());
    let Ok(Done::Survey(token, keys)) = host.ask(Work::Survey { from: 0 }) else { panic!() };
    assert!(token.software, "SoftHSM is a soft token: {token:?}");
    let [key] = &keys[..] else { panic!() };
    let codes: Vec<_> = key.flaws.iter().map(|flaw| flaw.code()).collect();
    for code in ["not-local", "once-readable", "once-extractable"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    assert!(PublicKey::from_spki(&key.spki).is_ok());
}
