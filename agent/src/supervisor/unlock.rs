//! The unlock sockets, one for each token whose PIN a person types: `unlock-TOKEN.sock`, mode 0600.
//!
//! The path alone says which token is meant, so that not a byte of a client, who sends a PIN, is read here.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener as Listening;
use std::path::Path;
use std::time::Duration;

use hsm_config::Name;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::Event;
use crate::sockets::{Listener, SocketError};

/// The mode of an unlock socket.
const MODE: u32 = 0o600;
/// The wait after a connection could not be accepted.
const WAIT: Duration = Duration::from_millis(100);

/// Listens for a token's clients, until the returned listener is dropped with the process.
pub(super) fn listen(token: Name, path: &Path, inbox: mpsc::Sender<Event>) -> Result<Listener, SocketError> {
    let listener = Listener::bind(path, MODE)?;
    let accepting = listener.share().and_then(|socket| {
        let socket = Listening::from(socket);
        socket.set_nonblocking(true)?;
        UnixListener::from_std(socket)
    });
    let accepting = accepting.map_err(|error| SocketError::Refused(path.into(), error))?;
    tokio::spawn(accept(token, accepting, inbox));
    Ok(listener)
}

async fn accept(token: Name, listener: UnixListener, inbox: mpsc::Sender<Event>) {
    loop {
        match listener.accept().await.and_then(|(client, _)| unread(client)) {
            Ok(client) => {
                if inbox.send(Event::Unlock(token.clone(), client)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%token, %error, "a client who wants to unlock cannot be accepted");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

/// The connection as the host expects it.
fn unread(client: UnixStream) -> std::io::Result<OwnedFd> {
    let client = client.into_std()?;
    client.set_nonblocking(false)?;
    Ok(client.into())
}
