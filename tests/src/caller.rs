//! Callers that are processes of their own: other users, other groups, other units.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::agent::{assertions, body};
use crate::http::Reply;
use crate::program;
use crate::rig::{CLIENT, Rig, TENANT, beside};

/// A user that owns nothing, and another one.
pub const NOBODY: u32 = 65_534;
pub const STRANGER: u32 = 64_321;

/// A running `kunci-caller` with its one connection.
pub struct Caller {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Caller {
    /// Starts it; it is connected when this returns.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "connected");
        Self { child, answers }
    }

    /// One request on its connection; an error where the connection was closed instead.
    pub fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Reply, String> {
        writeln!(self.child.stdin.as_mut().unwrap(), "{method} {path} {body}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Asks for an assertion of the rig's pair.
    #[track_caller]
    pub fn assertion(&mut self, connector: &str) -> Reply {
        self.call("POST", &assertions(connector), &body(TENANT, CLIENT)).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Rig {
    /// A caller of a socket that runs as this user and group, with no other group.
    pub fn caller_as(&self, socket: &Path, id: u32) -> Caller {
        let mut command = Command::new(self.caller());
        command.arg(socket).uid(id).gid(id);
        Caller::start(command)
    }

    /// Makes the whole installation another user's, so that the agent can run as that one.
    pub fn give_to(&self, id: u32) {
        let status = Command::new("chown").args(["-R", &format!("{id}:{id}")]).arg(self.at(".")).status();
        assert!(status.unwrap().success(), "chown needs root");
    }

    /// A caller's program where every user can run it, and the way to the sockets open to them.
    pub fn caller(&self) -> PathBuf {
        assert!(rustix::process::geteuid().is_root(), "this test speaks as other users: run it as root");
        fs::set_permissions(self.at("."), Permissions::from_mode(0o711)).unwrap();
        let copy = self.at("kunci-caller");
        if !copy.exists() {
            program::copy(&caller(), &copy);
        }
        copy
    }
}

/// `kunci-caller`, which cargo builds beside the tests.
pub fn caller() -> PathBuf {
    beside("kunci-caller")
}
