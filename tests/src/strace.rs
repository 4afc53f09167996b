//! strace on a process of the agent: to look at its system calls, or to let some of them fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::agent::kill;
use crate::wait::until_true;

/// A running strace; it lets go when it is dropped.
pub struct Strace {
    child: Child,
    output: PathBuf,
}

impl Strace {
    /// Attaches to every thread of a process.
    pub fn attach(pid: u32, output: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-y", "-s", "65536", "-o"]).arg(output).args(arguments);
        let command = command.args(["-p", &pid.to_string()]).stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("strace is missing: apt-get install strace");
        let strace = Self { child, output: output.to_owned() };
        until_true("strace is attached", || {
            let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
            tasks.flatten().all(|task| traced(&task.path()))
        });
        strace
    }

    /// Lets go; what was seen, line by line.
    pub fn lines(mut self) -> Vec<String> {
        self.end();
        let output = fs::read(&self.output).unwrap();
        String::from_utf8_lossy(&output).lines().map(str::to_owned).collect()
    }

    fn end(&mut self) {
        kill(self.child.id(), Signal::INT);
        let _ = self.child.wait();
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        self.end();
    }
}

fn traced(task: &Path) -> bool {
    let status = fs::read_to_string(task.join("status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
}
