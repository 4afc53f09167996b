//! Messages with plausible fields.

use token::message::{Assertion, Certificate, Message, Probe, Proof, Request, Thumbprint};

/// What stands for the certificate that a header names.
pub(crate) const CERTIFICATE: &[u8] = b"certificate";

pub(crate) fn assertion() -> Message {
    numbered(0, 0)
}

/// An assertion that differs from all others.
pub(crate) fn numbered(turn: usize, count: usize) -> Message {
    Message::Assertion(Assertion {
        certificate: Thumbprint::of(CERTIFICATE),
        aud: "https://login.example/customer.example/oauth2/v2.0/token".into(),
        client_id: "0c3a6d1e-2f6b-4a43-9d8e-3b1f0a9c5e77".into(),
        jti: format!("7b4c2d90-1c1f-4f3e-{turn:04x}-{count:012x}"),
        iat: 1_700_000_000,
        exp: 1_700_000_300,
    })
}

pub(crate) fn proof() -> Message {
    let object_id = "9f0d2c7e-6a51-4b6e-8a6e-111111111111".into();
    Message::Proof(Proof { certificate: Thumbprint::of(CERTIFICATE), object_id, nbf: 1_700_000_000, exp: 1_700_000_600 })
}

pub(crate) fn certificate() -> Certificate {
    let (not_before, not_after) = (1_700_000_000, 4_000_000_000);
    Certificate { common_name: "Vendor connector, Germany".into(), serial: [0x11; 16], not_before, not_after }
}

pub(crate) fn request() -> Request {
    Request { common_name: "Vendor connector, Germany".into() }
}

pub(crate) fn probe() -> Message {
    Message::Probe(Probe { nonce: [5; 32] })
}
