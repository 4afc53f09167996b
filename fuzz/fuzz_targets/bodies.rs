//! HTTP request bodies, as the front parses them: the first byte chooses which. A body that is taken is an object
//! and within its limits.
#![no_main]

use agent::spine::object::parse;
use agent::spine::request::Request;
use api::{Install, ProofRequest, Provision, Reason};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, body)) = bytes.split_first() else { return };
    match which % 5 {
        0 => assertion(body),
        1 => object(body, parse::<Provision>(body).is_ok()),
        2 => object(body, parse::<ProofRequest>(body).is_ok()),
        3 => object(body, parse::<Reason>(body).is_ok()),
        _ => object(body, parse::<Install>(body).is_ok()),
    }
});

/// What is taken is an object, by another reader, which takes whatever JSON there is.
fn object(body: &[u8], taken: bool) {
    assert!(!taken || serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|value| value.is_object()));
}

fn assertion(body: &[u8]) {
    if let Ok(request) = Request::parse("de", body) {
        object(body, true);
        let (tenant, client) = (request.tenant().as_str(), request.client_id().as_str());
        assert!((1..=253).contains(&tenant.len()) && (1..=128).contains(&client.len()));
        assert!(tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)));
        assert!(!["common", "organizations", "consumers"].contains(&tenant.to_ascii_lowercase().as_str()));
    }
}
