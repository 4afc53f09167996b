//! Processes in PID namespaces of their own, as containers are (pid_namespaces(7)).

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::caller::Caller;
use crate::rig::Rig;
use crate::wait::{until, until_true};
use crate::{Agent, Reply};

/// Mounts a socket at another place, where nothing can be written, and asks there.
const ASK: &str = r#"mount -t tmpfs tmpfs /run && touch /run/agent.sock && mount --bind "$2" /run/agent.sock &&
mount -o remount,bind,ro /run/agent.sock && exec "$1" /run/agent.sock"#;

impl Rig {
    /// Starts the agent in a PID namespace of its own, in which it is process 1.
    pub fn spawn_contained(&self) -> Agent {
        self.spawn_with(|command| {
            let mut unshare = Command::new("unshare");
            unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
            unshare.arg(command.get_program()).args(command.get_args());
            *command = unshare;
            command
        })
    }

    /// A caller in a container without privileges, root there and this user outside, into which the socket is mounted.
    pub fn caller_contained(&self, socket: &Path, id: u32) -> Caller {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"]);
        command.args(["sh", "-c", ASK, "sh"]).arg(self.caller()).arg(socket);
        command.uid(id).gid(id);
        Caller::start(command)
    }
}

impl Agent {
    /// The same command, run in the PID namespace of an agent that was started in one.
    pub fn beside(&self, command: &Command) -> Command {
        let unshare = self.pid();
        let first = until("the agent has begun", || {
            let children = fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).ok()?;
            children.trim().parse::<u32>().ok()
        });
        let mut inside = Command::new("nsenter");
        inside.args(["--target", &first.to_string(), "--pid", "--"]);
        inside.arg(command.get_program()).args(command.get_args());
        inside
    }

    /// Waits until its tokens are ready, which only those tell whom it sees.
    pub fn wait_ready_beside(&self, program: &Path) {
        let mut asking = Command::new(program);
        let mut admin = Caller::start(self.beside(asking.arg(self.admin_socket())));
        let mut ask = |path: &str| admin.call("GET", path, "").map(|reply: Reply| reply.ok().json()).unwrap();
        until_true("the tokens are ready", || {
            ask("/v1/tokens").as_array().unwrap().iter().all(|token| token["state"] == "ready")
        });
        until_true("the keys are active", || {
            let connectors = ask("/v1/connectors");
            let mut keys =
                connectors.as_array().unwrap().iter().flat_map(|one| one["keys"].as_array().unwrap());
            keys.all(|key| key["inactive"].is_null())
        });
    }
}
