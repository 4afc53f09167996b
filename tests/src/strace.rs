//! strace on a process of the agent: to look at its system calls, or to let some of them fail.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::agent::kill;
use crate::wait::until_true;

/// How long strace may take to let go.
const LETS_GO: Duration = Duration::from_secs(10);

/// A running strace; it lets go when it is dropped.
pub struct Strace {
    child: Child,
    /// Kept open, so that it can go on talking.
    _said: BufReader<ChildStderr>,
    output: PathBuf,
}

impl Strace {
    /// Attaches to every thread of a process.
    pub fn attach(pid: u32, output: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-s", "65536", "-o"]).arg(output).args(arguments);
        let command = command.args(["-p", &pid.to_string()]).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("strace is missing: apt-get install strace");
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // It says so once every thread is held; from here on no call escapes it.
        assert!(line.contains("attached"), "{line}");
        Self { child, _said: said, output: output.to_owned() }
    }

    /// Lets go; what was seen, line by line.
    pub fn lines(mut self) -> Vec<String> {
        self.end();
        let output = fs::read(&self.output).unwrap();
        String::from_utf8_lossy(&output).lines().map(str::to_owned).collect()
    }

    /// Waits until the traced process has ended. strace may miss the end of one of several threads and hold what is left
    /// of the process for good; so it is killed, and the parent gets its child back.
    pub fn until_ended(mut self, pid: u32) {
        until_true("the traced process ends", || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            !status.contains("State:") || status.contains("State:\tZ")
        });
        kill(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }

    fn end(&mut self) {
        kill(self.child.id(), Signal::INT);
        let patience = Instant::now() + LETS_GO;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > patience {
                kill(self.child.id(), Signal::KILL);
            }
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        self.end();
    }
}
