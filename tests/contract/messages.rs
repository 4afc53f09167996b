//! Messages with plausible fields, dated now: a host signs nothing that is dated otherwise.

use std::time::UNIX_EPOCH;

use token::message::{Assertion, BACKDATE_S, Certificate, Message, Probe, Proof, Request, Thumbprint};

/// What stands for the certificate that a header names.
pub(crate) const CERTIFICATE: &[u8] = b"certificate";

const DAY_S: i64 = 86_400;

pub(crate) fn assertion() -> Message {
    numbered(0, 0)
}

/// The same messages as a front would compose them that many seconds from now: each kind that has a date.
pub(crate) fn dated(off: i64) -> [Message; 3] {
    [assertion(), proof(), Message::Certificate(certificate())].map(|message| match message {
        Message::Assertion(it) => {
            Message::Assertion(Assertion { iat: it.iat + off, exp: it.exp + off, ..it })
        }
        Message::Proof(it) => Message::Proof(Proof { nbf: it.nbf + off, exp: it.exp + off, ..it }),
        Message::Certificate(it) => Message::Certificate(Certificate {
            not_before: it.not_before + off,
            not_after: it.not_after + off,
            ..it
        }),
        other => other,
    })
}

/// An assertion that differs from all others.
pub(crate) fn numbered(turn: usize, count: usize) -> Message {
    Message::Assertion(Assertion {
        certificate: Thumbprint::of(CERTIFICATE),
        aud: "https://login.example/customer.example/oauth2/v2.0/token".into(),
        client_id: "0c3a6d1e-2f6b-4a43-9d8e-3b1f0a9c5e77".into(),
        jti: format!("7b4c2d90-1c1f-4f3e-{turn:04x}-{count:012x}"),
        iat: now(),
        exp: now() + 300,
    })
}

pub(crate) fn proof() -> Message {
    let object_id = "9f0d2c7e-6a51-4b6e-8a6e-111111111111".into();
    let certificate = Thumbprint::of(CERTIFICATE);
    Message::Proof(Proof { certificate, object_id, nbf: now(), exp: now() + 600 })
}

pub(crate) fn certificate() -> Certificate {
    let (not_before, not_after) = (now() - BACKDATE_S, now() + 90 * DAY_S);
    Certificate { common_name: "Vendor connector, Germany".into(), serial: [0x11; 16], not_before, not_after }
}

pub(crate) fn request() -> Request {
    Request { common_name: "Vendor connector, Germany".into() }
}

pub(crate) fn probe() -> Message {
    Message::Probe(Probe { nonce: [5; 32] })
}

fn now() -> i64 {
    i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}
