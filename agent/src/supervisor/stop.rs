//! The way down: the front finishes its requests, then each host finishes what may write to its token, tells the outcome of a
//! login, and leaves.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};

use super::ending::Over;
use super::host::Host;
use super::{Event, Supervisor, TICK, notify};
use crate::link::ToFront;

/// How long the front may take to finish. It drains its connections for 5 s and then settles what is left: killed at
/// that moment, it would leave intents without the void that they are due.
const FRONT: Duration = Duration::from_secs(10);
/// How long the end of a front may take that is killed.
const KILLED: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Ends all children.
    pub(super) async fn stop(&mut self, events: &mut mpsc::Receiver<Event>) {
        notify(&[NotifyState::Stopping]);
        self.stopping = true;
        self.front.tell(ToFront::Stop, Vec::new());
        let front = self.until(events, |supervisor| supervisor.front.child.is_none());
        if timeout(FRONT, front).await.is_err() {
            tracing::warn!("the front does not finish, and is killed");
            self.front.child.iter().for_each(super::child::Child::kill);
            // One that some device holds in the kernel is not waited for.
            let front = self.until(events, |supervisor| supervisor.front.child.is_none());
            let _ = timeout(KILLED, front).await;
        }
        self.hosts.values_mut().for_each(|host| host.end("the agent stops".into(), Over::Nothing));
        // Each call that is under way has a limit of its own.
        self.until(events, |supervisor| supervisor.hosts.values().all(Host::is_done_with)).await;
        self.logins.flush();
    }

    /// Follows events until something is so.
    async fn until(&mut self, events: &mut mpsc::Receiver<Event>, so: impl Fn(&Self) -> bool) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !so(self) {
            tokio::select! {
                Some(event) = events.recv() => self.on(event),
                _ = tick.tick() => self.look_after_hosts(),
            }
        }
    }
}
