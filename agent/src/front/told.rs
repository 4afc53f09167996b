//! What stands in a connector's way, in the agent's own log: by name, once when it is found and once when it is over.
//!
//! It is looked for after each survey of a token, for that token's keys, and once a minute for everything, since dates pass
//! without a survey. No caller can make it say more.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use api::Weight;
use tracing::field::display;

use super::Front;
use super::outlook::{self, Subject};
use crate::keys::readiness::Reason;

/// How often everything is looked at.
pub(super) const EVERY: Duration = Duration::from_secs(60);

/// What was told and is not over.
#[derive(Default)]
pub struct Told(Mutex<BTreeSet<(Subject, &'static str)>>);

/// Tells what is new, and what is over, of these subjects.
pub(super) fn tell(front: &Front, is_meant: impl Fn(&Subject) -> bool) {
    let mut found = outlook::all(front);
    found.retain(|(subject, _)| is_meant(subject));
    let codes: BTreeSet<_> = found.iter().map(|(subject, reason)| (subject.clone(), reason.code())).collect();
    let mut told = front.told.0.lock().unwrap_or_else(PoisonError::into_inner);
    told.retain(|known| {
        let is_over = is_meant(&known.0) && !codes.contains(known);
        if is_over {
            tracing::info!(code = known.1, "{}: this is over", known.0);
        }
        !is_over
    });
    for (subject, reason) in found {
        if told.insert((subject.clone(), reason.code())) {
            say(&subject, &reason);
        }
    }
}

fn say(subject: &Subject, reason: &Reason) {
    // Whose it is has fields, so that each has a budget of its own.
    let [connector, token] = subject.names().map(|name| name.map(display));
    let code = reason.code();
    match reason.weight() {
        Weight::Notes => tracing::warn!(connector, token, code, "{subject}: {reason}"),
        Weight::Fails => tracing::error!(connector, token, code, "{subject} FAILS: {reason}"),
        Weight::Blocks => tracing::error!(connector, token, code, "{subject} does not sign: {reason}"),
    }
}
