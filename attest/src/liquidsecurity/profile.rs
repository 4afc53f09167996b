//! Which paths a partition may have: root, card, partition in the maker's chain; root, partition in an owner's.

use x509_cert::spki::ObjectIdentifier;

use super::name::Place;
use crate::Certificate;
use crate::path::{Broken, Deviation, Path, Profile};

/// The maker's chain: it ends at the maker's root, and the card itself signed its partition's certificate.
pub(super) struct Maker;
/// An owner's chain: the owner's root signed the partition's certificate.
pub(super) struct Owner;

impl Profile for Maker {
    /// The maker's certificates of cards are of version 1 and have no extensions: a card's name stands in for them.
    fn tolerates(&self, deviation: &Deviation, at: usize, above: &Certificate) -> bool {
        let is_card = || Place::of(above).is_some_and(|place| place.partition.is_none());
        matches!(deviation, Deviation::NoBasicConstraints(_)) && at == 1 && is_card()
    }

    fn understands(&self, _: ObjectIdentifier) -> bool {
        false
    }

    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken> {
        let place = |certificate: &&Certificate| Place::of(certificate);
        let places: Option<Vec<Place>> = path.certificates.iter().map(place).collect();
        match places.as_deref() {
            Some([partition, card]) if card.is_card_of(partition) => Ok(()),
            _ => Err(Broken::Profile("the path is not root, card and a partition of that card".to_owned())),
        }
    }
}

impl Profile for Owner {
    fn tolerates(&self, _: &Deviation, _: usize, _: &Certificate) -> bool {
        false
    }

    fn understands(&self, _: ObjectIdentifier) -> bool {
        false
    }

    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken> {
        match path.certificates.len() {
            1 => Ok(()),
            _ => Err(Broken::Profile("an owner's root signs the partition's certificate itself".to_owned())),
        }
    }
}
