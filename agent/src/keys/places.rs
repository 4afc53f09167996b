//! Keys that are named by their place, and by the ledger: which of its keys a YubiKey's slot holds, or a `CKA_ID` that a
//! module chose.
//!
//! A host reports a place and the public key in it. The ledger knows which keys were begun in that place; the one with
//! this very public key is meant, else the newest that is pinned, which then is not the one, else the newest. What nobody
//! began and no connector is configured for is somebody else's key, and no business of ours.

use hsm_config::Name;
use token::control::label;
use token::lane::KeyReport;
use token::{KeyLocation, Sha256};

use super::lifecycle::{Key, Lifecycle};

/// Gives each key in a slot the identifier and the label that the ledger has for it; others stay as they are.
pub(crate) fn name(lifecycle: &Lifecycle, token: &Name, keys: &mut Vec<KeyReport>) {
    keys.retain_mut(|report| named(lifecycle, token, report));
}

/// Names one key; whether it is any of our business.
fn named(lifecycle: &Lifecycle, token: &Name, report: &mut KeyReport) -> bool {
    let Some(place) = report.id.and_then(KeyLocation::of) else { return true };
    let here = |key: &&Key| key.token == token.as_str() && KeyLocation::of(key.id).as_ref() == Some(&place);
    let spki_sha256 = Sha256::of(&report.spki);
    let meant = lifecycle.keys().iter().enumerate().filter(|(_, key)| here(key)).max_by_key(|(at, key)| {
        let usable = key.pin();
        (usable.is_some_and(|pin| pin.spki_sha256 == spki_sha256), usable.is_some(), *at)
    });
    if let Some((_, key)) = meant {
        report.id = Some(key.id);
        if report.label.is_empty() {
            report.label = key.connector.parse().map(|connector| label(&connector)).unwrap_or_default();
        }
    }
    !report.label.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{Entry, Kind};
    use token::KeyId;

    fn place() -> KeyLocation {
        KeyLocation::Slot { serial: 12_345_678, slot: "82".parse().unwrap() }
    }

    fn entry(state: &str, tail: u8) -> Entry {
        let id = place().id([tail; 8]).to_string();
        Entry::new(Kind::Lifecycle).connector("de").token("t").key(id).state(state)
    }

    fn pinned(tail: u8, spki: &[u8]) -> Entry {
        entry("generated", tail).spki_sha256(Sha256::of(spki).to_string())
    }

    fn report(spki: &[u8], label: &str) -> KeyReport {
        KeyReport {
            id: Some(place().id([0; 8])),
            label: label.into(),
            spki: spki.to_vec(),
            kind: None,
            attributes: token::lane::Attributes::default(),
            flaws: Vec::new(),
            certificate_sha256: None,
        }
    }

    fn names(entries: &[Entry], report: KeyReport) -> Vec<(KeyId, String)> {
        let mut keys = vec![report];
        name(&Lifecycle::fold((0..).zip(entries)), &"t".parse().unwrap(), &mut keys);
        keys.into_iter().map(|report| (report.id.unwrap(), report.label)).collect()
    }

    #[test]
    fn the_key_with_the_pinned_public_key_is_meant_among_all_that_were_in_the_place() {
        let entries =
            [pinned(1, b"first"), entry("destroyed", 1), pinned(2, b"second"), entry("generating", 3)];
        assert_eq!(names(&entries, report(b"second", "")), [(place().id([2; 8]), "kunci:de".into())]);
    }

    #[test]
    fn a_key_that_took_the_pinned_ones_place_bears_its_identifier_and_so_is_a_mismatch() {
        let entries = [pinned(1, b"first"), entry("generating", 2)];
        assert_eq!(names(&entries, report(b"other", "")), [(place().id([1; 8]), "kunci:de".into())]);
    }

    #[test]
    fn a_key_that_was_only_begun_is_named_and_has_no_pin() {
        let entries = [entry("generating", 2)];
        assert_eq!(names(&entries, report(b"made", "")), [(place().id([2; 8]), "kunci:de".into())]);
    }

    #[test]
    fn somebody_elses_key_is_not_told_unless_its_slot_is_a_connectors() {
        assert_eq!(names(&[], report(b"theirs", "")), []);
        assert_eq!(names(&[], report(b"theirs", "kunci:de")), [(place().id([0; 8]), "kunci:de".into())]);
    }

    #[test]
    fn a_key_under_an_identifier_that_its_module_chose_is_named_as_one_in_a_slot_is() {
        let place = KeyLocation::Object("02".parse().unwrap());
        let id = |tail: u8| place.id([tail; 8]);
        let adopted = pinned(0, b"key").key(id(1).to_string());
        let found = |spki| {
            names(std::slice::from_ref(&adopted), KeyReport { id: Some(id(0)), ..report(spki, "kunci:de") })
        };
        assert_eq!(found(b"key"), [(id(1), "kunci:de".into())]);
        assert_eq!(found(b"other"), [(id(1), "kunci:de".into())], "which is a mismatch");
    }

    #[test]
    fn a_key_with_an_identifier_of_its_own_stays_as_it_is() {
        let own = KeyReport { id: Some(KeyId([7; 16])), ..report(b"x", "kunci:uk") };
        assert_eq!(names(&[pinned(1, b"x")], own), [(KeyId([7; 16]), "kunci:uk".into())]);
    }
}
