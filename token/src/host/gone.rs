//! What to say of a token that was there and is gone: which one, since when, and what to look at.
//!
//! The supervisor remembers it across hosts and agents, so that a token whose store was destroyed is not taken for one that
//! was never configured right.

use hsm_config::{Token, TokenKind};

use crate::control::Known;
use crate::lane::Fault;

/// Where it is told how a store is damaged, and what helps.
const PAGE: &str = "docs/tokens.md, \"What a kill does to a token\"";

/// The same fault, with words of its own where a token is missing that is known.
pub(super) fn told(fault: Fault, token: &Token, known: Option<&Known>) -> Fault {
    match fault {
        Fault::TokenMissing(why) => Fault::TokenMissing(before(why, token, known)),
        fault => fault,
    }
}

/// What to say of a module that does not show a token which is known, or does not start without it. First, since the
/// supervisor cuts a text that is too long, and a URI or a path may be.
pub(super) fn before(why: String, token: &Token, known: Option<&Known>) -> String {
    match known {
        Some(known) => format!("{} ({why})", words(token, known)),
        None => why,
    }
}

fn words(token: &Token, Known { serial, seen, doubt }: &Known) -> String {
    let gone = format!("serial number {serial} was there, {seen}, and is gone");
    let look = match token.kind {
        TokenKind::YubikeyPiv => return format!("{gone}: see whether it is plugged in"),
        TokenKind::Pkcs11 => "see whether it is plugged in or reachable, or its folder is there and readable",
    };
    match doubt {
        None => format!("{gone}: {look}; a store in files may be damaged ({PAGE})"),
        Some(doubt) => {
            format!("{gone}; {doubt}, and a store in files may be damaged by that ({PAGE}); else {look}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{MAX_TEXT_BYTES, Seen};

    #[test]
    fn only_a_missing_token_that_is_known_gets_words_of_its_own_and_no_long_uri_cuts_them() {
        let token: Token = serde_json::from_value(serde_json::json!({
            "kind": "pkcs11", "module": "/m.so", "uri": "pkcs11:token=t", "pin": { "prompt": true },
        }))
        .unwrap();
        let known = Known {
            serial: "0123456789abcdef".into(),
            seen: Seen::Last("2026-11-30T14:00:05Z".into()),
            doubt: Some("its host ended amid a login".into()),
        };
        let why = format!("no token matches pkcs11:token={}", "t".repeat(4000));
        let missing = || Fault::TokenMissing(why.clone());
        assert_eq!(told(missing(), &token, None), missing());
        let other = Fault::TokenAmbiguous("two tokens match".into());
        assert_eq!(told(other.clone(), &token, Some(&known)), other);
        let Fault::TokenMissing(told) = told(missing(), &token, Some(&known)) else { panic!() };
        let kept = &told[..MAX_TEXT_BYTES];
        for part in [
            "0123456789abcdef",
            "last seen at 2026-11-30T14:00:05Z",
            "amid a login",
            "damaged",
            "docs/tokens.md",
            "readable",
        ] {
            assert!(kept.contains(part), "{kept}");
        }
    }
}
