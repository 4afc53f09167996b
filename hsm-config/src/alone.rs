//! One key, one use: what says where a connector's key is stands once in its table.

use crate::name::Name;
use crate::problem::Fault;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Refuses a place that an earlier connector has.
pub(crate) fn check<T: PartialEq + Display>(
    places: &BTreeMap<Name, T>,
    kind: &str,
    connector: &Name,
) -> Result<(), Fault> {
    let own = places.get(connector);
    match places.range(..connector.clone()).find(|(_, place)| Some(*place) == own) {
        None => Ok(()),
        Some((first, place)) => {
            let what = format!("{kind} {place} is {first}'s already");
            Err(Fault::new(
                "duplicate",
                what,
                format!("give each connector a {kind} of its own: one key, one use"),
            ))
        }
    }
}
