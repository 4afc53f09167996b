//! Keys that their module named: under which `CKA_ID` they are, and whose they are by the configuration.
//!
//! All other keys carry what Kunci gave them, an identifier of 16 random bytes and a label. Where the configuration names
//! a key, its label says nothing, and its connector signs with no other key of the token.

use std::collections::BTreeMap;

use hsm_config::{CkaId, Token};

use super::code::Failure;
use crate::control::label;
use crate::lane::Fault;
use crate::{KeyId, KeyLocation};

/// The named keys of one token, by the label that each would carry if it were of Kunci's making.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, CkaId>);

impl Names {
    /// What the configuration names.
    pub fn of(token: &Token) -> Self {
        Self(token.key_ids.iter().flatten().map(|(connector, id)| (label(connector), id.clone())).collect())
    }

    /// Refuses to make a key whose name is its module's: under which identifiers it makes keys, only its tool knows.
    pub(super) fn ours(&self, label: &str) -> Result<(), Fault> {
        let Some(id) = self.cka_id(label) else { return Ok(()) };
        let why = "Kunci makes no key that key_ids names: make it with the token's own tool";
        Err(Fault::Slot(format!("{why}, under the CKA_ID {id}, and adopt it")))
    }

    /// Under which `CKA_ID` the configuration names the key that would carry this label.
    pub(super) fn cka_id(&self, label: &str) -> Option<&CkaId> {
        self.0.get(label)
    }

    /// Whose the object with this `CKA_ID` is, if it is a named one.
    pub(super) fn label(&self, cka_id: &[u8]) -> Option<&str> {
        self.0.iter().find(|(_, named)| named.bytes() == cka_id).map(|(label, _)| label.as_str())
    }

    /// Kunci's name of an object: its own 16 bytes, or the place of a named one.
    pub(super) fn key_id(&self, cka_id: Vec<u8>) -> Option<KeyId> {
        match self.label(&cka_id).and_then(|_| CkaId::of(&cka_id)) {
            Some(named) => Some(KeyLocation::Object(named).id([0; 8])),
            None => cka_id.try_into().ok().map(KeyId),
        }
    }

    /// One connector's message is not signed by another's named key, nor a named connector's by any but its own.
    pub(super) fn check(&self, id: KeyId, label: &str) -> Result<(), Failure> {
        let fits = match (KeyLocation::of(id), self.cka_id(label)) {
            (Some(KeyLocation::Object(there)), Some(own)) => there == *own,
            (Some(KeyLocation::Object(_)), None) | (_, Some(_)) => false,
            (_, None) => true,
        };
        if fits { Ok(()) } else { Err(Fault::KeyMismatch.into()) }
    }
}

/// The `CKA_ID` that a key has on its token.
pub(super) fn cka_id(id: KeyId) -> Vec<u8> {
    match KeyLocation::of(id) {
        Some(KeyLocation::Object(named)) => named.bytes().to_vec(),
        _ => id.0.to_vec(),
    }
}

/// Whether the module gave the key its name.
pub(super) fn is_named(id: KeyId) -> bool {
    matches!(KeyLocation::of(id), Some(KeyLocation::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names(
            [("kunci:de".to_owned(), "01".parse().unwrap()), ("kunci:uk".to_owned(), "02".parse().unwrap())]
                .into(),
        )
    }

    fn place(id: &str) -> KeyId {
        KeyLocation::Object(id.parse().unwrap()).id(*b"a birth.")
    }

    #[test]
    fn a_named_key_signs_for_its_connector_and_its_connector_with_no_other() {
        assert!(names().check(place("01"), "kunci:de").is_ok());
        for (id, label) in [
            (place("02"), "kunci:de"),
            (place("01"), "kunci:uk"),
            (place("01"), "kunci:us"),
            (place("03"), "kunci:us"),
            (KeyId([7; 16]), "kunci:de"),
        ] {
            assert!(names().check(id, label).is_err(), "{id} for {label}");
        }
        assert!(names().check(KeyId([7; 16]), "kunci:us").is_ok());
    }

    #[test]
    fn only_what_is_named_gets_a_place_and_goes_by_it() {
        assert_eq!(names().key_id(vec![1]), Some(KeyLocation::Object("01".parse().unwrap()).id([0; 8])));
        assert_eq!(names().key_id(vec![3]), None);
        assert_eq!(names().key_id(vec![7; 16]), Some(KeyId([7; 16])));
        assert_eq!(cka_id(place("01")), [1]);
        assert_eq!(cka_id(KeyId([7; 16])), [7; 16]);
    }
}
