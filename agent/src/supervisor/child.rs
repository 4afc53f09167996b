//! One child process: started from this very binary, spoken to over its descriptor 0, watched until its end.
//!
//! Nothing that a child does makes the supervisor wait: words to it are queued, and a child that does not take them
//! is killed. What it said before its end is heard before its end is told.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use token::{control as blocking, seqpacket};
use tokio::process::Child as Process;
use tokio::sync::{Notify, mpsc};

use super::Event;
use crate::control::Control;

/// How many words may wait for a child: more than the largest start, and no more than a child's hang may cost.
const QUEUE: usize = 16_384;
/// The file that we run from, also when another took its place: all our processes speak the same language.
const OURSELVES: &str = "/proc/self/exe";
/// What other programs call us.
const NAME: &str = "kunci-agent";

/// A running child that hears words of kind `W`.
pub(super) struct Child<W> {
    words: mpsc::Sender<(W, Vec<OwnedFd>)>,
    kill: Arc<Notify>,
    socket: OwnedFd,
}

/// What a child says, and its end.
pub(super) enum News<R> {
    Said(R),
    Ended(ExitStatus),
}

/// A command that runs one of our own roles.
pub(super) fn role(arguments: &[&str]) -> Command {
    let mut command = Command::new(OURSELVES);
    command.arg0(NAME).args(arguments);
    command
}

impl<W: Serialize + Send + Sync + 'static> Child<W> {
    /// Starts a child; its news go to `inbox` as `event` says.
    pub(super) fn start<R: DeserializeOwned + Send + 'static>(
        mut command: Command,
        inbox: mpsc::Sender<Event>,
        event: impl Fn(News<R>) -> Event + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (ours, theirs) = seqpacket::pair()?;
        // Standard output may be a client's pipe, which is not for modules to print into. A group of its own: a
        // terminal's ^C is for the supervisor, who ends its children in order.
        command
            .stdin(theirs)
            .stdout(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?))
            .process_group(0);
        let process = tokio::process::Command::from(command).kill_on_drop(true).spawn()?;
        let (words, queue) = mpsc::channel(QUEUE);
        let (socket, kill) = (ours.try_clone()?, Arc::new(Notify::new()));
        let control = Arc::new(Control::new(ours)?);
        tokio::spawn(speak(Arc::clone(&control), queue, Arc::clone(&kill)));
        let watch = Watch { process, control, socket: socket.try_clone()?, inbox, event };
        tokio::spawn(watch.run(Arc::clone(&kill)));
        Ok(Self { words, kill, socket })
    }

    /// Says a word to the child.
    pub(super) fn tell(&self, word: W, fds: Vec<OwnedFd>) {
        if self.words.try_send((word, fds)).is_err() {
            self.kill();
        }
    }
}

impl<W> Child<W> {
    /// Ends the child as nothing can prevent.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }

    /// Lets the child see that we are gone.
    pub(super) fn hang_up(&self) {
        // It fails where the child is gone already.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }
}

async fn speak<W: Serialize>(
    control: Arc<Control>,
    mut queue: mpsc::Receiver<(W, Vec<OwnedFd>)>,
    kill: Arc<Notify>,
) {
    while let Some((word, fds)) = queue.recv().await {
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        if let Err(error) = control.send(&word, &fds).await {
            tracing::error!(%error, "a child cannot be told, and is ended");
            return kill.notify_one();
        }
    }
}

/// Hears a child until its end.
struct Watch<E> {
    process: Process,
    control: Arc<Control>,
    socket: OwnedFd,
    inbox: mpsc::Sender<Event>,
    event: E,
}

impl<E> Watch<E> {
    async fn run<R: DeserializeOwned>(mut self, kill: Arc<Notify>)
    where
        E: Fn(News<R>) -> Event,
    {
        loop {
            tokio::select! {
                biased;
                word = self.control.receive::<R>() => match word {
                    Ok(Some((word, _))) => self.pass(News::Said(word)).await,
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(%error, "a child speaks nonsense");
                        break;
                    }
                },
                _ = self.process.wait() => break,
                () = kill.notified() => drop(self.process.start_kill()),
            }
        }
        // A socket without a peer, or with one that we cannot understand, is as good as an end.
        let _ = self.process.start_kill();
        let ended = self.process.wait().await;
        while let Ok(Some((word, _))) = blocking::receive::<R>(&self.socket) {
            self.pass(News::Said(word)).await;
        }
        match ended {
            Ok(status) => self.pass(News::Ended(status)).await,
            Err(error) => tracing::error!(%error, "a child's end cannot be awaited"),
        }
    }

    async fn pass<R>(&self, news: News<R>)
    where
        E: Fn(News<R>) -> Event,
    {
        // Nobody listens any more when the supervisor is at its end.
        let _ = self.inbox.send((self.event)(news)).await;
    }
}
