//! What comes back is false: signatures, keys, lengths, counts, names.

use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::faults::{Scene, Times};

/// How many calls in a row are falsified.
const SOME: u64 = 3;
/// More than an address space has; more than a machine has; more than a lane's frame takes.
const ABSURD: u64 = u64::MAX;
const HUGE: u64 = 1 << 44;
const LONG: u64 = 100_000;
/// Not a bit at the edge.
const BIT: u64 = 777;

pub(super) fn kinds() -> Vec<Kind> {
    use Function::{FindObjects, GetAttributeValue, GetSlotList, Sign, SignInit};
    vec![
        refused("a wrong signature: one bit is another", Sign, Action::Flip, BIT),
        Kind::new(Group::Results, "wrong signatures, lasting", |scene| {
            scene.strike_all(Sign, Action::Flip, BIT);
        }),
        refused("the signature of another message", Sign, Action::Stale, 0),
        refused("another key's signature", SignInit, Action::OtherKey, 0),
        refused("a short signature", Sign, Action::Short, 100),
        once("a buffer too short for the signature", Sign, Action::Room, 100).refusing(0),
        refused("an empty signature", Sign, Action::Short, 0),
        refused("a signature that was never written", Sign, Action::Silent, 0),
        once("C_SignInit that did nothing", SignInit, Action::Silent, 0).refusing(0),
        once("a signature longer than memory", Sign, Action::Room, HUGE),
        once("a signature longer than any memory", Sign, Action::Room, ABSURD),
        once("a signature longer than its buffer", Sign, Action::Length, HUGE).refusing(0),
        start("more objects found than there is room for", FindObjects, Action::Length, LONG, SOME),
        start("no object found, at a start", FindObjects, Action::Length, 0, SOME),
        start("an attribute longer than memory", GetAttributeValue, Action::Length, ABSURD, SOME),
        start("attributes of 100,000 bytes, at a start", GetAttributeValue, Action::Stretch, LONG, 40),
        start("more slots than there is room for", GetSlotList, Action::Length, HUGE, 1),
    ]
}

/// One call, under load.
fn once(name: &'static str, function: Function, action: Action, parameter: u64) -> Kind {
    Kind::new(Group::Results, name, move |scene| scene.strike(function, action, parameter, 1))
}

/// One call, under load, whose signature is none: its request is refused, and no other.
fn refused(name: &'static str, function: Function, action: Action, parameter: u64) -> Kind {
    let fault = move |scene: &mut Scene<'_>| scene.strike_refused(function, action, parameter);
    Kind::new(Group::Results, name, fault).refusing(1)
}

/// Some calls in a row, when the host starts.
fn start(name: &'static str, function: Function, action: Action, parameter: u64, times: u64) -> Kind {
    Kind::new(Group::Results, name, move |scene| {
        scene.strike_start(function, action, parameter, Times::N(times));
        scene.gone();
    })
}
