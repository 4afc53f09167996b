use super::*;
use crate::trusted::WRITE_BY_OTHERS;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

fn folder_with(name: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, "98761234").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

/// What an operator reads, with the folder's changing name replaced.
fn told(source: &PinSource, folder: &Path) -> String {
    let error = source.open_within(Some(folder)).unwrap_err();
    assert!(!format!("{error:?}").contains("98761234"));
    format!("{error}\n  help: {}", error.help()).replace(&folder.display().to_string(), "DIR")
}

#[test]
fn only_a_file_that_nobody_else_can_read_gives_a_pin() {
    for mode in [0o400, 0o600, 0o700] {
        let (_folder, path) = folder_with("pin", mode);
        assert!(PinSource::File(path).open().unwrap().is_some(), "{mode:o}");
    }
    for mode in [0o440, 0o640, 0o604, 0o610, 0o601, 0o620, 0o602] {
        let (_folder, path) = folder_with("pin", mode);
        assert!(PinSource::File(path).open().is_err(), "{mode:o}");
    }
}

#[test]
fn a_credential_may_be_readable_by_its_acl_and_no_more() {
    for mode in [0o400, 0o440] {
        let (folder, _) = folder_with("pin", mode);
        let source = PinSource::Credential("pin".into());
        assert!(source.open_within(Some(folder.path())).unwrap().is_some(), "{mode:o}");
    }
    for mode in [0o444, 0o460, 0o442, 0o450] {
        let (folder, _) = folder_with("pin", mode);
        let source = PinSource::Credential("pin".into());
        assert!(source.open_within(Some(folder.path())).is_err(), "{mode:o}");
    }
}

#[test]
fn another_file_and_a_changed_file_have_another_identity() {
    let (_folder, path) = folder_with("pin", 0o600);
    let source = PinSource::File(path.clone());
    let identity = || source.open().unwrap().unwrap().identity;
    let first = identity();
    assert_eq!(first, identity());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    let touched = identity();
    assert_eq!((touched.mtime_ns, touched.inode), (0, first.inode));
    assert_ne!(first, touched);
}

#[test]
fn an_opened_pin_is_unread() {
    use std::io::Read;
    let (_folder, path) = folder_with("pin", 0o600);
    let mut file = fs::File::from(PinSource::File(path).open().unwrap().unwrap().fd);
    let mut content = String::new();
    file.read_to_string(&mut content).unwrap();
    assert_eq!(content, "98761234");
}

#[test]
fn every_refused_source_says_why_and_what_to_do() {
    let (folder, path) = folder_with("pin", 0o600);
    let dir = folder.path();
    symlink(&path, dir.join("link")).unwrap();
    fs::write(dir.join("large"), vec![b'1'; 4097]).unwrap();
    fs::set_permissions(dir.join("large"), Permissions::from_mode(0o600)).unwrap();
    fs::write(dir.join("open"), "98761234").unwrap();
    fs::set_permissions(dir.join("open"), Permissions::from_mode(0o644)).unwrap();
    let file = |name: &str| PinSource::File(dir.join(name));
    insta::assert_snapshot!("missing", told(&file("missing"), dir));
    insta::assert_snapshot!("link", told(&file("link"), dir));
    insta::assert_snapshot!("large", told(&file("large"), dir));
    insta::assert_snapshot!("open_to_others", told(&file("open"), dir));
    insta::assert_snapshot!("folder", told(&PinSource::File(dir.to_owned()), dir));
    insta::assert_snapshot!("outside", told(&PinSource::Credential("../pin".into()), dir));
    let unset = PinSource::Credential("pin".into()).open_within(None).unwrap_err();
    insta::assert_snapshot!("no_credentials", format!("{unset}\n  help: {}", unset.help()));
}

#[test]
fn a_folder_that_others_can_write_gives_no_pin_whatever_the_files_own_mode() {
    let (folder, path) = folder_with("pin", 0o600);
    symlink(folder.path(), folder.path().join("way")).unwrap();
    let sources = [PinSource::File(path), PinSource::File(folder.path().join("way/pin"))];
    assert!(sources.iter().all(|source| source.open().unwrap().is_some()));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(sources.iter().all(|source| source.open().is_err()));
    assert!(PinSource::Credential("pin".into()).open_within(Some(folder.path())).is_err());
    let told = told(&sources[0], folder.path());
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    insta::assert_snapshot!("loose_folder", told);
}

#[test]
fn a_named_pipe_is_refused_without_waiting_for_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let status = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&path).status().unwrap();
    assert!(status.success());
    assert!(PinSource::File(path).open().is_err());
}

#[test]
fn a_file_of_another_user_is_refused() {
    // Whose file it is cannot be changed without being root; the check itself is asked about a file that is.
    let stat = |uid| {
        let (_folder, path) = folder_with("pin", 0o600);
        let mut stat = rustix::fs::stat(&path).unwrap();
        stat.st_uid = uid;
        stat
    };
    let trust = Trust { forbidden: WRITE_BY_OTHERS, follow: false, max_bytes: 10, us: ourselves() };
    let us = rustix::process::geteuid().as_raw();
    assert_eq!(trust.check(&stat(us)), Ok(()));
    assert_eq!(trust.check(&stat(0)), Ok(()));
    assert_eq!(trust.check(&stat(us + 1)), Err(Distrust::Owner { uid: us + 1, mode: 0o600 }));
}

#[test]
fn a_source_travels_as_it_is_written() {
    for text in [r#"{"credential":"a"}"#, r#"{"file":"/a"}"#, r#"{"prompt":true}"#] {
        let source: PinSource = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&source).unwrap(), text);
    }
    for text in [r#""98761234""#, "98761234", r#"{"prompt":false}"#, "{}", r#"{"file":"/a","prompt":true}"#] {
        let error = serde_json::from_str::<PinSource>(text).unwrap_err().to_string();
        assert!(!error.contains("98761234"), "{error}");
    }
}
