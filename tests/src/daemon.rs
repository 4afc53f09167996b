//! A daemon of a test's own: it ends with the value, and with the test program, however that ends.

use std::process::{Child, Command, Stdio};

/// A daemon that runs.
pub struct Daemon {
    process: Child,
}

impl Daemon {
    /// Starts a program that stays in the foreground, with its output there.
    pub fn start(command: &Command, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Self {
        let mut leashed = Command::new("setpriv");
        leashed.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
        leashed.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self { process: leashed.stdout(stdout).stderr(stderr).spawn().unwrap() }
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
