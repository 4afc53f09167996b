//! The front's process: started with all that it cannot open itself, and started again if it ends.
//!
//! The sockets are ours, so callers who connect meanwhile only wait; the hosts keep running, so nobody logs in again.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use hsm_config::Name;
use tokio::time::Instant;

use super::backoff::Backoff;
use super::child::{Child, News, role};
use super::ending::Over;
use super::stop::Stage;
use super::{Event, Failure, Supervisor};
use crate::ipc::exit;
use crate::ipc::link::{Asked, FromFront, ToFront};

/// What is not the front's: our line to systemd, and PINs.
const NOT_ITS: [&str; 5] =
    ["NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "CREDENTIALS_DIRECTORY"];

/// The front, whether or not its process runs.
#[derive(Default)]
pub(super) struct Front {
    pub(super) child: Option<Child<ToFront>>,
    /// The connectors whose gates are shut: kept for the next front, whatever became of the ledger's last entries.
    frozen: BTreeSet<Name>,
    epoch: u64,
    served: Option<Instant>,
    backoff: Backoff,
}

impl Front {
    pub(super) fn tell(&self, word: ToFront, fds: Vec<OwnedFd>) {
        if let Some(child) = &self.child {
            child.tell(word, fds);
        }
    }
}

impl Supervisor {
    /// Starts the front.
    pub(super) fn start_front(&mut self) {
        self.front.epoch += 1;
        self.front.served = None;
        match self.front_child() {
            Ok(child) => self.front.child = Some(child),
            Err(error) => {
                tracing::error!(%error, "the front cannot be started");
                return self.front_due();
            }
        }
        let tokens: Vec<Name> = self.hosts.keys().cloned().collect();
        tokens.iter().for_each(|token| self.connect(token));
    }

    fn front_child(&self) -> io::Result<Child<ToFront>> {
        let mut command = role(&["front"]);
        for name in NOT_ITS {
            command.env_remove(name);
        }
        let epoch = self.front.epoch;
        let child = Child::start(command, self.inbox.clone(), move |news| Event::Front(epoch, news))?;
        for (connector, file) in self.loaded.tenants()? {
            child.tell(ToFront::Tenants { connector }, vec![file]);
        }
        if let Some(signed) = self.signed.of(&self.loaded.config().ledger.origin) {
            child.tell(ToFront::Signed { signed: signed.clone() }, Vec::new());
        }
        for connector in self.front.frozen.iter().cloned() {
            child.tell(ToFront::Frozen { connector }, Vec::new());
        }
        let fds = vec![self.loaded.sealed()?, self.sockets.agent.share()?, self.sockets.admin.share()?];
        child.tell(ToFront::Start, fds);
        Ok(child)
    }

    /// Follows the front's news.
    pub(super) fn front_news(&mut self, epoch: u64, news: News<FromFront>) {
        if epoch != self.front.epoch {
            return;
        }
        match news {
            News::Said(FromFront::Ready) => {
                self.front.served = Some(Instant::now());
                self.announce();
            }
            News::Said(FromFront::Kill { token, generation }) => {
                self.end_host(&(token, generation), "a lane or the module failed".into(), Over::Nothing);
            }
            News::Said(FromFront::Gate { connector, shut }) => self.gated(connector, shut),
            News::Said(FromFront::Reload { id }) => drop(self.reload(Asked::Front(id))),
            News::Said(FromFront::Reloaded { number, problem }) => {
                self.asked.answer(number, problem.as_deref());
            }
            News::Said(FromFront::Unlatch { id, token }) => {
                let problem = self.unlatch(&token).err();
                self.front.tell(ToFront::Unlatched { id, problem }, Vec::new());
            }
            News::Broken => self.front.child.iter().for_each(Child::kill),
            News::Ended(status) => self.front_ended(status),
        }
    }

    fn gated(&mut self, connector: Name, shut: bool) {
        if !shut {
            self.front.frozen.remove(&connector);
        } else if self.loaded.config().connectors.contains_key(&connector) {
            // A front that was taken over may name anything; there are only so many connectors.
            self.front.frozen.insert(connector);
        }
    }

    fn front_ended(&mut self, status: ExitStatus) {
        self.front.child = None;
        self.asked.answer_all();
        if self.stage > Stage::Serving {
            return;
        }
        match status.code() {
            Some(exit::CORRUPT) => return self.failed = Some(Failure::Corrupt),
            Some(exit::BEHIND) => return self.failed = Some(Failure::Behind),
            _ if self.options.private.is_some() && !self.announced => {
                return self.failed = Some(Failure::Front(status));
            }
            Some(exit::FATAL) => tracing::error!(
                "the ledger could not be made durable; the front starts again and recovers it"
            ),
            _ => tracing::error!(%status, "the front ended and is started again"),
        }
        self.front_due();
    }

    fn front_due(&mut self) {
        let served = self.front.served.map(|since| since.elapsed());
        let wait = self.front.backoff.next(served);
        self.later(wait, Event::FrontDue);
    }
}
