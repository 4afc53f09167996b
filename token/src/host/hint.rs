//! What to say besides of a module that was never seen to work: it seldom tells that it is the network that it misses.
//!
//! Only of tokens that have none, and only until one was served: one that worked and is gone misses something else.

use hsm_config::{Token, TokenKind};

/// What helps where that is at fault.
const NO_NETWORK: &str =
    "; its host has no network: if that is how the token is reached, add network = true to it";

/// What to add to a module's own words, of a token that was served before or not.
pub(super) fn after(token: &Token, served: bool) -> &'static str {
    let lacks = token.kind == TokenKind::Pkcs11 && !token.has_network();
    if lacks && !served { NO_NETWORK } else { "" }
}
