//! Messages with plausible fields, dated now: a host signs nothing that is dated otherwise.

use time::OffsetDateTime;
use token::message::{Assertion, Message, Thumbprint};
use token::{KeyRef, lane::Work};

pub fn assertion() -> Message {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    Message::Assertion(Assertion {
        certificate: Thumbprint::of(b"certificate"),
        aud: "https://login.example/customer.example/oauth2/v2.0/token".into(),
        client_id: "0c3a6d1e-2f6b-4a43-9d8e-3b1f0a9c5e77".into(),
        jti: "7b4c2d90-1c1f-4f3e-8a55-90f1be0c6c1a".into(),
        iat: now,
        exp: now + 300,
    })
}

pub fn sign(connector: &str, key: KeyRef, message: Message) -> Work {
    Work::Sign { connector: connector.parse().unwrap(), key, message }
}
