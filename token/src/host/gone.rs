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
    match (fault, known) {
        (Fault::TokenMissing(why), known) => Fault::TokenMissing(why + &besides(token, known)),
        (fault, _) => fault,
    }
}

/// What to add to the words of a module that does not show a token which is known, or does not start without it.
pub(super) fn besides(token: &Token, known: Option<&Known>) -> String {
    known.map(|known| format!("; {}", words(token, known))).unwrap_or_default()
}

fn words(token: &Token, Known { serial, seen, interrupted }: &Known) -> String {
    let gone = format!("serial number {serial} was there, last seen at {seen}, and is gone");
    let look = match token.kind {
        TokenKind::YubikeyPiv => return format!("{gone}: see whether it is plugged in"),
        TokenKind::Pkcs11 => "see whether it is plugged in or reachable, or its folder is there and readable",
    };
    match interrupted {
        None => format!("{gone}: {look}; a store in files may be damaged ({PAGE})"),
        Some(amid) => format!(
            "{gone} since its host ended amid {amid}: a store in files may be damaged by that ({PAGE}); else {look}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_token_that_is_known_gets_words_of_its_own_and_they_fit_a_report() {
        let token: Token = serde_json::from_value(serde_json::json!({
            "kind": "pkcs11", "module": "/m.so", "uri": "pkcs11:token=t", "pin": { "prompt": true },
        }))
        .unwrap();
        let known = Known {
            serial: "0123456789abcdef".into(),
            seen: "2026-11-30T14:00:05Z".into(),
            interrupted: Some("a login".into()),
        };
        let missing = || Fault::TokenMissing("no token matches pkcs11:token=t".into());
        assert_eq!(told(missing(), &token, None), missing());
        let other = Fault::TokenAmbiguous("two tokens match".into());
        assert_eq!(told(other.clone(), &token, Some(&known)), other);
        let Fault::TokenMissing(told) = told(missing(), &token, Some(&known)) else { panic!() };
        for part in ["0123456789abcdef", "2026-11-30T14:00:05Z", "amid a login", "damaged", "docs/tokens.md"]
        {
            assert!(told.contains(part), "{told}");
        }
        assert!(told.len() < 450, "the supervisor cuts a longer one: {}", told.len());
    }
}
