//! The paths of the HTTP surface. Those with `{connector}`, `{token}` or `{*path}` are filled in by [`of`].

/// The connectors that the caller may see.
pub const CONNECTORS: &str = "/v1/connectors";
/// One connector.
pub const CONNECTOR: &str = "/v1/connectors/{connector}";
/// Assertions for a tenant and client id.
pub const ASSERTIONS: &str = "/v1/connectors/{connector}/assertions";
/// A connector's certificate, read by callers and put by admins.
pub const CERTIFICATE: &str = "/v1/connectors/{connector}/certificate";
/// Keys and certificates are made.
pub const PROVISION: &str = "/v1/connectors/{connector}/provision";
/// Proofs for a Graph key roll.
pub const PROOFS: &str = "/v1/connectors/{connector}/proofs";
/// Where a connector's keys were born.
pub const EVIDENCE: &str = "/v1/connectors/{connector}/evidence";
/// Nothing more is signed.
pub const FREEZE: &str = "/v1/connectors/{connector}/freeze";
/// It signs again.
pub const THAW: &str = "/v1/connectors/{connector}/thaw";
/// The tokens.
pub const TOKENS: &str = "/v1/tokens";
/// A token and its keys are looked at.
pub const CHECK: &str = "/v1/tokens/{token}/check";
/// A blank token is initialised.
pub const INIT: &str = "/v1/tokens/{token}/init";
/// A token's latch is cleared.
pub const UNLATCH: &str = "/v1/tokens/{token}/unlatch";
/// The configuration is read again.
pub const RELOAD: &str = "/v1/reload";
/// The log's last signed checkpoint (C2SP tlog-checkpoint).
pub const CHECKPOINT: &str = "/v1/log/checkpoint";
/// The ledger's own key is made.
pub const LEDGER_KEY: &str = "/v1/log/key";
/// Tiles and entries of the log (C2SP tlog-tiles).
pub const TILE: &str = "/v1/log/tile/{path}";
/// The agent's health.
pub const HEALTH: &str = "/v1/health";
/// Who the agent takes the caller for, and what that one may get.
pub const WHOAMI: &str = "/v1/whoami";
/// The OpenAPI document.
pub const OPENAPI: &str = "/v1/openapi.json";

/// A path with its variable part filled in by a name, which cannot leave its place.
pub fn of(path: &str, name: &str) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(begin), Some(end)) => [&path[..begin], &segment(name), &path[end + 1..]].concat(),
        _ => path.to_owned(),
    }
}

/// Percent-encoded (RFC 3986, 2.1), and so one part of a path whatever it holds.
fn segment(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let shown = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(of(FREEZE, "de"), "/v1/connectors/de/freeze");
        assert_eq!(of(CHECK, "../tokens?x=é"), "/v1/tokens/%2E%2E%2Ftokens%3Fx%3D%C3%A9/check");
        assert_eq!(of(HEALTH, "de"), HEALTH);
    }
}
