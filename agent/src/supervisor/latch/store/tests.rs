use super::*;
use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn token() -> Name {
    "t".parse().unwrap()
}

fn attempt(store: &mut Store, serial: &str) -> Result<Decision, StoreError> {
    store.attempt(serial, &token(), &PinOrigin::Prompt)
}

fn refused() -> LoginOutcome {
    LoginOutcome::Refused("CKR_PIN_INCORRECT".into())
}

#[test]
fn a_serial_chooses_neither_the_folder_nor_another_serials_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().join("latch")).unwrap();
    for serial in ["../../x", "a/b", "a%2Fb", "", ".", "\0é", "a.tmp"] {
        let _ = attempt(&mut store, serial).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let again = Store::open(folder.path().join("latch")).unwrap();
    assert_eq!(again.latches, store.latches);
    assert_eq!(again.latches.len(), 7);
}

#[test]
fn a_latch_outlives_fifty_restarts_and_ends_with_an_unlatch() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path().join("latch")).unwrap();
    let mut store = open();
    let _ = attempt(&mut store, "1").unwrap();
    store.outcome("1", &refused()).unwrap();
    for _ in 0..50 {
        assert!(matches!(attempt(&mut open(), "1").unwrap(), Decision::Latched(_)));
    }
    let mut store = open();
    assert_eq!(store.serial_of(&token()).as_deref(), Some("1"));
    store.clear("1").unwrap();
    assert!(matches!(attempt(&mut open(), "1").unwrap(), Decision::LogIn(_)));
}

#[test]
fn the_serial_of_a_token_is_the_one_that_was_tried_last() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path().join("latch")).unwrap();
    for serial in ["1", "3", "2"] {
        let _ = attempt(&mut open(), serial).unwrap();
        assert_eq!(open().serial_of(&token()).as_deref(), Some(serial));
    }
}

#[test]
fn a_latch_that_cannot_be_read_stops_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.json"), "{").unwrap();
    assert!(matches!(Store::open(folder.path().into()), Err(StoreError::Unreadable(..))));
}

#[test]
fn a_start_writes_what_it_read_to_new_files_or_as_soon_as_the_disk_takes_them() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open(folder.path().into()).unwrap();
    let inode = || fs::metadata(folder.path().join("1.json")).unwrap().ino();
    let _ = attempt(&mut open(), "1").unwrap();
    let written = inode();
    // As long as the old file is held, its number is not given again.
    let _old = File::open(folder.path().join("1.json")).unwrap();
    block(folder.path());
    let mut store = open();
    assert_eq!(inode(), written);
    assert!(matches!(attempt(&mut store, "1").unwrap(), Decision::Latched(_)));
    fs::remove_dir(folder.path().join("1.tmp")).unwrap();
    store.flush().unwrap();
    let again = inode();
    assert_ne!(again, written);
    open();
    assert_ne!(inode(), again);
}

#[test]
fn a_file_that_was_being_written_at_a_crash_is_no_latch() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("1.tmp"), "{").unwrap();
    assert!(Store::open(folder.path().into()).unwrap().latches.is_empty());
}

#[test]
fn a_serial_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().into()).unwrap();
    assert!(store.known_as(&"x".repeat(64)).is_ok());
    assert!(matches!(store.known_as(&"x".repeat(65)), Err(StoreError::Serial)));
}

#[test]
fn the_latches_that_one_name_may_fill_are_bounded_and_leave_room_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    for serial in 0..MAX_LATCHES {
        let _ = attempt(&mut store, &serial.to_string()).unwrap();
    }
    assert!(matches!(attempt(&mut store, "one more"), Err(StoreError::Full(name)) if name == token()));
    let _ = attempt(&mut store, "0").unwrap();
    let _ = store.attempt("another's", &"u".parse().unwrap(), &PinOrigin::Prompt).unwrap();
}

#[test]
fn a_serial_is_known_from_its_first_login_on_and_not_by_the_officers_pin_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    let officer = PinOrigin::Officer(hsm_config::PinIdentity { device: 1, inode: 1, mtime_ns: 1 });
    let _ = store.attempt("1", &token(), &officer).unwrap();
    store.outcome("1", &LoginOutcome::Accepted).unwrap();
    assert_eq!(store.known_as("1").unwrap(), None);
    let _ = attempt(&mut store, "1").unwrap();
    store.outcome("1", &LoginOutcome::Accepted).unwrap();
    assert_eq!(store.known_as("1").unwrap(), Some(&token()));
    let _ = store.attempt("1", &token(), &officer).unwrap();
    let again = Store::open(folder.path().into()).unwrap();
    assert_eq!(again.known_as("1").unwrap(), Some(&token()));
}

/// In place of a full disk, which needs a mount: folders where new files should be written.
fn block(folder: &Path) {
    fs::create_dir(folder.join("1.tmp")).unwrap();
}

/// Whether the serial's record on disk says that its PIN was refused.
fn is_refused(folder: &Path) -> bool {
    let mut again = Store::open(folder.into()).unwrap();
    matches!(attempt(&mut again, "1").unwrap(), Decision::Latched(why) if why.contains("refused"))
}

#[test]
fn no_login_is_allowed_while_its_attempt_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    block(folder.path());
    assert!(matches!(attempt(&mut store, "1"), Err(StoreError::Unwritable(..))));
    fs::remove_dir(folder.path().join("1.tmp")).unwrap();
    assert!(matches!(attempt(&mut store, "1").unwrap(), Decision::LogIn(_)));
}

#[test]
fn an_outcome_that_could_not_be_written_counts_and_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    let _ = attempt(&mut store, "1").unwrap();
    fs::remove_file(folder.path().join("1.outcome")).unwrap();
    block(folder.path());
    assert!(store.outcome("1", &refused()).is_err());
    assert!(matches!(attempt(&mut store, "1").unwrap(), Decision::Latched(why) if why.contains("refused")));
    fs::remove_dir(folder.path().join("1.tmp")).unwrap();
    store.flush().unwrap();
    assert!(is_refused(folder.path()));
}

#[test]
fn an_outcome_needs_no_room_but_what_its_attempt_took() {
    let longest = "\u{1}".repeat(token::control::MAX_TEXT_BYTES);
    for outcome in [refused(), LoginOutcome::Refused(longest.clone()), LoginOutcome::NotJudged(longest)] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().into()).unwrap();
        let _ = attempt(&mut store, "1").unwrap();
        let room = fs::metadata(folder.path().join("1.outcome")).unwrap();
        block(folder.path());
        store.outcome("1", &outcome).unwrap();
        let taken = fs::metadata(folder.path().join("1.json")).unwrap();
        assert_eq!((room.ino(), room.len(), room.blocks()), (taken.ino(), taken.len(), taken.blocks()));
        fs::remove_dir(folder.path().join("1.tmp")).unwrap();
        assert_eq!(is_refused(folder.path()), matches!(outcome, LoginOutcome::Refused(_)));
    }
}

#[test]
fn an_outcome_that_was_torn_leaves_its_attempt_and_its_room_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    let _ = attempt(&mut store, "1").unwrap();
    let began = fs::read(folder.path().join("1.json")).unwrap();
    fs::write(folder.path().join("1.outcome"), &began[..began.len() / 2]).unwrap();
    let again = Store::open(folder.path().into()).unwrap();
    assert_eq!(again.latches, store.latches);
    assert!(!folder.path().join("1.outcome").exists());
}

#[test]
fn a_login_whose_outcome_has_no_room_is_not_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path().into()).unwrap();
    fs::create_dir(folder.path().join("1.outcome")).unwrap();
    assert!(matches!(attempt(&mut store, "1"), Err(StoreError::Unwritable(..))));
    assert!(!folder.path().join("1.json").exists(), "and it leaves no attempt");
}

#[test]
fn latches_are_for_our_eyes_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latch");
    let _ = attempt(&mut Store::open(path.clone()).unwrap(), "1").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let files = ["1.json", "1.outcome"].map(|name| mode(&path.join(name)));
    assert_eq!((mode(&path), files), (0o700, [0o600; 2]));
}

/// What an agent wrote that took a serial with all that fills it up.
fn padded(folder: &Path, serial: &str, outcome: &LoginOutcome) {
    let mut store = Store::open(folder.into()).unwrap();
    let _ = attempt(&mut store, serial).unwrap();
    store.outcome(serial, outcome).unwrap();
}

#[test]
fn a_token_that_was_latched_by_a_padded_serial_is_latched_by_its_own_and_by_one_file() {
    for padding in ["\0", "\0\0\0\0", " \0"] {
        let folder = tempfile::tempdir().unwrap();
        padded(folder.path(), &format!("1{padding}"), &refused());
        let mut store = Store::open(folder.path().into()).unwrap();
        assert_eq!(store.serial_of(&token()).as_deref(), Some("1"));
        assert!(
            matches!(attempt(&mut store, "1").unwrap(), Decision::Latched(why) if why.contains("refused"))
        );
        let files: Vec<_> = list(folder.path()).unwrap();
        assert_eq!(files, [folder.path().join("1.json")]);
        store.clear("1").unwrap();
        assert!(matches!(
            attempt(&mut Store::open(folder.path().into()).unwrap(), "1").unwrap(),
            Decision::LogIn(_)
        ));
    }
}

#[test]
fn of_a_padded_latch_and_one_without_the_stricter_counts_whichever_is_newer() {
    for refused_first in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let both = [("1", LoginOutcome::Accepted), ("1\0", refused())];
        let both: Vec<_> = if refused_first { both.into_iter().rev().collect() } else { both.into() };
        // As two agents would have left them: each file is written with the other out of sight.
        let [aside, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        padded(folder.path(), both[0].0, &both[0].1);
        for file in list(folder.path()).unwrap() {
            fs::rename(&file, aside.path().join(file.file_name().unwrap())).unwrap();
        }
        padded(other.path(), both[1].0, &both[1].1);
        for file in [list(aside.path()).unwrap(), list(other.path()).unwrap()].concat() {
            fs::rename(&file, folder.path().join(file.file_name().unwrap())).unwrap();
        }
        let mut store = Store::open(folder.path().into()).unwrap();
        let decided = attempt(&mut store, "1").unwrap();
        assert!(matches!(&decided, Decision::Latched(why) if why.contains("refused")), "{decided:?}");
        assert_eq!(list(folder.path()).unwrap(), [folder.path().join("1.json")]);
    }
}

#[test]
fn a_padded_latch_stays_until_the_disk_takes_the_one_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    padded(folder.path(), "1\0", &refused());
    block(folder.path());
    let mut store = Store::open(folder.path().into()).unwrap();
    assert!(matches!(attempt(&mut store, "1").unwrap(), Decision::Latched(_)));
    assert_eq!(list(folder.path()).unwrap(), [folder.path().join("1%00.json")]);
    fs::remove_dir(folder.path().join("1.tmp")).unwrap();
    store.flush().unwrap();
    assert_eq!(list(folder.path()).unwrap(), [folder.path().join("1.json")]);
}
