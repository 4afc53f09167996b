//! Programs that tests make run at once, however many children other threads start meanwhile; those that they run are built
//! from the sources that are there.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use tests::installed::newer_source;
use tests::program;

/// How many programs are made, and how many threads start children meanwhile.
const PROGRAMS: usize = 200;
const THREADS: usize = 16;

#[test]
fn a_program_that_was_just_made_is_never_busy() {
    let (folder, over) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // By a plain fork, as wherever a child is another user: it has all our files until it is its own program.
                    let child = Command::new("true").uid(rustix::process::geteuid().as_raw()).status();
                    assert!(child.unwrap().success());
                }
            });
        }
        let ran = (0..PROGRAMS).try_for_each(|one| {
            let (script, copy) =
                (folder.path().join(format!("{one}.sh")), folder.path().join(format!("{one}")));
            program::script(&script, "#!/bin/sh\nexit 0\n");
            program::copy(Path::new("/bin/true"), &copy);
            Command::new(script).status().and_then(|_| Command::new(copy).status()).map(|_| ())
        });
        over.store(true, Ordering::Relaxed);
        ran.unwrap();
    });
}

#[test]
fn a_program_that_is_older_than_a_source_of_its_own_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let edited = |name: &str, second: u64| {
        let file = fs::File::options().create(true).append(true).open(at(name)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    };
    edited("kunci", 10);
    assert_eq!(newer_source(&at("kunci")), None, "nobody knows its sources");
    let (one, two) = (at("one.rs"), at("two words.rs"));
    let list = format!(
        "{}: {} {}\n",
        at("kunci").display(),
        one.display(),
        two.display().to_string().replace(' ', "\\ ")
    );
    fs::write(at("kunci.d"), list).unwrap();
    edited("one.rs", 9);
    edited("two words.rs", 10);
    assert_eq!(newer_source(&at("kunci")), None);
    edited("two words.rs", 11);
    assert_eq!(newer_source(&at("kunci")), Some(two));
}
