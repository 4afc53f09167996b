//! Keys that are named by their place, and by the ledger: which of its keys a YubiKey's slot holds, or a `CKA_ID` that a
//! module chose.
//!
//! A host reports a place and the public key in it. The log knows which keys were begun in that place, a connector's or its own;
//! the one with this very public key is meant, else the newest that is pinned, which then is not the one, else the newest. What
//! nobody began and no connector is configured for is somebody else's key, and no business of ours.

use hsm_config::{Name, PivSlot};
use token::control::{LEDGER_LABEL, label};
use token::lane::KeyReport;
use token::message::checkpoint_algorithm;
use token::{KeyId, KeyLocation, Sha256};

use super::lifecycle::Lifecycle;

/// A key that was begun in a place.
struct Begun {
    id: KeyId,
    /// Its public key, once that was on record.
    spki_sha256: Option<Sha256>,
    /// Whether it may sign.
    is_pinned: bool,
    /// The connector's label; the log's own key has another.
    connector: Option<String>,
}

/// Gives each key in a slot the identifier and the label that the log has for it; others stay as they are.
pub(crate) fn name(lifecycle: &Lifecycle, token: &Name, keys: &mut Vec<KeyReport>) {
    keys.retain_mut(|report| named(lifecycle, token, report));
}

/// Whether a key in a slot that anybody may take could be one that signed another log's checkpoints: nobody accounts for it, and
/// slots have no labels.
pub(crate) fn is_unaccounted(lifecycle: &Lifecycle, token: &Name, report: &KeyReport) -> bool {
    let Some(place @ KeyLocation::Slot { slot, .. }) = report.id.and_then(KeyLocation::of) else {
        return false;
    };
    let spki_sha256 = Sha256::of(&report.spki);
    let is_it = |begun: Begun| begun.spki_sha256.is_none_or(|known| known == spki_sha256);
    report.label.is_empty()
        && PivSlot::free_choice().any(|free| free == slot)
        && report.kind.is_some_and(|kind| checkpoint_algorithm(kind).is_some())
        && !begun(lifecycle, token, &place).any(is_it)
}

/// Names one key; whether it is any of our business.
fn named(lifecycle: &Lifecycle, token: &Name, report: &mut KeyReport) -> bool {
    let Some(place) = report.id.and_then(KeyLocation::of) else { return true };
    let spki_sha256 = Sha256::of(&report.spki);
    let is_it = |begun: &Begun| begun.is_pinned && begun.spki_sha256 == Some(spki_sha256);
    let all = begun(lifecycle, token, &place).enumerate();
    if let Some((_, meant)) = all.max_by_key(|(at, begun)| (is_it(begun), begun.is_pinned, *at)) {
        report.id = Some(meant.id);
        // One key has one use, whosever slot the configuration says that it is.
        let is_the_logs = meant.connector.is_none() && is_it(&meant);
        if report.label.is_empty() || is_the_logs {
            report.label = meant.connector.unwrap_or_else(|| LEDGER_LABEL.to_owned());
        }
    }
    !report.label.is_empty()
}

/// The keys that were begun in a place, oldest first; the log's own before all connectors'.
fn begun<'a>(
    lifecycle: &'a Lifecycle,
    token: &'a Name,
    place: &'a KeyLocation,
) -> impl Iterator<Item = Begun> + 'a {
    let is_here = |id: KeyId| KeyLocation::of(id).as_ref() == Some(place);
    let of_the_log = lifecycle.ledger().of(token.as_str()).filter(move |key| is_here(key.id));
    let of_connectors =
        lifecycle.keys().iter().filter(move |key| key.token == token.as_str() && is_here(key.id));
    of_the_log
        .map(|key| Begun {
            id: key.id,
            spki_sha256: key.pinned.as_ref().map(|(pin, _)| pin.spki_sha256),
            is_pinned: key.pin().is_some(),
            connector: None,
        })
        .chain(of_connectors.map(|key| Begun {
            id: key.id,
            spki_sha256: key.spki_sha256,
            is_pinned: key.pin().is_some(),
            connector: Some(key.connector.parse().map(|name| label(&name)).unwrap_or_default()),
        }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use hsm_config::KeyType;
    use ledger::{Entry, Kind, SignatureType, Vkey};
    use token::PublicKey;

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

    /// An entry of the log's own key in the place.
    fn of_the_log(state: &str, tail: u8) -> Entry {
        Entry::new(Kind::Lifecycle).token("t").key(place().id([tail; 8]).to_string()).state(state)
    }

    fn signs_checkpoints(tail: u8, public: &PublicKey) -> Entry {
        let vkey = Vkey::new("log.example", SignatureType::EcdsaP256, public.spki()).unwrap();
        of_the_log("generated", tail).spki_sha256(public.sha256().to_string()).vkey(vkey.to_string())
    }

    fn p256() -> PublicKey {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        PublicKey::from_spki(AsDer::as_der(pair.public_key()).unwrap().as_ref()).unwrap()
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
    #[test]
    fn the_logs_own_key_is_named_as_its_own_whosever_slot_it_is_in() {
        let key = p256();
        let entries = [of_the_log("generating", 4), signs_checkpoints(4, &key), entry("generating", 5)];
        let its_name = [(place().id([4; 8]), LEDGER_LABEL.to_owned())];
        assert_eq!(names(&entries, report(key.spki(), "")), its_name);
        assert_eq!(names(&entries, report(key.spki(), "kunci:de")), its_name, "and nobody adopts it");
        assert_eq!(names(&entries, report(b"other", "kunci:de")), [(place().id([4; 8]), "kunci:de".into())]);
        // A connector's key that came there later.
        let entries = [entries[1].clone(), pinned(6, b"later")];
        assert_eq!(names(&entries, report(b"later", "")), [(place().id([6; 8]), "kunci:de".into())]);
    }

    #[test]
    fn a_key_that_nobody_accounts_for_is_one_in_a_free_slot_of_a_kind_that_signs_checkpoints() {
        let (key, token) = (p256(), "t".parse().unwrap());
        let found = KeyReport { kind: Some(KeyType::P256), ..report(key.spki(), "") };
        let is_unaccounted = |entries: &[Entry], report: &KeyReport| {
            super::is_unaccounted(&Lifecycle::fold((0..).zip(entries)), &token, report)
        };
        assert!(is_unaccounted(&[], &found) && is_unaccounted(&[pinned(1, b"another")], &found));
        assert!(!is_unaccounted(&[signs_checkpoints(1, &key)], &found));
        assert!(!is_unaccounted(&[of_the_log("generating", 1)], &found), "a kill left it");
        assert!(!is_unaccounted(&[pinned(1, key.spki()), entry("destroyed", 1)], &found));
        let named = KeyLocation::Slot { serial: 12_345_678, slot: "9a".parse().unwrap() }.id([0; 8]);
        for other in [
            KeyReport { label: "kunci:de".into(), ..found.clone() },
            KeyReport { kind: Some(KeyType::Rsa2048), ..found.clone() },
            KeyReport { id: Some(named), ..found.clone() },
            KeyReport { id: Some(KeyId([7; 16])), ..found.clone() },
        ] {
            assert!(!is_unaccounted(&[], &other));
        }
    }
}
