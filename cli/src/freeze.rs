//! `kunci freeze`, `thaw` and `reload`: an operator's verbs on the agent.

use std::path::Path;

use api::client::{Bytes, Error};
use api::{Frozen, Reason};
use clap::Args;
use quoted::Plain;
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{self, Client, QUICK, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};

/// How many connectors are stopped at once: one whose signatures are under way keeps few others waiting.
const AT_ONCE: usize = 16;

/// What to stop, and why.
#[derive(Args, Debug)]
pub(crate) struct Freeze {
    /// The connector
    #[arg(required_unless_present = "all")]
    connector: Option<String>,
    /// Every connector that the agent has
    #[arg(long, conflicts_with = "connector")]
    all: bool,
    /// Why; it stands in the ledger
    #[arg(long)]
    reason: String,
}

/// What to let sign again, and why. One by one: each may be frozen for a reason of its own.
#[derive(Args, Debug)]
pub(crate) struct Thaw {
    /// The connector
    connector: String,
    /// Why; it stands in the ledger
    #[arg(long)]
    reason: String,
}

/// Stops a connector, or all of them.
pub(crate) async fn freeze(arguments: &Freeze, session: &Session<'_>) -> Result<Exit, Failure> {
    let Freeze { connector, reason, .. } = arguments;
    session
        .admin(Concern::Nothing, async |client| match connector {
            Some(connector) => set(path::FREEZE, connector, reason, client, session).await,
            None => freeze_all(reason, client, session).await,
        })
        .await
}

/// Stops all connectors, side by side. One that cannot be stopped keeps no other from it, and the worst end is the end.
async fn freeze_all(reason: &str, client: &mut Client, session: &Session<'_>) -> Result<Exit, Failure> {
    let mut waiting = client::connectors(client).await?.into_iter();
    let mut under_way = JoinSet::new();
    let begin = |connector| ask_for_freeze(client.path().to_owned(), connector, reason.to_owned());
    waiting.by_ref().take(AT_ONCE).for_each(|connector| drop(under_way.spawn(begin(connector))));
    if under_way.is_empty() {
        return Err(none_to_freeze());
    }
    let mut worst = Exit::Yes;
    while let Some(done) = under_way.join_next().await {
        let (connector, answer) = done.map_err(std::io::Error::other)?;
        worst = worst.max(told(&connector, answer, session)?);
        waiting.next().map(|connector| under_way.spawn(begin(connector)));
    }
    Ok(worst)
}

/// On a connection of its own, which answers once all that the connector has under way is over.
async fn ask_for_freeze(
    at: impl AsRef<Path>,
    connector: String,
    reason: String,
) -> (String, Result<Bytes, Error>) {
    let answer = async {
        let mut client = Client::connect(at.as_ref()).await?;
        client.post(&path::of(path::FREEZE, &connector), &Reason { reason }, QUICK).await
    };
    let answer = answer.await;
    (connector, answer)
}

/// Says what became of one connector of many.
fn told(connector: &str, answer: Result<Bytes, Error>, session: &Session<'_>) -> Result<Exit, Failure> {
    let connector = Plain(connector);
    let (what, error) = match answer {
        Ok(body) => return shown(&body, session),
        // It may be frozen: the gate is shut before what is under way is waited for.
        Err(error @ Error::NoAnswer(_)) => ("NOT CERTAIN that it is frozen: freeze it again", error),
        Err(error) => ("NOT FROZEN", error),
    };
    let failure = Failure::from(error);
    session.print.note(&format!("{connector}: {what}"));
    session.print.failure(&failure);
    Ok(failure.exit)
}

fn none_to_freeze() -> Failure {
    let detail = "Nothing was frozen. `kunci whoami` shows what the rules grant you: an admin's rule has to grant freeze.";
    Failure::refused("connector-not-granted", "There is no connector that you may see", detail)
}

/// Lets a connector sign again.
pub(crate) async fn thaw(arguments: &Thaw, session: &Session<'_>) -> Result<Exit, Failure> {
    let Thaw { connector, reason } = arguments;
    session
        .admin(Concern::Nothing, async |client| set(path::THAW, connector, reason, client, session).await)
        .await
}

async fn set(
    path: &str,
    connector: &str,
    reason: &str,
    client: &mut Client,
    session: &Session<'_>,
) -> Result<Exit, Failure> {
    let body = client.post(&path::of(path, connector), &Reason { reason: reason.to_owned() }, QUICK).await?;
    shown(&body, session)
}

/// Prints what came of it.
fn shown(body: &Bytes, session: &Session<'_>) -> Result<Exit, Failure> {
    let frozen: Frozen = client::read(body)?;
    if session.print.json {
        session.print.json(body)?;
    } else {
        session.print.line(&words(&frozen))?;
    }
    Ok(if frozen.durable { Exit::Yes } else { Exit::Finding })
}

/// Lets the running agent read its files again. A private one would read them anyway.
pub(crate) async fn reload(session: &Session<'_>) -> Result<Exit, Failure> {
    session.running(async |client| client.post(path::RELOAD, &json!({}), QUICK).await).await?;
    session.print.note("the configuration and the tenants files are in force");
    Ok(Exit::Yes)
}

fn words(frozen: &Frozen) -> String {
    let Frozen { connector, frozen, durable, log_index } = frozen;
    let entry = log_index.map(|index| format!(" (log entry {index})")).unwrap_or_default();
    match (frozen, durable) {
        (true, true) => format!("{connector} is FROZEN{entry}: nothing of it leaves from now on"),
        (true, false) => format!(
            "{connector} is FROZEN, but the ledger cannot be written yet: mend the disk, and the freeze is put on record. \
             Only a restart of the whole agent before that thaws it"
        ),
        (false, _) => format!("{connector} signs again{entry}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::tests::seen;

    fn said(frozen: bool, durable: bool, log_index: Option<u64>) -> String {
        seen([words(&Frozen { connector: "de".into(), frozen, durable, log_index })])
    }

    #[test]
    fn a_freeze_that_the_disk_refused_says_so() {
        insta::assert_snapshot!(said(true, false, None), @r"
        de is FROZEN, but the ledger cannot be written yet: mend the disk, and the
            freeze is put on record. Only a restart of the whole agent before that thaws
            it
        ");
    }

    #[test]
    fn a_freeze_and_a_thaw_name_their_log_entry() {
        insta::assert_snapshot!(said(true, true, Some(17)), @"de is FROZEN (log entry 17): nothing of it leaves from now on");
        insta::assert_snapshot!(said(false, true, Some(18)), @"de signs again (log entry 18)");
    }
}
