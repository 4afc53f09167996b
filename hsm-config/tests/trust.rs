//! Files that others could have written are refused, and relative tenants files are beside their configuration.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use hsm_config::{Config, Known, TenantsFile, example};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
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

/// A good configuration at the end of three folders.
fn nested() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "a/b/c/kunci.toml", &example(), 0o600);
    for inner in ["a", "a/b", "a/b/c"] {
        fs::set_permissions(folder.path().join(inner), Permissions::from_mode(0o755)).unwrap();
    }
    assert!(Config::load(&path).is_ok());
    (folder, path)
}

/// Refused as not trusted, in these words.
#[track_caller]
fn untrusted(path: &Path, folder: &Path) -> String {
    let problems = Config::load(path).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().code, "file-not-trusted", "{problems}");
    let folder = fs::canonicalize(folder).unwrap();
    problems.to_string().replace(&folder.display().to_string(), "DIR")
}

/// Whether this user may give files away; where not, the tests below try less.
fn gives_away(path: &Path, uid: Option<u32>, gid: Option<u32>) -> bool {
    let given = chown(path, uid, gid).is_ok();
    assert!(given || !rustix::process::geteuid().is_root());
    given
}

#[test]
fn every_folder_above_a_file_is_looked_at() {
    let (folder, path) = nested();
    for inner in ["", "a", "a/b", "a/b/c"] {
        let inner = folder.path().join(inner);
        let before = fs::metadata(&inner).unwrap().permissions();
        for mode in [0o777, 0o757, 0o702] {
            fs::set_permissions(&inner, Permissions::from_mode(mode)).unwrap();
            untrusted(&path, folder.path());
        }
        fs::set_permissions(&inner, before).unwrap();
        assert!(Config::load(&path).is_ok());
    }
    fs::set_permissions(folder.path().join("a/b"), Permissions::from_mode(0o777)).unwrap();
    insta::assert_snapshot!("folder_of_all", untrusted(&path, folder.path()));
    let tenants =
        file(&folder.path().join("a/b/c"), "tenants.csv", "tenant,client_id,object_id\na,b,\n", 0o600);
    let problems = TenantsFile::load(&tenants).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().code, "file-not-trusted");
    assert!(
        hsm_config::check_module(&path).is_err() && hsm_config::check_folder(path.parent().unwrap()).is_err()
    );
}

#[test]
fn a_group_writes_a_folder_above_only_if_it_is_roots() {
    let (folder, path) = nested();
    let inner = folder.path().join("a/b");
    if gives_away(&inner, None, Some(12_345)) {
        fs::set_permissions(&inner, Permissions::from_mode(0o775)).unwrap();
        insta::assert_snapshot!("folder_of_a_group", untrusted(&path, folder.path()));
        assert!(gives_away(&inner, None, Some(0)));
        assert!(Config::load(&path).is_ok());
    }
}

#[test]
fn a_folder_above_that_is_another_users_is_refused() {
    let (folder, path) = nested();
    if gives_away(&folder.path().join("a/b"), Some(12_345), None) {
        insta::assert_snapshot!("folder_of_another", untrusted(&path, folder.path()));
    }
}

#[test]
fn where_everybody_makes_files_and_removes_none_only_ours_will_do() {
    let (folder, path) = nested();
    let (sticky, inner) = (folder.path().join("a"), folder.path().join("a/b"));
    fs::set_permissions(&sticky, Permissions::from_mode(0o1777)).unwrap();
    assert!(Config::load(&path).is_ok());
    // A link there is an entry like any other.
    let link = sticky.join("link");
    symlink("b", &link).unwrap();
    assert!(Config::load(&link.join("c/kunci.toml")).is_ok());
    let given = std::os::unix::fs::lchown(&link, Some(12_345), None).is_ok();
    assert!(given || !rustix::process::geteuid().is_root());
    if given {
        insta::assert_snapshot!("link_of_another", untrusted(&link.join("c/kunci.toml"), folder.path()));
        assert!(Config::load(&path).is_ok());
        assert!(gives_away(&inner, Some(12_345), None));
        untrusted(&path, folder.path());
    }
}

#[test]
fn links_are_gone_like_any_other_part_of_the_way() {
    let (folder, path) = nested();
    let (open, way) = (folder.path().join("open"), folder.path().join("way"));
    fs::create_dir(&open).unwrap();
    fs::create_dir(&way).unwrap();
    // From a good folder to a good file, by a relative link, an absolute one, and one to another.
    symlink("../a/b", way.join("near")).unwrap();
    symlink(folder.path().join("way/near/c"), way.join("far")).unwrap();
    symlink("far/../c/kunci.toml", way.join("kunci.toml")).unwrap();
    assert!(Config::load(&way.join("kunci.toml")).is_ok());
    // A good file by a link that others can turn, and a link that only we can turn by a folder that others can write.
    symlink(&path, open.join("kunci.toml")).unwrap();
    symlink("../open/kunci.toml", way.join("by-open")).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    untrusted(&open.join("kunci.toml"), folder.path());
    untrusted(&way.join("by-open"), folder.path());
    untrusted(&open.join("../way/kunci.toml"), folder.path());
    // The folders of the file itself, at the end of the links.
    fs::set_permissions(folder.path().join("a/b"), Permissions::from_mode(0o777)).unwrap();
    untrusted(&way.join("kunci.toml"), folder.path());
    symlink("round", way.join("round")).unwrap();
    let problems = Config::load(&way.join("round/kunci.toml")).unwrap_err();
    assert_eq!(problems.iter().next().unwrap().code, "file-unreadable");
}

#[test]
fn the_schema_is_the_one_that_is_published() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&hsm_config::schema()).unwrap());
}
