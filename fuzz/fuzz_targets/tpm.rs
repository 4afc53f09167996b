//! TPM 2.0: each wire structure by itself, then all of them as one piece of evidence. An input is a JSON file, or the parts
//! of one with a mark between. What is proven was recorded so from a TPM.
#![no_main]

use attest::tpm::{
    Answer, Challenge, Creation, EVIDENCE, Endorsement, Public, Signature, Statement, TpmEvidence,
};
use attest::{Evidence, PublicKey, Verdict};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kunci_fuzz::{MARK, QUESTION, recorded, said};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if bytes.first() == Some(&b'{') {
        // The auditor's and the vendor's halves of a challenge are read from files, too.
        let _ = (Answer::from_json(bytes), serde_json::from_slice::<Challenge>(bytes));
        return judged(bytes);
    }
    let parts = split(bytes);
    parts.iter().for_each(|part| parsed(part));
    if let Some(evidence) = composed(&parts) {
        let json = serde_json::to_vec(&evidence).expect("it is text");
        judged(&json);
    }
});

fn judged(json: &[u8]) {
    let mut evidence = Evidence::new();
    if evidence.add(json).is_err() {
        return;
    }
    let report = attest::verify(&evidence, &QUESTION);
    if report.verdict == Verdict::Proven {
        let piece = recorded().iter().find(|piece| piece.says(&said(&report)));
        let piece = piece.expect("what no TPM said is proven");
        let evidence = TpmEvidence::from_json(json).expect("what is proven was read");
        assert!(piece.is_in(&evidence), "a forgery is proven");
    }
}

/// What is read can be written, named and sealed to, or is refused. It verifies nothing that nobody signed.
fn parsed(part: &[u8]) {
    let genuine = recorded()[0].attestation_key();
    if let Ok(public) = Public::parse(part) {
        assert!(public.to_bytes() == part);
        assert!(PublicKey::from_spki(&public.spki()).is_ok(), "a public key that is none");
        let sealed = Endorsement::from_public(&public).and_then(|endorsement| endorsement.challenge(genuine));
        assert!(sealed.is_err() || public.aes_bits().is_some(), "a secret is sealed with no cipher");
    }
    if let Ok(signature) = Signature::parse(part) {
        let key = PublicKey::from_spki(&genuine.spki()).expect("a genuine key");
        assert!(signature.verify(&key, part).is_err(), "a signature over itself");
    }
    let _ = (Statement::parse(part), Creation::parse(part));
}

/// In this order: attestation key, key, statement, signature, creation data, activated, certificates.
fn composed(parts: &[&[u8]]) -> Option<TpmEvidence> {
    let [ak, key, statement, signature, creation, activated, certificates @ ..] = parts else { return None };
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    Some(TpmEvidence {
        format: EVIDENCE.to_owned(),
        ek_certificates: certificates.iter().map(|certificate| text(certificate)).collect(),
        ak_public: text(ak),
        activated: (!activated.is_empty()).then(|| String::from_utf8_lossy(activated).into_owned()),
        key_public: text(key),
        statement: text(statement),
        signature: text(signature),
        creation_data: (!creation.is_empty()).then(|| text(creation)),
    })
}

fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        parts.push(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    parts.push(rest);
    parts
}
