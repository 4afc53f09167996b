//! Files that others could have written are refused, and relative tenants files are beside their configuration.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use hsm_config::{Config, Known, TenantsFile, example};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

fn file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_configuration_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o600, 0o644, 0o444] {
        assert!(
            Config::load(&file(folder.path(), &format!("{mode:o}"), &example(), mode)).is_ok(),
            "{mode:o}"
        );
    }
    for mode in [0o664, 0o646, 0o666, 0o620, 0o602] {
        let path = file(folder.path(), &format!("{mode:o}"), &example(), mode);
        let problems = Config::load(&path).unwrap_err();
        assert_eq!(problems.iter().next().unwrap().code, "file-not-trusted", "{mode:o}");
    }
}

#[test]
fn what_is_told_about_an_untrusted_file_names_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| {
        let problems = Config::load(path).unwrap_err().to_string();
        problems.replace(&folder.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!("open_to_all", told(&file(folder.path(), "kunci.toml", "", 0o666)));
    insta::assert_snapshot!("missing", told(&folder.path().join("missing.toml")));
    insta::assert_snapshot!("folder", told(folder.path()));
    let large = "#".repeat((1 << 20) + 1);
    insta::assert_snapshot!("too_large", told(&file(folder.path(), "large.toml", &large, 0o600)));
}

#[test]
fn a_link_is_as_trusted_as_the_file_that_it_points_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "kunci.toml", &example(), 0o644);
    let link = folder.path().join("link.toml");
    symlink(&path, &link).unwrap();
    assert!(Config::load(&link).is_ok());
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    assert!(Config::load(&link).is_err());
}

#[test]
fn a_tenants_file_that_others_can_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "tenant,client_id,object_id\na,b,\n";
    assert_eq!(TenantsFile::load(&file(folder.path(), "good.csv", rows, 0o640)).unwrap().len(), 1);
    let problems = TenantsFile::load(&file(folder.path(), "bad.csv", rows, 0o660)).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().code, "file-not-trusted");
}

#[test]
fn tenants_files_are_found_beside_the_configuration_and_all_their_problems_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&file(folder.path(), "kunci.toml", &example(), 0o600)).unwrap();
    let problems = config.load_tenants().unwrap_err();
    assert_eq!(problems.len(), 7);
    for name in config.connectors.keys() {
        let rows = format!("tenant,client_id,object_id\n{name}.example,app,\n");
        file(folder.path(), &format!("tenants/{name}.csv"), &rows, 0o600);
    }
    let all = config.load_tenants().unwrap();
    let de = all["de"].table().unwrap();
    let knows = |tenant| de.knows(tenant, "").unwrap();
    assert_eq!((knows("de.example"), knows("us.example")), (Known::Tenant, Known::Nothing));
}

#[test]
fn a_configuration_travels_as_json_unchanged() {
    let config = Config::parse(&example(), Path::new("/etc/kunci/kunci.toml")).unwrap();
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
}

#[test]
fn the_unlock_socket_is_beside_the_admins_socket() {
    let config = Config::parse("[ledger]\norigin = 'a'\n", Path::new("kunci.toml")).unwrap();
    assert_eq!(
        config.agent.unlock_socket(&"soft".parse().unwrap()),
        Path::new("/run/kunci/unlock-soft.sock")
    );
    assert_eq!((config.agent.admin_mode.bits(), config.agent.socket_mode.bits()), (0o600, 0o666));
}

#[test]
fn a_file_of_another_user_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "kunci.toml", &example(), 0o600);
    // Only root can give a file away; for other users the same check is tested beside the PIN sources.
    if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
        let problems = Config::load(&path).unwrap_err();
        assert_eq!(problems.iter().next().unwrap().code, "file-not-trusted");
    }
}

#[test]
fn the_schema_is_the_one_that_is_published() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&hsm_config::schema()).unwrap());
}
