//! "Touch the key": told to the person who waits for a command that a token waits for them.
//!
//! Asked on a connection of its own, since the command's is busy with its answer. Whoever may not ask is told nothing.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::TokenStatus;
use tokio::time::sleep;

use crate::client::{self, Client, path};
use crate::print::{Printer, Spinner};

/// How often it is said again: one touch may be followed by the next at once.
const AGAIN: Duration = Duration::from_secs(4);
/// The wait between two looks; a YubiKey waits for 15 seconds.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for `work`, and tells of tokens that wait for a touch meanwhile.
pub(crate) async fn told<T>(
    admin_socket: PathBuf,
    (print, spinner): (&Printer, &Spinner),
    work: impl Future<Output = T>,
) -> T {
    tokio::select! {
        done = work => done,
        never = tell(&admin_socket, print, spinner) => match never {},
    }
}

async fn tell(admin_socket: &Path, print: &Printer, spinner: &Spinner) -> Infallible {
    let mut told: BTreeMap<String, Instant> = BTreeMap::new();
    loop {
        sleep(LOOK).await;
        let waiting = waiting(admin_socket).await;
        told.retain(|token, told| waiting.contains(token) && told.elapsed() < AGAIN);
        for token in waiting {
            told.entry(token).or_insert_with_key(|token| {
                spinner.aside(|| print.note(&format!("touch the key: {token} waits for that")));
                Instant::now()
            });
        }
    }
}

/// The tokens that wait; none where nobody says so.
async fn waiting(admin_socket: &Path) -> Vec<String> {
    let Ok(mut client) = Client::connect(admin_socket).await else { return Vec::new() };
    let Ok(body) = client.get(path::TOKENS).await else { return Vec::new() };
    let tokens: Vec<TokenStatus> = client::read(&body).unwrap_or_default();
    tokens.into_iter().filter(|token| token.touch).map(|token| token.name).collect()
}
