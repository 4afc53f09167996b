//! Entries that match, one after the other: those that are there, and with `--follow` those that come.
//!
//! With `--follow` an entry is given out once it is durable, and exactly once, however bundles move meanwhile. Who hangs up
//! ends it.

use std::io;
use std::time::Duration;

use audit::{Damage, Followed, Line, Log, Merged, Query};
use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::logs::{Logs, Named};
use crate::failure::Failure;
use crate::paths::Paths;
use crate::print::Printer;

/// How long to wait until the logs are looked at again.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether to wait for more.
#[derive(Args, Debug)]
pub(crate) struct Follow {
    /// Go on with entries as they come, once they are durable, until interrupted
    #[arg(long)]
    follow: bool,
    /// Begin with the entry of this index; of one log only
    #[arg(long, value_name = "INDEX", requires = "follow")]
    from: Option<u64>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) found: u64,
    pub(super) is_damaged: bool,
}

/// Takes an entry: its log's place, its index and its bytes. Gives why it is none, if it is none in all of its fields.
type Take<'a> = dyn FnMut(usize, u64, &[u8]) -> Result<Option<String>, Failure> + 'a;

impl Follow {
    /// Opens the logs: where they are followed, as far as they are durable.
    pub(super) fn open(&self, logs: &Named, paths: &Paths, print: &Printer) -> Result<Logs, Failure> {
        let logs = if self.follow { logs.open_durable(paths, print) } else { logs.open(paths, print) }?;
        if self.from.is_some() && logs.all.len() > 1 {
            let detail = "Follow each log by itself, or all of them from their beginning.";
            return Err(Failure::usage(
                "from-of-several",
                "An index is one log's, and there are several",
                detail,
            ));
        }
        Ok(logs)
    }

    /// Gives out what matches.
    pub(super) fn stream(
        &self,
        logs: &Logs,
        query: &Query,
        print: &Printer,
        take: &mut Take<'_>,
    ) -> Result<Told, Failure> {
        let mut out = Out { logs, print, take, told: Told::default() };
        if self.from.is_none() {
            for item in Merged::new(&logs.all, logs.index.as_ref(), query) {
                match item.found {
                    Ok(stored) => out.entry(item.log, stored.index, &stored.bytes)?,
                    Err(damage) => out.damage(item.log, &damage),
                }
            }
        }
        if self.follow {
            let first = |log: &Log| self.from.unwrap_or(log.size());
            let mut all: Vec<_> = logs.all.iter().map(|log| log.follow(first(log))).collect();
            while !hung_up() {
                for (log, follower) in all.iter_mut().enumerate() {
                    follow(log, follower, query, &mut out)?;
                }
                print.finish()?;
            }
        }
        Ok(out.told)
    }
}

/// Gives out what came to one log.
fn follow(
    log: usize,
    follower: &mut audit::Follower<'_>,
    query: &Query,
    out: &mut Out<'_, '_>,
) -> Result<(), Failure> {
    loop {
        let more = follower.more().map_err(|error| {
            let title = format!("The log cannot be followed: {error}");
            let detail = "Run kunci log verify; then begin anew, or go on with --from INDEX.";
            Failure::finding("log-cut", title, detail)
        })?;
        if more.is_empty() {
            return Ok(());
        }
        more.iter().try_for_each(|followed| came(log, followed, query, out))?;
    }
}

fn came(log: usize, followed: &Followed, query: &Query, out: &mut Out<'_, '_>) -> Result<(), Failure> {
    match followed {
        Followed::Entry(index, bytes) => match Line::parse(bytes) {
            Ok(line) if query.matches(&line) => out.entry(log, *index, bytes)?,
            Ok(_) => {}
            Err(error) => out.damage(log, &Damage { index: Some(*index), what: error.to_string() }),
        },
        Followed::Damage(damage) => out.damage(log, damage),
    }
    Ok(())
}

/// Where entries go, and what of them is told aside.
struct Out<'a, 'b> {
    logs: &'a Logs,
    print: &'a Printer,
    take: &'a mut Take<'b>,
    told: Told,
}

impl Out<'_, '_> {
    fn entry(&mut self, log: usize, index: u64, bytes: &[u8]) -> Result<(), Failure> {
        self.told.found += 1;
        if let Some(what) = (self.take)(log, index, bytes)? {
            self.told.is_damaged = true;
            self.print.failure(&Failure::finding(
                "log-damaged",
                what,
                "`kunci log verify` names all damage.",
            ));
        }
        Ok(())
    }

    fn damage(&mut self, log: usize, damage: &Damage) {
        self.told.is_damaged = true;
        self.print.failure(&super::damaged(self.logs.name(log).as_deref(), damage));
    }
}

/// Waits a little, or until nobody reads our output any more.
fn hung_up() -> bool {
    let out = io::stdout();
    let pause = Timespec { tv_sec: 0, tv_nsec: PAUSE.subsec_nanos().into() };
    // Nothing is asked for: that the other end is gone is told always.
    let mut polled = [PollFd::new(&out, PollFlags::empty())];
    poll(&mut polled, Some(&pause)).is_ok_and(|ready| ready > 0)
}
