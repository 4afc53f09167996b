//! The supervisor's own sockets, mode 0600: the unlock sockets, `unlock-TOKEN.sock` for each token whose PIN a person types,
//! and the [reload socket](super::asked).
//!
//! The path alone says what is meant, so that not a byte of a client, who may send a PIN, is read here.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener as Listening;
use std::path::{Path, PathBuf};
use std::time::Duration;

use api::Problem;
use rustix::net::{SendFlags, send};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::Event;
use crate::ipc::peer::{NoPeer, Peer};
use crate::ipc::sockets::{Listener, SocketError};

/// The mode of an unlock socket.
const MODE: u32 = 0o600;
/// The wait after a connection could not be accepted.
const WAIT: Duration = Duration::from_millis(100);

/// How a client is refused, as a host does it.
pub(super) fn refusal(why: &str) -> String {
    format!("refused: {why}\n")
}

/// Listens for clients, until the returned listener is dropped with the process. Each of them is an event, and who is sent
/// away hears the `refusal` of this socket.
pub(super) fn listen(
    path: &Path,
    inbox: mpsc::Sender<Event>,
    refusal: fn(&str) -> String,
    event: impl Fn(OwnedFd) -> Event + Send + 'static,
) -> Result<Listener, SocketError> {
    let listener = Listener::bind(path, MODE)?;
    let accepting = listener.share().and_then(|socket| {
        let socket = Listening::from(socket);
        socket.set_nonblocking(true)?;
        UnixListener::from_std(socket)
    });
    let accepting = accepting.map_err(|error| SocketError::Refused(path.into(), error))?;
    tokio::spawn(accept(path.to_owned(), accepting, inbox, refusal, event));
    Ok(listener)
}

async fn accept(
    path: PathBuf,
    listener: UnixListener,
    inbox: mpsc::Sender<Event>,
    refusal: fn(&str) -> String,
    event: impl Fn(OwnedFd) -> Event,
) {
    loop {
        match listener.accept().await.and_then(|(client, _)| unread(outsider(client, refusal)?)) {
            Ok(client) => {
                if inbox.send(event(client)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a client cannot be accepted");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

/// A client that is none of our children: a module could else spend the tries of another token's PIN. Who is sent away is
/// told why, with the code that a caller would get.
fn outsider(client: UnixStream, refusal: fn(&str) -> String) -> std::io::Result<UnixStream> {
    let peer = Peer::of(&client).and_then(|peer| match peer.is_child_of(rustix::process::getpid()) {
        true => Err(NoPeer::Host),
        false => Ok(peer),
    });
    match peer {
        Ok(_) => Ok(client),
        Err(why) => {
            let (words, code) = (why.to_string(), Problem::from(why).code);
            let told = refusal(&format!("{words} ({code})"));
            let _ = send(&client, told.as_bytes(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
            Err(std::io::Error::other(words))
        }
    }
}

/// The connection as the host expects it.
fn unread(client: UnixStream) -> std::io::Result<OwnedFd> {
    let client = client.into_std()?;
    client.set_nonblocking(false)?;
    Ok(client.into())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs a line that connects to the socket `$at`, and says whether anybody comes to be unlocked.
    async fn comes(run: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unlock-b.sock");
        let (inbox, mut events) = mpsc::channel(1);
        let token: hsm_config::Name = "b".parse().unwrap();
        let _listener =
            listen(&path, inbox, refusal, move |client| Event::Unlock(token.clone(), client)).unwrap();
        let mut shell = Command::new("sh").arg("-c").arg(run).env("at", &path).spawn().unwrap();
        let ended = tokio::task::spawn_blocking(move || shell.wait().unwrap());
        tokio::select! {
            event = events.recv() => matches!(event, Some(Event::Unlock(token, _)) if token.as_str() == "b"),
            _ = ended => false,
        }
    }

    #[tokio::test]
    async fn a_child_of_ours_as_a_host_is_cannot_spend_the_tries_of_a_pin() {
        let curl = "curl --silent --max-time 3 --unix-socket $at http://localhost/";
        assert!(comes(&format!("{curl}; true")).await);
        assert!(!comes(&format!("exec {curl}")).await);
    }
}
