//! What the supervisor is told from outside: signals, and the end of a private agent's client.

use std::io::{self, Read};

use tokio::signal::unix::{self, SignalKind};
use tokio::sync::oneshot;

/// What we are told from outside.
pub(super) enum Signal {
    Reload,
    Stop,
}

pub(super) struct Signals {
    hang_up: unix::Signal,
    terminate: unix::Signal,
    interrupt: unix::Signal,
    /// Resolves when a private agent's client is gone.
    gone: Option<oneshot::Receiver<()>>,
}

impl Signals {
    pub(super) fn new(private: bool) -> io::Result<Self> {
        Ok(Self {
            hang_up: unix::signal(SignalKind::hangup())?,
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            gone: private.then(client_gone),
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        let gone = async {
            match &mut self.gone {
                Some(gone) => drop(gone.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hang_up.recv() => Signal::Reload,
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            () = gone => Signal::Stop,
        }
    }
}

/// Waits for the end of standard input, in a thread of its own: it may be a file, which no event loop can watch.
fn client_gone() -> oneshot::Receiver<()> {
    let (client, gone) = oneshot::channel();
    std::thread::spawn(move || {
        let mut byte = [0];
        while io::stdin().lock().read(&mut byte).is_ok_and(|read| read > 0) {}
        drop(client);
    });
    gone
}
