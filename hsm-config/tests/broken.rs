//! Each file in `tests/broken` is refused, and what its author is told is kept as a snapshot.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use hsm_config::{Config, Problems, TenantsFile};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The files, copied to a folder where no umask has made them writable by others.
fn broken(extension: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for found in source.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        if found.extension().is_some_and(|found| found == extension) {
            let copy = folder.path().join(found.file_name().unwrap());
            fs::write(&copy, fs::read(&found).unwrap()).unwrap();
            fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
            files.push(copy);
        }
    }
    (folder, files)
}

/// Snapshots what is told about a file, under its name and without its folder.
fn tell(file: &Path, problems: &Problems) {
    let folder = format!("{}/", file.parent().unwrap().display());
    let text = problems.to_string().replace(&folder, "");
    assert!(!text.contains("98761234"), "a PIN was repeated: {text}");
    for problem in problems.iter() {
        assert!(
            !problem.what.is_empty() && !problem.help.is_empty() && !problem.code.is_empty(),
            "{problem}"
        );
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(file.file_stem().unwrap().to_str().unwrap(), text);
    });
}

#[test]
fn every_broken_configuration_is_refused_with_its_places_and_remedies() {
    let (_folder, files) = broken("toml");
    assert!(files.len() >= 30);
    for file in files {
        match Config::load(&file) {
            Ok(_) => panic!("{} was accepted", file.display()),
            Err(problems) => tell(&file, &problems),
        }
    }
}

#[test]
fn every_broken_tenants_file_is_refused_with_its_lines_and_remedies() {
    let (_folder, files) = broken("csv");
    assert!(files.len() >= 10);
    for file in files {
        tell(&file, &TenantsFile::load(&file).expect_err(&format!("{} was accepted", file.display())));
    }
}

#[test]
fn problems_are_objects_for_programs() {
    let path = Path::new("kunci.toml");
    let problems = Config::parse("[ledger]\norigin = 'a'\ntokn = 'b'\n", path).unwrap_err();
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json[0]["code"], "unknown-field");
    assert_eq!((&json[0]["line"], &json[0]["column"]), (&3.into(), &1.into()));
    assert_eq!((&json[0]["at"], &json[0]["file"]), (&"ledger.tokn".into(), &"kunci.toml".into()));
}
