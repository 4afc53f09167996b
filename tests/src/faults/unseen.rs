//! Callers in a PID namespace that the agent cannot see into: every process there is one to the agent, and so none is served.

use super::row::Row;
use crate::Rig;
use crate::agent::{assertions, body};
use crate::caller::Caller;
use crate::http::Connection;
use crate::rig::{CLIENT, TENANT};

/// The name of the row.
pub const UNSEEN: &str = "a caller in a PID namespace that the agent cannot see";

/// So many tries of a caller with every right, each on a connection of its own. An answer with an assertion counts as
/// released without a record: the log names a process that nobody saw. Whoever is not told why is stuck.
pub fn unseen(tries: usize) -> Row {
    let rig = Rig::bare().provisioned();
    let program = rig.caller();
    let agent = rig.spawn_contained();
    agent.wait_ready_beside(&program);
    let before = rig.entries().len();
    let ask = || {
        let mut connection = Connection::open(agent.socket()).unwrap();
        connection.send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes())
    };
    let mut row = Row { runs: tries, ..Row::new(UNSEEN) };
    for _ in 0..tries {
        match ask() {
            Ok(reply) if reply.status == 200 => row.released_unrecorded += 1,
            Ok(reply) if reply.json()["code"] == "peer-unseen" => {}
            _ => row.stuck += 1,
        }
    }
    let mut inside = std::process::Command::new(&program);
    Caller::start(agent.beside(inside.arg(agent.socket()))).assertion("de").ok();
    assert_eq!(rig.entries().len(), before + 1, "something was recorded for a process that nobody saw");
    row
}
