//! Which logs are asked, and the index that makes it quick.

use std::env;
use std::path::{Path, PathBuf};

use audit::{Index, Log};
use clap::Args;
use quoted::Quoted;

use crate::failure::Failure;
use crate::paths::Paths;
use crate::print::Printer;

/// Below the user's cache.
const INDEX: &str = "kunci/index";

/// The logs, from the command line.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// A log's folder; given again, all are answered as one, in order of time [default: the configuration's state_dir/log]
    #[arg(long = "log", visible_alias = "dir", value_name = "DIR")]
    logs: Vec<PathBuf>,
    /// The folder that the index is kept in [default: $XDG_CACHE_HOME/kunci/index]
    #[arg(long, value_name = "DIR", env = "KUNCI_INDEX", hide_env = true)]
    index: Option<PathBuf>,
    /// Read the whole log, and neither use nor make an index
    #[arg(long)]
    no_index: bool,
}

/// What is asked.
pub(super) struct Logs {
    pub(super) all: Vec<Log>,
    pub(super) index: Option<Index>,
}

impl Logs {
    /// What a log is called, where several are asked.
    pub(super) fn name(&self, log: usize) -> Option<String> {
        self.all.get(log).filter(|_| self.all.len() > 1).map(|log| log.name().to_owned())
    }
}

impl Named {
    /// Opens them, and makes what the index lacks.
    pub(super) fn open(&self, paths: &Paths, print: &Printer) -> Result<Logs, Failure> {
        self.open_by(Log::open, paths, print)
    }

    /// Opens them as far as they are durable.
    pub(super) fn open_durable(&self, paths: &Paths, print: &Printer) -> Result<Logs, Failure> {
        self.open_by(Log::durable, paths, print)
    }

    fn open_by(
        &self,
        open: impl Fn(&Path) -> Result<Log, ledger::Error>,
        paths: &Paths,
        print: &Printer,
    ) -> Result<Logs, Failure> {
        let folders = match self.logs.is_empty() {
            true => vec![paths.log()?],
            false => self.logs.clone(),
        };
        let open = |dir: &PathBuf| open(dir).map_err(|error| super::unopened::at(dir, &error));
        let all = folders.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let index = match self.no_index || !all.iter().any(Log::wants_index) {
            true => None,
            false => self.index(&folders, print)?,
        };
        if let Some(index) = &index {
            prepare(index, &all, print);
        }
        Ok(Logs { all, index })
    }

    fn index(&self, logs: &[PathBuf], print: &Printer) -> Result<Option<Index>, Failure> {
        let Some(folder) = self.index.clone().or_else(usual) else {
            print.note("All of the log is read: no HOME says where an index may be kept (--index DIR).");
            return Ok(None);
        };
        if let Some(log) = logs.iter().find(|log| is_within(&folder, log)) {
            let title = format!("The index may not be kept in the log {}", Quoted::path(log));
            let detail = "Name a folder of your own with --index; a log's folder holds the log alone.";
            return Err(Failure::usage("index-in-log", title, detail));
        }
        match Index::open(&folder) {
            Ok(index) => Ok(Some(index)),
            Err(error) if self.index.is_some() => {
                let detail = "Name a folder that you alone can write to, or give --no-index.";
                Err(Failure::usage("index-unusable", format!("No index can be kept: {error}"), detail))
            }
            Err(error) => {
                print.note(&format!("All of the log is read, since no index can be kept: {error}"));
                Ok(None)
            }
        }
    }
}

/// What cannot be kept costs time and nothing else.
fn prepare(index: &Index, logs: &[Log], print: &Printer) {
    for log in logs {
        let bar = print.bar("indexing");
        if let Err(error) = index.prepare(log, |done, all| bar.at(done, all)) {
            print.note(&format!("The index cannot be kept whole ({error}); what it lacks is read."));
        }
    }
}

/// Below the user's cache, where there is one.
fn usual() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join(INDEX))
}

/// Whether a folder, which need not be there yet, is in another.
fn is_within(folder: &Path, other: &Path) -> bool {
    let Ok(other) = other.canonicalize() else { return false };
    let there = folder.ancestors().find_map(|part| part.canonicalize().ok());
    there.is_some_and(|there| there.starts_with(&other))
}
