//! What others can put something else in the place of is not used: the module, the state directory, the configuration.
//! The words in which that is told are held by hsm-config's own tests; PINs have theirs in `pins.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output};

use tests::Rig;
use tests::caller::STRANGER;
use tests::installed::{binary, softhsm};
use tests::wait::until;

/// Another user database, another user, and `kunci config check`.
const AS_IEP: &str = r#"mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group &&
exec setpriv --reuid="$2" --regid="$2" --clear-groups "$3" --config "$4" config check"#;

#[test]
fn a_module_in_a_folder_that_others_can_write_is_not_loaded_until_the_folder_is_mended() {
    let rig = Rig::bare();
    let folder = rig.at("modules");
    fs::create_dir(&folder).unwrap();
    let module = folder.join("module.so");
    fs::copy(softhsm(), &module).unwrap();
    let rig = rig.module(&module).provisioned();
    mode(&folder, 0o777);
    let agent = rig.spawn();
    let told = until("the module is refused", || {
        agent.token("soft")["detail"]
            .as_str()
            .filter(|detail| detail.contains("is not loaded"))
            .map(str::to_owned)
    });
    assert!(told.contains(&format!("its folder {} has mode 0777", folder.display())), "{told}");
    agent.assertion("de").refused(503, "token-unavailable");
    mode(&folder, 0o755);
    agent.wait_ready();
    agent.assertion("de").ok();
    // The file itself, as well.
    mode(&module, 0o766);
    assert!(agent.stop().success());
    let agent = rig.spawn();
    until("the module is refused", || {
        agent.token("soft")["detail"].as_str().filter(|detail| detail.contains("chmod 0744")).map(drop)
    });
}

#[test]
fn an_agent_does_not_start_on_a_state_directory_or_a_configuration_in_a_folder_that_others_can_write() {
    let rig = Rig::bare().provisioned();
    let open = rig.at("open");
    fs::create_dir(&open).unwrap();
    mode(&open, 0o777);
    fs::copy(rig.at("kunci.toml"), open.join("kunci.toml")).unwrap();
    let refused = agent(&open.join("kunci.toml"));
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(said(&refused).contains("open has mode 0777"), "{refused:?}");

    let text = rig.toml().replace(&format!("{:?}", rig.at("state")), &format!("{:?}", open.join("state")));
    rig.private("other.toml", &text);
    let refused = agent(&rig.at("other.toml"));
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(said(&refused).contains("open has mode 0777"), "{refused:?}");
    // Nothing was begun in it.
    assert_eq!(fs::read_dir(open.join("state")).unwrap().count(), 0);
}

/// Where each user has a group of his own, umask 002 makes his folders the group's, too.
#[test]
fn a_group_may_write_a_folder_if_it_is_this_users_alone() {
    let rig = Rig::new();
    let (own, kunci) = (rig.at("own"), rig.at("kunci"));
    fs::create_dir(&own).unwrap();
    fs::copy(binary("kunci"), &kunci).unwrap();
    for name in ["kunci.toml", "tenants.csv"] {
        fs::copy(rig.at(name), own.join(name)).unwrap();
        chown(own.join(name), Some(STRANGER), Some(STRANGER))
            .expect("this test is another user: run it as root");
    }
    chown(&own, Some(STRANGER), Some(STRANGER)).unwrap();
    mode(&own, 0o775);
    mode(&rig.at("."), 0o711);
    // In a user database of the test's own.
    let check = |group: &str| {
        fs::write(
            rig.at("passwd"),
            format!("root:x:0:0::/:/bin/sh\niep:x:{STRANGER}:{STRANGER}::/:/bin/sh\n"),
        )
        .unwrap();
        fs::write(rig.at("group"), format!("root:x:0:\n{group}\n")).unwrap();
        [rig.at("passwd"), rig.at("group")].iter().for_each(|file| mode(file, 0o644));
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", AS_IEP, "sh"]).arg(rig.at("."));
        command.arg(STRANGER.to_string()).arg(&kunci).arg(own.join("kunci.toml")).output().unwrap()
    };
    let good = check(&format!("iep:x:{STRANGER}:"));
    assert!(good.status.success(), "{good:?}");
    assert!(check(&format!("iep:x:{STRANGER}:iep")).status.success());
    for group in [format!("iep:x:{STRANGER}:iep,mallory"), format!("staff:x:{STRANGER}:"), String::new()] {
        let refused = check(&group);
        assert_eq!(refused.status.code(), Some(2), "{group}: {refused:?}");
        assert!(said(&refused).contains("own has mode 0775"), "{refused:?}");
    }
}

fn agent(config: &Path) -> Output {
    Command::new(binary("kunci-agent")).arg("--config").arg(config).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
