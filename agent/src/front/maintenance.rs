//! What the front does on nobody's request: writes counted refusals, watches the clock, and tells what stands in the way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{Entry, Kind};

use super::{Front, told};
use crate::records::clock::Reading;

/// How often the front looks.
const EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(front: Arc<Front>) {
    let mut tick = tokio::time::interval(EVERY);
    let mut told = Instant::now();
    loop {
        tick.tick().await;
        note_refusals(&front);
        // The first time after the tokens had time to come.
        if told.elapsed() >= told::EVERY {
            told::tell(&front, |_| true);
            told = Instant::now();
        }
        if front.clock.settled(Reading::now()) {
            resume(&front).await;
        }
    }
}

/// Written on nobody's time; what the disk refuses is counted on.
fn note_refusals(front: &Arc<Front>) {
    let now = Instant::now();
    for (key, entry) in front.refusals.due(now) {
        let front = front.clone();
        tokio::spawn(async move {
            if let Err(error) = front.journal.record(entry.clone()).await {
                tracing::error!(%error, "counted refusals are not on record yet");
                front.refusals.not_written(key, entry, now);
            }
        });
    }
}

/// Signing resumes only after the step is on record.
async fn resume(front: &Front) {
    match front.journal.record(Entry::new(Kind::Posture).reason("clock-step")).await {
        Ok(_) => {
            front.clock.resume(Reading::now());
            tracing::warn!("the clock was moved and is steady again; signing resumes");
        }
        Err(error) => tracing::error!(%error, "the clock's step cannot be recorded; nothing is signed"),
    }
}
