//! What the front does with the supervisor's words, in their order, and how its own reach the supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::reload::Tables;
use super::{Front, activation};
use crate::ipc::control::Control;
use crate::ipc::link::{FromFront, ToFront};

/// Says what is queued for the supervisor.
pub(super) async fn speak(control: Arc<Control>, mut queue: UnboundedReceiver<FromFront>) {
    while let Some(word) = queue.recv().await {
        if let Err(error) = control.send(&word, &[]).await {
            tracing::error!(%error, "the supervisor does not listen");
        }
    }
}

/// Follows the supervisor's words until it says stop or is gone.
pub(super) async fn listen(front: &Arc<Front>, control: &Control, tables: &mut Tables) -> io::Result<()> {
    while let Some((word, fds)) = control.receive::<ToFront>().await? {
        if matches!(word, ToFront::Stop) {
            break;
        }
        heed(front, tables, word, fds)?;
    }
    Ok(())
}

/// Follows the supervisor's words for as long as somebody asks.
pub(super) async fn listen_on(front: &Arc<Front>, control: &Control, mut tables: Tables) {
    if let Err(error) = listen(front, control, &mut tables).await {
        tracing::warn!(%error, "the supervisor's last words cannot be read");
    }
    std::future::pending().await
}

/// Does what one word asks for; what takes longer goes on in a task of its own.
pub(crate) fn heed(
    front: &Arc<Front>,
    tables: &mut Tables,
    word: ToFront,
    fds: Vec<OwnedFd>,
) -> io::Result<()> {
    match word {
        ToFront::Tenants { connector } => tables.keep(connector, fds)?,
        ToFront::Reloaded { asked, problem } => {
            let given = std::mem::take(tables);
            let front = front.clone();
            tokio::spawn(async move { given.reloaded(&front, asked, problem, fds).await });
        }
        ToFront::Lanes { token, generation } => {
            front.connectors.token_away(&token);
            front.tokens.lanes(&token, generation, fds);
        }
        ToFront::Host { token, generation, state } => activation::host(front, token, generation, state),
        ToFront::Touch { token, generation, waits } => front.tokens.touched(&token, generation, waits),
        ToFront::Signed { signed } => front.checkpoints.hears(signed),
        ToFront::Unlatched { id, problem } => front.supervisor.answered(id, problem),
        ToFront::Start | ToFront::Frozen { .. } => tracing::warn!("a second start is ignored"),
        // Its listener has left by then.
        ToFront::Stop => {}
    }
    Ok(())
}
