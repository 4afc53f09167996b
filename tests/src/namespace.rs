//! A network and a file system's /run of a test's own, in which daemons with fixed paths and ports can run side by side.
//!
//! The namespaces live as long as the value does, and no longer than the test program: every process in them is on a
//! leash, a pipe that ends with us.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Makes the namespaces what they are; the last line keeps them until the leash ends.
const PREPARE: &str = "mount -t tmpfs tmpfs /run && ip link set lo up && echo $$ && exec cat";

/// Runs a program, tells its process id, and kills it when the leash ends.
const LEASH: &str = r#"log=$1; shift; exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
echo $!; cat <&3 >/dev/null; kill -9 $! 2>/dev/null; wait"#;

/// The namespaces.
pub struct Namespace {
    holder: Leashed,
}

impl Namespace {
    pub fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--propagation", "private"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["sh", "-c", PREPARE]);
        Self { holder: Leashed::start(command) }
    }

    /// The same command, run inside.
    pub fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["--target", &self.holder.pid.to_string(), "--net", "--mount"]);
        if !rustix::process::geteuid().is_root() {
            inside.args(["--user", "--preserve-credentials"]);
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside.arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Starts a daemon inside, which writes its output to this file.
    pub fn daemon(&self, command: &Command, log: &Path) -> Leashed {
        File::options().create(true).append(true).open(log).unwrap();
        let mut leash = Command::new("sh");
        leash.args(["-c", LEASH, "leash"]).arg(log).arg(command.get_program()).args(command.get_args());
        Leashed::start(self.inside(&leash))
    }

    /// How a path inside is reached from outside.
    pub fn path(&self, inside: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{inside}", self.holder.pid))
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Self::new()
    }
}

/// A process that ends with us.
pub struct Leashed {
    child: Child,
    leash: Option<ChildStdin>,
    pid: u32,
}

impl Leashed {
    /// Starts what tells a process id in its first line, and ends at the end of its input.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let leash = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = line.trim().parse().unwrap_or_else(|_| panic!("{command:?} did not start: see above"));
        Self { child, leash, pid }
    }

    /// The process on the leash.
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.leash.take());
        let _ = self.child.wait();
    }
}
