//! What the largest evidence costs whose names are made to be compared: as long as they may be, and as many of one name.
//!
//! The signatures are nobody's: what is compared before any is verified is what counts here.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use attest::{Evidence, Question, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;

/// The most certificates of one question.
const CERTIFICATES: usize = attest::MAX_CERTIFICATES;
/// A name of which a certificate has room for two, in bytes.
const LONG: usize = 30 * 1024;
/// The most keys of a bundle and certificates of each; beside it come as many as there may be.
const KEYS: usize = 64;
const CHAIN: usize = 16;

/// Whose certificate is a device's word on a key.
const LEAF: &str = "YubiKey PIV Attestation 9a";

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    let header = match value.len() {
        0..=0x7f => vec![tag, length[3]],
        0x80..=0xff => vec![tag, 0x81, length[3]],
        0x100..=0xffff => vec![tag, 0x82, length[2], length[3]],
        _ => vec![tag, 0x83, length[1], length[2], length[3]],
    };
    [header, value].concat()
}

fn name(common: &str) -> Vec<u8> {
    let attribute = tlv(0x30, &[&tlv(0x06, &[&[0x55, 0x04, 0x03]]), &tlv(0x0c, &[common.as_bytes()])]);
    tlv(0x30, &[&tlv(0x31, &[&attribute])])
}

/// A certificate of an Ed25519 key, of another one for each number.
fn certificate(subject: &str, issuer: &str, number: usize) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&tlv(0x06, &[&[0x2b, 0x65, 0x70]])]);
    let dates = tlv(0x30, &[&tlv(0x17, &[b"200101000000Z"]), &tlv(0x17, &[b"490101000000Z"])]);
    let key = [&number.to_be_bytes()[..], &[7; 24]].concat();
    let spki = tlv(0x30, &[&algorithm, &tlv(0x03, &[&[0], &key])]);
    let parts = [&tlv(0x02, &[&[7]]), &algorithm, &name(issuer), &dates, &name(subject), &spki];
    let body = tlv(0x30, &parts.map(Vec::as_slice));
    tlv(0x30, &[&body, &algorithm, &tlv(0x03, &[&[0; 65]])])
}

/// A chain, each issued by the next, whose names differ in their last letters only.
fn long_names() -> Vec<u8> {
    let name = |number: usize| format!("{}{number:03}", "N ".repeat(LONG / 2));
    let above = (1..CERTIFICATES).flat_map(|number| certificate(&name(number), &name(number + 1), number));
    certificate(LEAF, &name(1), 0).into_iter().chain(above).collect()
}

/// Keys whose certificates all bear one name, so that each may have issued each.
fn one_name() -> Vec<u8> {
    let mut chain = vec![STANDARD.encode(certificate(LEAF, "n", 0))];
    chain.extend((1..CHAIN).map(|number| STANDARD.encode(certificate("n", "n", number))));
    let key = |token: usize| json!({"token": token.to_string(), "attestation": chain});
    let keys: Vec<_> = (0..KEYS).map(key).collect();
    serde_json::to_vec(&json!({"format": attest::bundle::BUNDLE, "connector": "de", "keys": keys})).unwrap()
}

fn names(criterion: &mut Criterion) {
    let question = Question::at(Timestamp::from_second(1_790_000_000).unwrap());
    let beside: Vec<u8> =
        (CHAIN..CHAIN + CERTIFICATES).flat_map(|number| certificate("n", "n", number)).collect();
    let mut group = criterion.benchmark_group("names");
    group.sample_size(10);
    for (what, file, beside) in [
        ("64 certificates, names of 30 KiB", long_names(), None),
        ("a bundle, all of one name", one_name(), Some(&beside)),
    ] {
        assert!(file.len() <= attest::MAX_FILE_BYTES, "{what}: {}", file.len());
        group.bench_function(what, |bencher| {
            bencher.iter(|| {
                let mut evidence = Evidence::new();
                evidence.add(black_box(&file)).unwrap();
                beside.into_iter().for_each(|beside| evidence.add_intermediates(beside).unwrap());
                assert!(!attest::answer(&evidence, &question).unwrap().is_yes());
            });
        });
    }
}

criterion_group!(benches, names);
criterion_main!(benches);
