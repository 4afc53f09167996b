//! No release without a record: a disk that refuses, too many records, and a disk that does not confirm.

use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::{Entry, Kind, MAX_QUEUED, WIDTH};

use super::in_time::until;
use super::rig::Rig;

/// A disk that refuses what the log has to write, until this ends: a folder has the name that the next bundle's file
/// needs, and the bundle before is full.
pub(super) struct Refusing(PathBuf);

impl Refusing {
    pub(super) async fn begin(rig: &Rig) -> Self {
        let next = rig.state().join("log/open/001.entries");
        // The ledger makes the next files ready beside its first writes.
        until(|| rig.state().join("log/open/004.hashes").exists()).await;
        let missing = u64::from(WIDTH) - rig.front.journal.size();
        std::fs::remove_file(&next).unwrap();
        std::fs::create_dir(&next).unwrap();
        let record = |_| {
            let journal = rig.front.journal.clone();
            tokio::spawn(async move { journal.record(Entry::new(Kind::Probe)).await })
        };
        // At once, so that they share a write.
        let filling: Vec<_> = (0..missing).map(record).collect();
        for entry in filling {
            let _receipt = entry.await.unwrap().unwrap();
        }
        Self(next)
    }

    /// From now on it takes what it is given.
    pub(super) fn end(self) {
        std::fs::remove_dir(&self.0).unwrap();
    }
}

#[tokio::test]
pub(super) async fn without_a_record_no_signature_leaves_and_no_token_is_asked_until_the_disk_works_again() {
    let (rig, mut asked) = Rig::of([]).await;
    let disk = Refusing::begin(&rig).await;
    // The token signs while the disk refuses.
    rig.ask("de").await.refused(503, "ledger-unavailable");
    assert_eq!(asked.rest().len(), 1);
    // From now on it is not asked before the record is durable.
    for told in [rig.ask("de").await, rig.prove("de").await] {
        let problem = told.refused(503, "ledger-unavailable");
        assert!(problem.detail.contains("free space"), "{}", problem.detail);
    }
    assert!(asked.rest().is_empty(), "a token was asked although nothing can be recorded");
    assert_eq!(rig.front.gates.in_flight(), 0);
    disk.end();
    let told = rig.ask("de").await;
    told.released();
    let log = rig.log().await;
    assert_eq!((log.intents().len(), log.counted()), (1, vec![told.log_index()]));
}

#[tokio::test]
pub(super) async fn where_too_many_records_wait_nothing_is_released_and_no_token_is_asked() {
    let (rig, mut asked) = Rig::of([]).await;
    let lazy = || rig.front.journal.intend(Entry::new(Kind::Intent));
    let waiting: Vec<_> = (0..MAX_QUEUED).map(|_| lazy()).collect();
    let told = rig.ask("de").await;
    assert!(told.refused(503, "ledger-unavailable").detail.contains("Too many records"));
    assert!(asked.rest().is_empty(), "a token was asked although the record was not taken");
    drop(waiting);
    rig.all_voided(MAX_QUEUED).await;
}

#[tokio::test]
pub(super) async fn where_the_disk_does_not_confirm_who_asked_is_told_and_the_process_ends() {
    /// Names the file in which the process that ends leaves what it was told.
    const CHILD: &str = "KUNCI_TEST_TOLD";
    if let Some(told) = std::env::var_os(CHILD) {
        return unconfirmed(Path::new(&told)).await;
    }
    let told = tempfile::NamedTempFile::new().unwrap();
    let test = "where_the_disk_does_not_confirm_who_asked_is_told_and_the_process_ends";
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", &format!("spine::tests::ledgers::{test}")]).env(CHILD, told.path());
    let output = child.output().unwrap();
    assert_eq!(output.status.code(), Some(crate::ipc::exit::FATAL), "{output:?}");
    assert_eq!(std::fs::read_to_string(told.path()).unwrap(), "ledger-unavailable ledger-unavailable");
}

/// What is written to a file without a name is confirmed to nobody. Ends with its process.
async fn unconfirmed(told: &Path) {
    let (rig, mut asked) = Rig::of([]).await;
    std::fs::remove_file(rig.state().join("log/open/000.entries")).unwrap();
    let first = rig.ask("de").await.refused(503, "ledger-unavailable");
    asked.next().await;
    let second = rig.ask("de").await.refused(503, "ledger-unavailable");
    assert!(asked.rest().is_empty(), "a token was asked although nothing can be recorded");
    std::fs::write(told, format!("{} {}", first.code, second.code)).unwrap();
    std::future::pending().await
}
