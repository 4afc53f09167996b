//! systemd itself, as the first process of namespaces of a test's own, with Kunci's units as they are shipped.
//!
//! It sees this machine's files with ours on top: the units and nothing else to start, the binaries in /usr/bin, and a
//! configuration in /etc/kunci. It lives as long as the value does. Who may make namespaces may do that: run it as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::caller::{self, Caller};
use crate::namespace::Leashed;
use crate::rig::{Rig, binary};
use crate::wait::until;

/// Makes a cgroup of our own and namespaces, and takes the cgroup away again at the end of the leash.
const OUTER: &str = r#"
mount -t tmpfs tmpfs /run && mkdir /run/groups && mount -t cgroup2 none /run/groups || exit 1
group=/run/groups/kunci-$$; mkdir "$group" || exit 1; exec 3<&0
(echo 0 >"$group/cgroup.procs"; exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup \
    sh -ec "$1" inner "$2" </dev/null >>"$2/init.log" 2>&1 3<&-) &
echo $!; cat <&3 >/dev/null; kill -9 $!; wait
while [ -s "$group/cgroup.procs" ] || ! find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.1; done"#;

/// What systemd finds. It thinks that it is in a container, and leaves the machine alone.
const INNER: &str = r#"
mount -t proc proc /proc; umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup
umount /run/groups; mkdir -p /run/lock
mount -t overlay none -o "lowerdir=$1/bin:/usr/bin" /usr/bin
mount -t overlay none -o "lowerdir=$1/etc:/etc" /etc
mount --bind "$1/kunci" /etc/kunci; mount --bind "$1/drop-ins" /etc/systemd/system
mount --bind "$1/units" /usr/lib/systemd/system
for folder in /usr/lib/systemd/system-generators /var/lib; do mount -t tmpfs tmpfs $folder; done
ip link set lo up
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=multi-user.target"#;

/// Targets that our units, or systemd itself, want by name.
const TARGETS: [&str; 6] = ["sysinit", "basic", "network", "sockets", "multi-user", "shutdown"];
/// The user that the agent runs as, and the group of its admins.
const KUNCI: u32 = 64_322;
pub const OFFICERS: u32 = 64_323;

/// A machine with a systemd.
pub struct Machine {
    rig: Rig,
    leash: Leashed,
    first: u32,
}

impl Machine {
    /// Boots, with the agent configured and not started.
    pub fn boot() -> Self {
        let rig = Rig::bare();
        prepare(&rig);
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c", OUTER, "outer", INNER])
            .arg(rig.at("."));
        let leash = Leashed::start(command);
        let first = until("systemd is started", || child(leash.pid()));
        let machine = Self { rig, leash, first };
        until("systemd answers", || {
            machine.systemctl(&["is-active", "multi-user.target"]).status.success().then_some(())
        });
        machine
    }

    /// Replaces the configuration, which is the agent's user's.
    pub fn configure(&self, text: &str) {
        self.rig.private("kunci/kunci.toml", text);
        give(&self.rig.at("kunci/kunci.toml"));
    }

    /// A configuration that is sound: a token that is not there, nobody with rights but root as an admin.
    pub fn sound() -> String {
        "[ledger]\norigin = \"rig.example/kunci\"\n[tokens.soft]\nkind = \"pkcs11\"\nmodule = \"/usr/lib/softhsm/libsofthsm2.so\"\n\
         uri = \"pkcs11:token=rig\"\npin = { file = \"/etc/kunci/pin\" }\n"
            .to_owned()
    }

    /// Runs systemctl inside.
    pub fn systemctl(&self, arguments: &[&str]) -> Output {
        self.run(&[&["systemctl"], arguments].concat())
    }

    /// Runs a program inside, as root.
    pub fn run(&self, line: &[&str]) -> Output {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first.to_string(), "--all"]).args(line);
        command.output().unwrap()
    }

    /// A caller of a socket inside, who is connected when this returns. One from outside the agent could not see.
    pub fn caller(&self, socket: &str) -> Caller {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first.to_string(), "--all", "kunci-caller", socket]);
        Caller::start(command)
    }

    /// One property of a unit.
    pub fn property(&self, unit: &str, name: &str) -> String {
        let output = self.systemctl(&["show", "--value", "--property", name, unit]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// How a path inside is reached from outside.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.first))
    }

    /// What the agent said, and systemd.
    pub fn output(&self) -> String {
        let read = |name| fs::read_to_string(self.rig.at(name)).unwrap_or_default();
        read("init.log") + &read("agent.log")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.leash.pid(), self.output());
        }
    }
}

fn prepare(rig: &Rig) {
    assert!(rustix::process::geteuid().is_root(), "this test boots a systemd: run it as root");
    for folder in
        ["bin", "etc", "kunci", "drop-ins/kunci.service.d", "drop-ins/kunci-admin.socket.d", "units"]
    {
        fs::create_dir_all(rig.at(folder)).unwrap();
    }
    fs::set_permissions(rig.at("."), fs::Permissions::from_mode(0o755)).unwrap();
    for folder in ["etc/kunci", "etc/systemd/system"] {
        fs::create_dir_all(rig.at(folder)).unwrap();
    }
    for program in [binary("kunci-agent"), caller::caller()] {
        fs::copy(&program, rig.at("bin").join(program.file_name().unwrap())).unwrap();
    }
    let user = format!("kunci:x:{KUNCI}:{KUNCI}::/var/lib/kunci:/usr/sbin/nologin\n");
    fs::write(rig.at("etc/passwd"), format!("root:x:0:0::/root:/bin/sh\n{user}")).unwrap();
    fs::write(rig.at("etc/group"), format!("root:x:0:\nkunci:x:{KUNCI}:\nkey-officers:x:{OFFICERS}:\n"))
        .unwrap();
    fs::write(rig.at("etc/nsswitch.conf"), "passwd: files\ngroup: files\n").unwrap();
    rig.private("kunci/pin", "123456");
    give(&rig.at("kunci/pin"));
    rig.private("kunci/kunci.toml", &Machine::sound());
    give(&rig.at("kunci/kunci.toml"));
    for target in TARGETS {
        fs::write(rig.at(&format!("units/{target}.target")), "[Unit]\nDefaultDependencies=no\n").unwrap();
    }
    for unit in ["kunci.service", "kunci.socket", "kunci-admin.socket"] {
        let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
        fs::copy(packaging.join(unit), rig.at("units").join(unit)).unwrap();
    }
    let officers = "[Socket]\nSocketGroup=key-officers\nSocketMode=0660\n";
    fs::write(rig.at("drop-ins/kunci-admin.socket.d/officers.conf"), officers).unwrap();
    // No journal is there to be read.
    let log = rig.at("agent.log");
    fs::write(
        rig.at("drop-ins/kunci.service.d/log.conf"),
        format!("[Service]\nStandardError=append:{}\n", log.display()),
    )
    .unwrap();
}

fn give(path: &Path) {
    std::os::unix::fs::chown(path, Some(KUNCI), Some(KUNCI)).unwrap();
}

fn child(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
