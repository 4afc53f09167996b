//! HTTP request bodies, as the front parses them: the first byte chooses which. A body that is taken is within its limits.
#![no_main]

use agent::http::{Install, ProofRequest, Provision, Reason};
use agent::request::Request;
use libfuzzer_sys::fuzz_target;
use serde_json::from_slice;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, body)) = bytes.split_first() else { return };
    match which % 5 {
        0 => assertion(body),
        1 => drop(from_slice::<Provision>(body)),
        2 => drop(from_slice::<ProofRequest>(body)),
        3 => drop(from_slice::<Reason>(body)),
        _ => drop(from_slice::<Install>(body)),
    }
});

fn assertion(body: &[u8]) {
    if let Ok(request) = Request::parse("de", body) {
        let (tenant, client) = (request.tenant().as_str(), request.client_id().as_str());
        assert!((1..=253).contains(&tenant.len()) && (1..=128).contains(&client.len()));
        assert!(tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)));
        assert!(!["common", "organizations", "consumers"].contains(&tenant.to_ascii_lowercase().as_str()));
    }
}
