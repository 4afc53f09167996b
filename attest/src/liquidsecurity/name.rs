//! The names in which an HSM's certificates say what they are for: "HSM:SERIAL, for FIPS mode" a card, and
//! "HSM:SERIAL:PARTN:N, for FIPS mode" its Nth partition.

use crate::Certificate;

const BEGIN: &str = "HSM:";
const PARTITION: &str = ":PARTN:";
const FIPS: &str = "for FIPS mode";

/// A card, or a partition of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) serial: String,
    pub(super) partition: Option<u32>,
    /// What follows the comma: the card's mode.
    mode: String,
}

impl Place {
    /// Whose certificate it is, by its own name.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        Self::parse(&certificate.common_name()?)
    }

    /// By whom it says that it was issued.
    pub(super) fn of_issuer(certificate: &Certificate) -> Option<Self> {
        Self::parse(&certificate.issuer_name())
    }

    fn parse(name: &str) -> Option<Self> {
        let (place, mode) =
            name.strip_prefix(BEGIN)?.split_once(',').unwrap_or((name.strip_prefix(BEGIN)?, ""));
        let (serial, partition) = match place.split_once(PARTITION) {
            Some((serial, number)) => (serial, Some(number.parse().ok()?)),
            None => (place, None),
        };
        let (serial, mode) = (serial.to_owned(), mode.trim().to_owned());
        (!serial.is_empty()).then_some(Self { serial, partition, mode })
    }

    /// Whether it is a card, and `partition` one of its own, in the same mode.
    pub(super) fn is_card_of(&self, partition: &Self) -> bool {
        self.partition.is_none()
            && partition.partition.is_some()
            && self.serial == partition.serial
            && self.mode == partition.mode
    }

    /// Whether the card runs as its FIPS 140 certificate demands. Another mode says nothing that is known here.
    pub(super) fn fips(&self) -> Option<bool> {
        (self.mode == FIPS).then_some(true)
    }
}
