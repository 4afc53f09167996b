//! The way down: the front finishes its requests, logins under way tell their outcome, then the hosts end.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::mpsc;

use super::{Event, Supervisor, notify};
use crate::link::ToFront;

/// How long the front may take to finish. It drains its connections for 5 s and then settles what is left: killed at
/// that moment, it would leave intents without the void that they are due.
const FRONT: Duration = Duration::from_secs(10);
/// How long a login may take to end. An attempt without an outcome could latch its token.
const LOGINS: Duration = Duration::from_secs(5);
/// How long a host may take to end itself.
const HOSTS: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Ends all children.
    pub(super) async fn stop(&mut self, events: &mut mpsc::Receiver<Event>) {
        notify(&[NotifyState::Stopping]);
        self.stopping = true;
        self.front.tell(ToFront::Stop, Vec::new());
        if !self.until(events, FRONT, |supervisor| supervisor.front.child.is_none()).await {
            tracing::warn!("the front does not finish, and is killed");
            self.front.child.iter().for_each(super::child::Child::kill);
        }
        self.until(events, LOGINS, |supervisor| !supervisor.logins.any()).await;
        self.hosts.values().filter_map(|host| host.child.as_ref()).for_each(super::child::Child::hang_up);
        let ended = |supervisor: &Self| {
            supervisor.front.child.is_none() && supervisor.hosts.values().all(|host| host.child.is_none())
        };
        if !self.until(events, HOSTS, ended).await {
            self.hosts.values().for_each(super::host::Host::kill);
            self.until(events, HOSTS, ended).await;
        }
        self.logins.flush();
    }

    /// Follows events until something is so, or the time is over; whether it is so.
    async fn until(
        &mut self,
        events: &mut mpsc::Receiver<Event>,
        limit: Duration,
        so: impl Fn(&Self) -> bool,
    ) -> bool {
        let wait = async {
            while !so(self) {
                let Some(event) = events.recv().await else { return };
                self.on(event);
            }
        };
        tokio::time::timeout(limit, wait).await.is_ok()
    }
}
