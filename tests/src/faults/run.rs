//! One kind of fault, run so many times: an agent, callers, the fault, its end, a recovery, a judgement.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::callers::Took;
use super::kinds::Kind;
use super::row::{PIN_REFUSALS, Row};
use super::scene::Scene;
use super::site::{Site, Sites};
use super::stillness;

/// How often `make faults` makes a kind happen.
pub const RUNS: usize = 25;
/// How many answers callers have before the fault and after it.
const SERVED: usize = 20;
/// How often a run may be repeated because the machine stood still.
const REPEATS: usize = 5;
/// So many runs that got stuck end a kind: each cost a minute, and the row is out of bounds already.
const HOPELESS: usize = 3;

/// What one run showed.
struct Run {
    unrecorded: usize,
    wrong_key: usize,
    stuck: usize,
    refused: usize,
    refused_pins: u64,
    recovery: Duration,
}

/// Runs a kind so many times on a site of its shape; `told` is what each run showed, in a line.
pub fn row(kind: &Kind, sites: &mut Sites, runs: usize, told: &dyn Fn(&str)) -> Row {
    let (refused_bound, recovery_bound) = (kind.refusals, kind.recovery);
    let mut row = Row { refused_bound, recovery_bound, ..Row::new(kind.name) };
    sites.turn(kind.shape);
    while row.runs < runs && row.stuck < HOPELESS {
        row.runs += 1;
        match Run::settled(kind, sites, told) {
            Some(run) => {
                run.count(&mut row);
                if !run.holds(kind) {
                    keep(kind, sites, &mut row);
                }
            }
            // What it was waiting for did not come in a minute; the panic's message says what that was.
            None => {
                row.stuck += 1;
                keep(kind, sites, &mut row);
            }
        }
    }
    let whole =
        sites.there(kind.shape).map(|site| catch_unwind(AssertUnwindSafe(|| site.rig.assert_whole())));
    if let Some(Err(_)) = whole {
        row.log_damaged = true;
        keep(kind, sites, &mut row);
    }
    row
}

/// A run broke a bound: its folder, with the agent's log, is left for whoever looks into it, and the next run has another.
fn keep(kind: &Kind, sites: &mut Sites, row: &mut Row) {
    if let Some(folder) = sites.keep(kind.shape) {
        eprintln!("{}: out of bounds in run {}; kept in {}", kind.name, row.runs, folder.display());
        row.kept.push(folder);
    }
}

impl Run {
    /// One run, or the next one if it was late and the machine stood still meanwhile; none where one got stuck.
    fn settled(kind: &Kind, sites: &mut Sites, told: &dyn Fn(&str)) -> Option<Self> {
        for _ in 0..REPEATS {
            let begun = Instant::now();
            let stood_still = || stillness::since(begun);
            stood_still();
            let once = AssertUnwindSafe(|| Self::once(kind, sites.of(kind.shape), told));
            let run = catch_unwind(once).ok();
            if run.as_ref().is_some_and(|good| good.is_undisturbed(kind)) || !stood_still() {
                return run;
            }
            if run.is_none() {
                sites.abandon(kind.shape);
            }
            told(&format!("{}: the machine stood still; once more", kind.name));
        }
        None
    }

    fn once(kind: &Kind, site: &Site, told: &dyn Fn(&str)) -> Self {
        let (from, refused) = (site.rig.log().size().unwrap(), site.device.refused_pins());
        let agent = site.start();
        let callers = site.callers(&agent);
        callers.until_served(SERVED);
        let mut scene = Scene::new(site, agent, &callers);
        (kind.fault)(&mut scene);
        let recovery = scene.recovery();
        callers.until_served(SERVED);
        let Took { held, refused: answers, broken, stuck, slowest } = callers.stop();
        let others = scene.refused_to_others();
        assert!(scene.stop(), "{}: the agent did not stop in order", kind.name);
        let verdict = site.witness.judge(&site.rig, from, &held);
        told(&format!(
            "{}: {} held, {broken} broken, slowest {slowest:.1?}, back after {recovery:.2?}, {answers:?}",
            kind.name,
            held.len()
        ));
        Self {
            unrecorded: verdict.unrecorded,
            wrong_key: verdict.wrong_key,
            stuck,
            refused: broken + answers.values().sum::<usize>(),
            refused_pins: site.device.refused_pins() - refused - others,
            recovery,
        }
    }

    /// Whether it kept every bound that a machine could break by standing still.
    fn is_undisturbed(&self, kind: &Kind) -> bool {
        let refuses_more = kind.refusals.is_some_and(|bound| self.refused > bound);
        self.stuck == 0 && self.recovery <= kind.recovery && !refuses_more
    }

    /// Whether it kept every bound.
    fn holds(&self, kind: &Kind) -> bool {
        let is_clean = self.unrecorded == 0 && self.wrong_key == 0 && self.refused_pins <= PIN_REFUSALS;
        is_clean && self.is_undisturbed(kind)
    }

    fn count(&self, row: &mut Row) {
        row.released_unrecorded += self.unrecorded;
        row.wrong_key += self.wrong_key;
        row.stuck += self.stuck;
        row.refused_max = row.refused_max.max(self.refused);
        row.pin_refusals_max = row.pin_refusals_max.max(self.refused_pins);
        row.recovery_s_max = row.recovery_s_max.max((self.recovery.as_secs_f64() * 100.0).round() / 100.0);
    }
}
