//! Jobs that take one piece of work after the other, each with sites of its own, and the file of rows that grows meanwhile.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use tests::faults::{Row, Sites};

use crate::Options;
use crate::progress::Progress;
use crate::work::Work;

/// All work, and what came of it.
struct Jobs<'a> {
    options: &'a Options,
    work: Vec<Work>,
    /// Where in `work` is what was not begun, the next one last.
    left: Mutex<Vec<usize>>,
    rows: Mutex<BTreeMap<usize, Row>>,
    log: Mutex<File>,
    progress: Progress,
}

/// A row for each kind, in their order. What is there is written after each: all of it takes half an hour.
pub(crate) fn run(options: &Options) -> Vec<Row> {
    let work = Work::all(options);
    let mut left: Vec<usize> = (0..work.len()).rev().collect();
    left.sort_by_key(|at| work[*at].is_long());
    let jobs = Jobs {
        log: Mutex::new(File::create(options.out.with_extension("log")).unwrap()),
        progress: Progress::of(work.len()),
        rows: Mutex::default(),
        left: Mutex::new(left),
        work,
        options,
    };
    thread::scope(|scope| (0..options.jobs).for_each(|_| drop(scope.spawn(|| jobs.one_after_the_other()))));
    joined(jobs.rows.into_inner().unwrap().into_values())
}

/// One row for each kind, whoever had how many of its runs.
fn joined(rows: impl IntoIterator<Item = Row>) -> Vec<Row> {
    rows.into_iter().fold(Vec::new(), |mut joined: Vec<Row>, row| {
        let row = match joined.pop_if(|last| last.kind == row.kind) {
            Some(same) => same.and(row),
            None => row,
        };
        joined.push(row);
        joined
    })
}

impl Jobs<'_> {
    fn one_after_the_other(&self) {
        let mut sites = Sites::default();
        while let Some(at) = self.next() {
            let row = self.work[at].row(&mut sites, self.options, &|line| self.tell(line));
            self.progress.done(&row);
            let mut rows = self.rows.lock().unwrap();
            rows.insert(at, row);
            write(&self.options.out, &joined(rows.values().cloned()));
        }
    }

    fn next(&self) -> Option<usize> {
        self.left.lock().unwrap().pop()
    }

    fn tell(&self, line: &str) {
        writeln!(self.log.lock().unwrap(), "{line}").unwrap();
    }
}

/// By rename: whoever reads it meanwhile finds it whole.
fn write(file: &Path, rows: &[Row]) {
    let new = file.with_extension("new");
    fs::write(&new, serde_json::to_string_pretty(rows).unwrap() + "\n").unwrap();
    fs::rename(new, file).unwrap();
}
