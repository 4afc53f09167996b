//! `kunci log cosign`: carries a log's checkpoints to the witnesses of its policy, and their cosignatures back.
//!
//! It holds no key, and trusts no witness: a cosignature counts only if it verifies under the policy. Each URL has a thread of
//! its own, so that a witness that is slow, dead or lies delays nothing but a quorum that needs it. A checkpoint is pursued
//! until it has its quorum or its time is over; then the newest one is taken.

mod conversation;
mod job;
mod sizes;
mod transport;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use ledger::{NotEndorsed, Policy, Reader, SignedCheckpoint};
use quoted::Quoted;

use super::{trust, unopened};
use crate::atomic;
use crate::failure::{Exit, Failure};
use crate::print::Printer;
use job::Job;
use sizes::Sizes;
use worker::{Told, Workers};

/// How long a checkpoint is pursued before a newer one takes its place.
const ROUND: Duration = Duration::from_secs(10);
/// How long more cosignatures are waited for once there is a quorum.
const AFTER_QUORUM: Duration = Duration::from_millis(200);
/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a checkpoint that missed its quorum, or could not be put where it belongs, is left alone.
const AGAIN: Duration = Duration::from_secs(2);
/// When a checkpoint that does not change is cosigned again, to be fresh.
const FRESH: Duration = Duration::from_secs(600);
/// Anybody may read what is published.
const MODE: u32 = 0o644;

/// Of which log, by whom, and where to.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The log's folder
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
    /// The log, its witnesses with their URLs, and how many of them it takes (tlog-policy)
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Where the checkpoint with its cosignatures goes, once it has its quorum
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where to keep the size that each witness has [default: the output with .sizes]
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
    /// The log's own checkpoint [default: `checkpoint` in its folder]
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Certificates to trust besides the system's, in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Go on with each new checkpoint
    #[arg(long)]
    follow: bool,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    let policy = trust::policy(&arguments.policy)?;
    // What is no log is told before anybody is asked.
    reader(arguments)?;
    let sizes = Sizes::open(arguments.sizes_path(), print);
    let (tell, told) = channel();
    let workers =
        Workers::start(&policy, transport::Transport::new(&policy, arguments.ca.as_deref())?, &sizes, &tell);
    let mut cosigner =
        Cosigner { arguments, policy, workers, sizes, told, print, collected: None, seen: None };
    if arguments.follow { cosigner.follow() } else { cosigner.once() }
}

/// The log as it is now: of a copy, a reader knows no more than the checkpoint that it was opened with.
fn reader(arguments: &Arguments) -> Result<Arc<Reader>, Failure> {
    let reader = Reader::open(&arguments.log).map_err(|error| unopened::at(&arguments.log, &error))?;
    Ok(Arc::new(reader))
}

impl Arguments {
    fn sizes_path(&self) -> PathBuf {
        self.sizes.clone().unwrap_or_else(|| {
            let mut path = self.output.clone().into_os_string();
            path.push(".sizes");
            path.into()
        })
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.checkpoint.clone().unwrap_or_else(|| self.log.join("checkpoint"))
    }
}

/// What is kept from one checkpoint to the next.
struct Cosigner<'a> {
    arguments: &'a Arguments,
    policy: Policy,
    workers: Workers,
    sizes: Sizes,
    told: Receiver<Told>,
    print: &'a Printer,
    /// What was collected for a checkpoint that is not published yet.
    collected: Option<SignedCheckpoint>,
    /// What lay in the log's folder when it was looked at last.
    seen: Option<Seen>,
}

/// A checkpoint's file as it was read, what is signed there, and when that is due again.
struct Seen {
    bytes: Vec<u8>,
    text: String,
    due: Instant,
}

/// What became of a checkpoint.
enum Round {
    /// It has its quorum, and lies where it belongs.
    Published(SignedCheckpoint),
    /// Not in time.
    Missed(NotEndorsed),
}

impl Cosigner<'_> {
    fn once(&mut self) -> Result<Exit, Failure> {
        let job = self.job(&trust::checkpoint_bytes(&self.arguments.checkpoint_path())?)?;
        match self.round(&job)? {
            Round::Published(signed) => {
                self.print.text(&signed.to_string())?;
                Ok(Exit::Yes)
            }
            Round::Missed(why) => Err(missed(&job, &why)),
        }
    }

    fn follow(&mut self) -> Result<Exit, Failure> {
        let mut complained = String::new();
        loop {
            match self.newest() {
                Ok(Some(job)) => {
                    let pause = self.pursue(&job, &mut complained);
                    self.seen.iter_mut().for_each(|seen| seen.due = Instant::now() + pause);
                }
                Ok(None) => sleep(LOOK),
                // A log may have no checkpoint yet, or be away for a while.
                Err(failure) => {
                    self.complain(&failure, &mut complained);
                    sleep(LOOK);
                }
            }
        }
    }

    /// One round, of which nothing that goes wrong ends the command; how long until the next of the same checkpoint.
    fn pursue(&mut self, job: &Job, complained: &mut String) -> Duration {
        match self.round(job) {
            Ok(Round::Published(_)) => {
                complained.clear();
                return FRESH;
            }
            Ok(Round::Missed(why)) => self.complain(&missed(job, &why), complained),
            Err(failure) => self.complain(&failure, complained),
        }
        AGAIN
    }

    /// The same is not said twice.
    fn complain(&self, failure: &Failure, complained: &mut String) {
        if failure.problem.title != *complained {
            complained.clone_from(&failure.problem.title);
            self.print.failure(failure);
        }
    }

    /// The log's newest checkpoint, where it is due. A file that is as it was is not read again for what it says.
    fn newest(&mut self) -> Result<Option<Job>, Failure> {
        let bytes = trust::checkpoint_bytes(&self.arguments.checkpoint_path())?;
        let now = Instant::now();
        if self.seen.as_ref().is_some_and(|seen| seen.bytes == bytes && now < seen.due) {
            return Ok(None);
        }
        let job = self.job(&bytes)?;
        // With other signatures it is the same one.
        let due = self.seen.as_ref().filter(|seen| seen.text == job.text()).map_or(now, |seen| seen.due);
        self.seen = Some(Seen { bytes, text: job.text().to_owned(), due });
        Ok((now >= due).then_some(job))
    }

    /// A checkpoint with the signatures of its log's own keys alone.
    fn job(&self, bytes: &[u8]) -> Result<Job, Failure> {
        let path = self.arguments.checkpoint_path();
        let signed = trust::parsed(&path, bytes)?;
        Job::new(&signed, &self.policy).map_err(|why| {
            let title =
                format!("The checkpoint {} is not of a log of the policy: {why}", Quoted::path(&path));
            Failure::finding(
                "not-endorsed",
                title,
                "Compare the policy's log line with the key that the log's operator hands out.",
            )
        })
    }

    fn round(&mut self, job: &Job) -> Result<Round, Failure> {
        self.workers.give(job, &reader(self.arguments)?);
        let earlier = self.collected.take().filter(|signed| signed.note().text() == job.text());
        let (mut signed, mut end) = (earlier.unwrap_or_else(|| job.signed().clone()), Instant::now() + ROUND);
        let mut verdict = self.policy.endorse(&signed, &[]).map(drop);
        let mut published = verdict.is_ok().then(|| self.publish(&signed));
        while !self.workers.are_through(job)
            && let Ok(told) = self.told.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let Some(more) = self.hear(told, job, &signed) else { continue };
            let was_missing = verdict.is_err();
            signed = more;
            verdict = self.policy.endorse(&signed, &[]).map(drop);
            if verdict.is_ok() {
                published = Some(self.publish(&signed));
                end = if was_missing { Instant::now() + AFTER_QUORUM } else { end };
            }
        }
        // Until it lies where it belongs, what was collected is kept: its witnesses may be away next time.
        if !matches!(published, Some(Ok(()))) {
            self.collected = Some(signed.clone());
        }
        published.transpose()?;
        Ok(verdict.map_or_else(Round::Missed, |()| Round::Published(signed)))
    }

    /// Takes what a witness answered; the checkpoint with its cosignatures, where they are of this one.
    fn hear(&mut self, told: Told, job: &Job, signed: &SignedCheckpoint) -> Option<SignedCheckpoint> {
        let cosignatures = self.workers.hear(&told, self.print);
        if let Some(size) = told.size {
            self.sizes.keep(&told.url, size, self.print);
        }
        if told.number != job.number() || cosignatures.is_empty() {
            return None;
        }
        let mut note = signed.note().clone();
        let added = cosignatures.iter().try_for_each(|cosignature| note.add(cosignature.clone()));
        added.ok().and_then(|()| SignedCheckpoint::try_from(note).ok())
    }

    fn publish(&self, signed: &SignedCheckpoint) -> Result<(), Failure> {
        write(&self.arguments.output, signed)
    }
}

fn missed(job: &Job, why: &NotEndorsed) -> Failure {
    let title = format!("The checkpoint of {} entries has no quorum: {why}", job.size());
    Failure::finding("no-quorum", title, "What each witness answered stands above; then try again.")
}

fn write(path: &Path, signed: &SignedCheckpoint) -> Result<(), Failure> {
    atomic::write(path, signed.to_string().as_bytes(), MODE).map_err(|error| Failure::file(path, &error))
}
