//! The JWS compact form that assertions and proofs share (RFC 7515 section 7.1).
//!
//! The header names the certificate by the thumbprint that goes with its algorithm, and carries no `kid`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hsm_config::Algorithm;
use serde::Serialize;

use super::thumbprint::{Named, Thumbprint};

#[derive(Serialize)]
struct Header {
    alg: Algorithm,
    typ: &'static str,
    #[serde(flatten)]
    certificate: Named,
}

/// `BASE64URL(header) . BASE64URL(claims)`.
pub(super) fn signing_input(
    algorithm: Algorithm,
    certificate: &Thumbprint,
    claims: &impl Serialize,
) -> Vec<u8> {
    let header = Header { alg: algorithm, typ: "JWT", certificate: certificate.named(algorithm) };
    let mut input = part(&header);
    input.push('.');
    input.push_str(&part(claims));
    input.into_bytes()
}

/// The compact JWS of a signing input and its signature.
pub(super) fn compact(signing_input: &[u8], signature: &[u8]) -> String {
    let mut jws = String::from_utf8_lossy(signing_input).into_owned();
    jws.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut jws);
    jws
}

fn part(value: &impl Serialize) -> String {
    // Structs of strings and integers always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}
