//! Cgroups of a test's own, in the hierarchy by which systemd knows units, for callers that play a service.
//!
//! The hierarchy is mounted anew in a namespace of ours, since it may be read-only or missing where tests run. Whoever
//! may make namespaces may do that; where it cannot be done the test fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::caller::Caller;
use crate::namespace::Namespace;
use crate::rig::Rig;

/// Where it is mounted, in the namespace.
const MOUNTED: &str = "/run/cgroup";

/// The hierarchy, and what was made in it.
pub struct Cgroups {
    space: Namespace,
    made: Vec<String>,
}

impl Cgroups {
    /// Mounts systemd's own hierarchy where the kernel has one, else the unified one (cgroups(7)).
    pub fn mount() -> Self {
        let cgroups = Self { space: Namespace::new(), made: Vec::new() };
        fs::create_dir(cgroups.space.path(MOUNTED)).unwrap();
        let own = fs::read_to_string("/proc/self/cgroup").unwrap().contains(":name=systemd:");
        let kind: &[&str] =
            if own { &["-t", "cgroup", "-o", "none,name=systemd"] } else { &["-t", "cgroup2"] };
        let mut mount = Command::new("mount");
        let mounted = cgroups.space.inside(mount.args(kind).args(["none", MOUNTED])).output().unwrap();
        assert!(
            mounted.status.success(),
            "no cgroup can be made here, so no rule by unit is tried: {mounted:?}"
        );
        cgroups
    }

    /// A caller in this cgroup, which is made for it.
    pub fn caller(&mut self, rig: &Rig, socket: &Path, path: &str) -> Caller {
        let group = self.path(path);
        fs::create_dir_all(&group).unwrap();
        self.made.push(path.to_owned());
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo $$ > "$1/cgroup.procs" && exec "$2" "$3""#, "sh"]);
        command.args([&group, &rig.caller(), socket].map(|path| path.as_os_str()));
        Caller::start(command)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.space.path(MOUNTED).join(path)
    }
}

impl Drop for Cgroups {
    /// Callers are gone; what somebody else uses above theirs stays.
    fn drop(&mut self) {
        for path in &self.made {
            let all = Path::new(path).ancestors().filter(|path| !path.as_os_str().is_empty());
            let _ = all
                .map(|path| fs::remove_dir(self.space.path(MOUNTED).join(path)))
                .take_while(Result::is_ok)
                .count();
        }
    }
}
