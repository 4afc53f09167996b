//! `kunci token`: the tokens, what is on them, and the verbs that only a person decides on.

mod page;

use api::{Checked, TokenStatus};
use clap::Subcommand;
use serde_json::json;

use crate::client::{self, QUICK, SLOW, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};
use crate::unlock::{self, Secret};

#[cfg(test)]
pub(crate) use page::{checked, initialised};
pub(crate) use page::{readiness, row, state};

/// The heads of `row`.
pub(crate) const HEAD: [&str; 6] = ["token", "state", "grade", "label", "serial", "made by"];

/// What to do with the tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the configured tokens
    List,
    /// Initialise a blank token by its configuration
    Init(Which),
    /// Read back every key on a token and let the pinned ones make a test signature
    #[command(
        after_help = "Exits with 1 when a key is orphaned, is not the pinned one, is not fit to sign, or signs by a certificate \
                      that is over or has not begun, and when the token fails."
    )]
    Check(Which),
    /// Type the PIN of a token that has { prompt = true }
    #[command(
        after_help = "At a terminal the PIN is not shown; else it is one line of standard input.\n\nExample:\n  \
                            systemd-creds decrypt pin.cred - | kunci token unlock frankfurt"
    )]
    Unlock(Unlock),
    /// Clear the latch of a token whose PIN was refused; give it the right PIN first
    Unlatch(Which),
}

/// Which secret a person types.
#[derive(Debug, clap::Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    which: Which,
    /// Type the YubiKey's management key instead, where that has { prompt = true }
    #[arg(long)]
    management_key: bool,
}

/// A token.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The token's name in the configuration
    token: String,
}

pub(crate) async fn run(command: &Command, session: &Session<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List => list(session).await,
        Command::Init(which) => init(&which.token, session).await,
        Command::Check(which) => check(&which.token, session).await,
        Command::Unlock(unlock) => {
            let secret = if unlock.management_key { Secret::ManagementKey } else { Secret::Pin };
            unlock::unlock(&session.paths.admin_socket()?.path, &unlock.which.token, secret, session.print)
        }
        Command::Unlatch(which) => unlatch(&which.token, session).await,
    }
}

async fn list(session: &Session<'_>) -> Result<Exit, Failure> {
    let body = session.admin(Concern::All, async |client| client.get(path::TOKENS).await).await?;
    if session.print.json {
        session.print.json_lines(&body)?;
        return Ok(Exit::Yes);
    }
    let tokens: Vec<TokenStatus> = client::read(&body)?;
    session.print.table(&HEAD, &tokens.iter().map(row).collect::<Vec<_>>())?;
    Ok(Exit::Yes)
}

async fn init(token: &str, session: &Session<'_>) -> Result<Exit, Failure> {
    let path = path::of(path::INIT, token);
    let body = session
        .admin(Concern::Token(token), async |client| {
            let _busy = session.print.spinner("initialising");
            client.post(&path, &json!({}), SLOW).await
        })
        .await?;
    if session.print.json {
        session.print.json(&body)?;
        return Ok(Exit::Yes);
    }
    let status: TokenStatus = client::read(&body)?;
    session.print.line(&page::initialised(&status))?;
    Ok(Exit::Yes)
}

async fn check(token: &str, session: &Session<'_>) -> Result<Exit, Failure> {
    let path = path::of(path::CHECK, token);
    let body = session
        .admin(Concern::Token(token), async |client| {
            let _busy = session.print.spinner("checking every key");
            client.post(&path, &json!({}), SLOW).await
        })
        .await?;
    let checked: Checked = client::read(&body)?;
    if session.print.json {
        session.print.json(&body)?;
    } else {
        session.print.lines(page::checked(&checked))?;
    }
    Ok(if checked.well { Exit::Yes } else { Exit::Finding })
}

async fn unlatch(token: &str, session: &Session<'_>) -> Result<Exit, Failure> {
    let path = path::of(path::UNLATCH, token);
    let before = session
        .admin(Concern::Nothing, async |client| {
            let before: Vec<TokenStatus> = client::read(&client.get(path::TOKENS).await?)?;
            client.post(&path, &json!({}), QUICK).await?;
            Ok::<_, Failure>(before)
        })
        .await?;
    let state = before.into_iter().find(|one| one.name == token).map(|one| one.state);
    session.print.note(&page::unlatched(token, state.as_deref().unwrap_or_default()));
    Ok(Exit::Yes)
}
