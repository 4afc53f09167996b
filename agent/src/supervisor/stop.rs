//! The way down: the front answers who has asked, and hosts and logins go on for that; then each host finishes what may write to
//! its token, tells the outcome of a login, and leaves.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};

use super::ending::Over;
use super::host::Host;
use super::{Event, Supervisor, TICK, notify};
use crate::front::shutdown;
use crate::ipc::link::ToFront;

/// How long the front may take, when it has drained its connections, to settle what is left: killed at that moment, it would
/// leave intents without the void that they are due.
const SETTLE: Duration = Duration::from_secs(5);
/// How long the end of a front may take that is killed.
const KILLED: Duration = Duration::from_secs(1);
/// How long hosts may take: their longest call, with the looks that it takes to see that it is over.
const HOSTS: Duration = token::writes::CHANGE_LIMIT.saturating_add(Duration::from_secs(30));

/// How far the way down has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    #[default]
    Serving,
    /// The front lets nobody in any more, and answers who has asked. None is started again.
    Draining,
    /// The hosts go. None is started again.
    Ending,
}

impl Supervisor {
    /// Ends all children.
    pub(super) async fn stop(&mut self, events: &mut mpsc::Receiver<Event>) {
        let patience = shutdown::longest_drain(self.loaded.config()) + SETTLE;
        let longest = (patience + KILLED + HOSTS).as_micros();
        // Where a deadline is longer than most, this takes longer than the unit says.
        notify(&[
            NotifyState::Stopping,
            NotifyState::ExtendTimeoutUsec(u32::try_from(longest).unwrap_or(u32::MAX)),
        ]);
        self.stage = Stage::Draining;
        self.front.tell(ToFront::Stop, Vec::new());
        let front = self.until(events, |supervisor| supervisor.front.child.is_none());
        if timeout(patience, front).await.is_err() {
            tracing::warn!("the front does not finish, and is killed");
            self.front.child.iter().for_each(super::child::Child::kill);
            // One that some device holds in the kernel is not waited for.
            let front = self.until(events, |supervisor| supervisor.front.child.is_none());
            let _ = timeout(KILLED, front).await;
        }
        self.stage = Stage::Ending;
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
                _ = tick.tick() => self.look(),
            }
        }
    }
}
