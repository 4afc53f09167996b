//! The log's key and its checkpoints, as an auditor sees them: a vkey that was handed over, and what anybody may read.

use ledger::{Checkpoint, Note, TreeHead, Vkey};
use rustix::process::Signal;

use crate::agent::kill;
use crate::http::Connection;
use crate::wait::{until, until_true};
use crate::{Agent, Rig};

/// The rig's log.
pub const ORIGIN: &str = "rig.example/kunci";

impl Rig {
    /// Has the log's key made, or told of.
    #[track_caller]
    pub fn vkey(&self) -> Vkey {
        self.kunci_ok(&["log", "init-key"]).trim_end().parse().unwrap()
    }

    /// Whether the log begins with what a checkpoint says.
    pub fn begins_with(&self, head: TreeHead) -> bool {
        self.log().head_at(head.size).unwrap() == head
    }
}

impl Agent {
    /// The checkpoint that is shown, judged by nothing but the vkey; none where there is none, or where nobody answers.
    pub fn checkpoint(&self, vkey: &Vkey) -> Option<TreeHead> {
        let reply = Connection::open(self.socket()).ok()?.send("GET", "/v1/log/checkpoint", b"").ok()?;
        if reply.status == 404 {
            return None;
        }
        let note = Note::parse(&reply.ok().body).unwrap();
        note.verify([vkey]).unwrap();
        let checkpoint: Checkpoint = note.text().parse().unwrap();
        assert_eq!(checkpoint.origin(), vkey.name());
        Some(checkpoint.head())
    }

    /// Waits for a checkpoint of so many entries at least.
    #[track_caller]
    pub fn await_checkpoint(&self, vkey: &Vkey, size: u64) -> TreeHead {
        until("the log has a new checkpoint", || self.checkpoint(vkey).filter(|head| head.size >= size))
    }

    /// Adds entries to the log; its size then, at least.
    #[track_caller]
    pub fn grow(&self) -> u64 {
        self.assertion("de").ok().json()["log_index"].as_u64().unwrap() + 1
    }

    /// Kills a process of the agent's and waits until it is dead.
    pub fn kill(&self, find: impl Fn(&Self) -> Option<u32>) {
        let victim = until("there is one to kill", || find(self));
        kill(victim, Signal::KILL);
        until_true("it is dead", || !std::path::Path::new(&format!("/proc/{victim}/exe")).exists());
    }
}
