//! One piece of work for a job: a kind of fault, or ten thousand connections in the wrong hands.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use tests::faults::handed::{HANDED, REUSED, handed};
use tests::faults::unseen::{UNSEEN, unseen};
use tests::faults::{Kind, Row, Sites, kinds, run};

use crate::Options;

/// What makes one row.
pub(crate) enum Work {
    /// A kind, so often: all its runs, or a share of them.
    Kind(Kind, usize),
    Handed,
    Reused,
    Unseen,
}

impl Work {
    /// All that the options ask for, in the table's order.
    pub(crate) fn all(options: &Options) -> Vec<Self> {
        let is_meant = |name: &str| {
            options.kinds.is_empty() || options.kinds.iter().any(|part| name.contains(part.as_str()))
        };
        let meant = || kinds::all().into_iter().filter(|kind| is_meant(kind.name));
        // Where there are fewer kinds than jobs, several of them share the runs of one.
        let jobs = (options.jobs / meant().count().max(1)).clamp(1, options.runs.max(1));
        let share = |job: usize| options.runs / jobs + usize::from(job < options.runs % jobs);
        let shares = (0..jobs).flat_map(|job| meant().map(move |kind| Self::Kind(kind, share(job))));
        let mut all: Vec<Self> = shares.collect();
        let place = |work: &Self| kinds::all().iter().position(|kind| kind.name == work.name());
        all.sort_by_key(place);
        all.extend(
            [Self::Handed, Self::Reused, Self::Unseen].into_iter().filter(|work| is_meant(work.name())),
        );
        all
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Kind(kind, _) => kind.name,
            Self::Handed => HANDED,
            Self::Reused => REUSED,
            Self::Unseen => UNSEEN,
        }
    }

    /// Whether it takes longest, and is begun with.
    pub(crate) fn is_long(&self) -> bool {
        !matches!(self, Self::Kind(..))
    }

    /// Does it; a row in any case.
    pub(crate) fn row(&self, sites: &mut Sites, options: &Options, told: &dyn Fn(&str)) -> Row {
        let row = || match self {
            Self::Kind(kind, runs) => run::row(kind, sites, *runs, told),
            Self::Handed => handed(options.handed),
            Self::Reused => reused_alone(options.handed),
            Self::Unseen => unseen(options.handed),
        };
        catch_unwind(AssertUnwindSafe(row)).unwrap_or_else(|_| Row::failed(self.name()))
    }
}

/// Process ids are chosen where nobody else takes them: in a namespace of an own.
fn reused_alone(tries: usize) -> Row {
    let mut alone = Command::new("unshare");
    alone.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    alone.arg(std::env::current_exe().unwrap()).args(["--reused", &tries.to_string()]);
    let output = alone.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{alone:?} failed; see above");
    serde_json::from_slice(&output.stdout).unwrap()
}
