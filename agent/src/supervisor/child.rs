//! One child process: started from this very binary, spoken to over its descriptor 0, watched until its end.
//!
//! Nothing that a child does makes the supervisor wait: words to it are queued, and of a child that does not take them, or
//! that cannot be understood, that is told as news. What it said before its end is heard before its end is told.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use token::{control as blocking, seqpacket};
use tokio::process::Child as Process;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::Event;
use crate::ipc::control::Control;

/// How many words may wait for a child: more than the largest start, and no more than a child's hang may cost.
const QUEUE: usize = 16_384;
/// How long the end of a child may come after the end of its words.
const LAST_WORD: Duration = Duration::from_secs(1);
/// The file that we run from, also when another took its place: all our processes speak the same language.
const OURSELVES: &str = "/proc/self/exe";
/// What other programs call us.
const NAME: &str = "kunci-agent";

/// A running child that hears words of kind `W`.
pub(super) struct Child<W> {
    /// None once no word follows any more.
    words: Option<mpsc::Sender<(W, Vec<OwnedFd>)>>,
    socket: OwnedFd,
    hand: Arc<Hand>,
}

/// What the watch of a child is asked to do.
#[derive(Default)]
struct Hand {
    kill: Notify,
    mute: Notify,
    /// It does not take its words.
    deaf: Notify,
}

/// What a child says, and its end.
pub(super) enum News<R> {
    Said(R),
    /// It lives, and cannot be spoken with any more.
    Broken,
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
        let process = tokio::process::Command::from(command).spawn()?;
        let (words, queue) = mpsc::channel(QUEUE);
        let (socket, told, hand) = (ours.try_clone()?, ours.try_clone()?, Arc::<Hand>::default());
        let control = Arc::new(Control::new(ours)?);
        tokio::spawn(speak(Arc::clone(&control), queue, Arc::clone(&hand)));
        let watch = Watch { process, control, socket, inbox, event };
        tokio::spawn(watch.run(Arc::clone(&hand)));
        Ok(Self { words: Some(words), socket: told, hand })
    }

    /// Says a word to the child.
    pub(super) fn tell(&self, word: W, fds: Vec<OwnedFd>) {
        if self.words.as_ref().is_some_and(|words| words.try_send((word, fds)).is_err()) {
            self.hand.deaf.notify_one();
        }
    }
}

impl<W> Child<W> {
    /// Lets the child see that no word follows, before this returns: it leaves by itself. Words that wait for it are lost.
    pub(super) fn hang_up(&mut self) {
        self.words = None;
        // It fails where the child is gone already.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Write);
    }

    /// Hears it no more.
    pub(super) fn mute(&self) {
        self.hand.mute.notify_one();
    }

    /// Ends the child as nothing can prevent.
    pub(super) fn kill(&self) {
        self.hand.kill.notify_one();
    }
}

async fn speak<W: Serialize>(
    control: Arc<Control>,
    mut queue: mpsc::Receiver<(W, Vec<OwnedFd>)>,
    hand: Arc<Hand>,
) {
    while let Some((word, fds)) = queue.recv().await {
        let fds: Vec<BorrowedFd<'_>> = fds.iter().map(AsFd::as_fd).collect();
        match control.send(&word, &fds).await {
            Ok(()) => {}
            // It was told that no word follows; or it is gone, and its end is told by who hears it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => {
                tracing::error!(%error, "a child cannot be told");
                hand.deaf.notify_one();
                break;
            }
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
    async fn run<R: DeserializeOwned>(mut self, hand: Arc<Hand>)
    where
        E: Fn(News<R>) -> Event,
    {
        let mut hears = true;
        let ended = loop {
            tokio::select! {
                biased;
                word = self.control.receive::<R>(), if hears => match word {
                    Ok(Some((word, _))) => self.pass(News::Said(word)).await,
                    silent => {
                        hears = false;
                        if let Ok(ended) = timeout(LAST_WORD, self.process.wait()).await {
                            break ended;
                        }
                        if let Err(error) = silent {
                            tracing::error!(%error, "a child speaks nonsense");
                        }
                        self.pass(News::Broken).await;
                    }
                },
                ended = self.process.wait() => break ended,
                () = hand.kill.notified() => drop(self.process.start_kill()),
                () = hand.mute.notified() => hears = false,
                () = hand.deaf.notified() => self.pass(News::Broken).await,
            }
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;
    use rustix::net::{SendFlags, send};
    use token::control::Report;

    #[tokio::test]
    async fn a_child_that_is_hung_up_on_can_be_told_nothing_from_that_moment_on() {
        let (inbox, mut events) = mpsc::channel(1);
        let news = |news: News<Report>| Event::Host(("t".parse().unwrap(), 1), news);
        let mut child = Child::<()>::start(Command::new("cat"), inbox, news).unwrap();
        child.tell((), Vec::new());
        child.hang_up();
        // No task of the event loop had its turn since.
        assert_eq!(send(&child.socket, b"x", SendFlags::NOSIGNAL), Err(Errno::PIPE));
        let Some(Event::Host(_, News::Ended(status))) = events.recv().await else { panic!() };
        assert!(status.success());
    }
}
