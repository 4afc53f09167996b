//! One kind of fault, run so many times: an agent, callers, the fault, its end, a recovery, a judgement.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::callers::Took;
use super::kinds::Kind;
use super::scene::Scene;
use super::site::{Site, Sites};
use super::{stillness, table};

/// How many answers callers have before the fault and after it.
const SERVED: usize = 20;
/// How often a run may be repeated because the machine stood still.
const REPEATS: usize = 5;
/// How long a recovery may take.
pub const RECOVERY: Duration = Duration::from_secs(5);
/// How many PINs a token may refuse in one run.
pub const PIN_REFUSALS: u64 = 1;

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub kind: String,
    pub runs: usize,
    pub released_unrecorded: usize,
    pub wrong_key: usize,
    pub stuck: usize,
    pub pin_refusals_max: u64,
    pub recovery_s_max: f64,
    /// What the figures are of.
    pub commit: String,
}

/// What one run showed.
struct Run {
    unrecorded: usize,
    wrong_key: usize,
    stuck: usize,
    refused_pins: u64,
    recovery: Duration,
}

impl Row {
    /// Runs a kind so many times on a site of its shape.
    pub fn of(kind: &Kind, sites: &mut Sites, runs: usize) -> Self {
        let mut row = Self::new(kind.name, runs);
        for _ in 0..runs {
            match Run::settled(kind, sites) {
                Some(run) => row.add(&run),
                // What it was waiting for did not come in a minute; the panic's message says what that was.
                None => row.stuck += 1,
            }
        }
        sites.of(kind.shape).rig.assert_whole();
        row
    }

    fn add(&mut self, run: &Run) {
        self.released_unrecorded += run.unrecorded;
        self.wrong_key += run.wrong_key;
        self.stuck += run.stuck;
        self.pin_refusals_max = self.pin_refusals_max.max(run.refused_pins);
        self.recovery_s_max = self.recovery_s_max.max((run.recovery.as_secs_f64() * 100.0).round() / 100.0);
    }

    /// A row with nothing in it yet.
    pub fn new(kind: &str, runs: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            runs,
            released_unrecorded: 0,
            wrong_key: 0,
            stuck: 0,
            pin_refusals_max: 0,
            recovery_s_max: 0.0,
            commit: table::commit(),
        }
    }

    /// Whether it keeps every bound.
    pub fn holds(&self) -> bool {
        self.released_unrecorded == 0
            && self.wrong_key == 0
            && self.stuck == 0
            && self.pin_refusals_max <= PIN_REFUSALS
            && self.recovery_s_max <= RECOVERY.as_secs_f64()
    }
}

impl Run {
    /// One run, or the next one if it was late and the machine stood still meanwhile; none where one got stuck.
    fn settled(kind: &Kind, sites: &mut Sites) -> Option<Self> {
        for _ in 0..REPEATS {
            let begun = Instant::now();
            let stood_still = || stillness::since(begun);
            stood_still();
            let site = sites.of(kind.shape);
            let run = catch_unwind(AssertUnwindSafe(|| Self::once(kind, site))).ok();
            match &run {
                None => sites.abandon(kind.shape),
                Some(good) if good.stuck == 0 && good.recovery <= RECOVERY => return run,
                Some(_) => {}
            }
            if !stood_still() {
                return run;
            }
            println!("{}: the machine stood still; once more", kind.name);
        }
        None
    }

    fn once(kind: &Kind, site: &Site) -> Self {
        let (from, refused) = (site.rig.log().size().unwrap(), site.faults.refused_pins());
        let agent = site.start();
        let callers = site.callers(&agent);
        callers.until_served(SERVED);
        let mut scene = Scene::new(site, agent, &callers);
        (kind.fault)(&mut scene);
        let recovery = scene.recovery();
        callers.until_served(SERVED);
        let Took { held, refused: answers, broken, stuck, slowest } = callers.stop();
        assert!(scene.stop(), "{}: the agent did not stop in order", kind.name);
        let verdict = site.witness.judge(&site.rig, from, &held);
        println!(
            "{}: {} held, {broken} broken, slowest {slowest:.1?}, back after {recovery:.2?}, {answers:?}",
            kind.name,
            held.len()
        );
        Self {
            unrecorded: verdict.unrecorded,
            wrong_key: verdict.wrong_key,
            stuck,
            refused_pins: site.faults.refused_pins() - refused,
            recovery,
        }
    }
}
