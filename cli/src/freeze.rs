//! `kunci freeze`, `thaw` and `reload`: an operator's verbs on the agent.

use api::{Frozen, Reason};
use clap::Args;
use serde_json::json;

use crate::client::{self, Client, QUICK, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};

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

/// Stops connectors. One that cannot be stopped keeps no other from it.
pub(crate) async fn freeze(arguments: &Freeze, session: &Session<'_>) -> Result<Exit, Failure> {
    let Freeze { connector, reason, .. } = arguments;
    session
        .admin(Concern::Nothing, async |client| {
            let connectors = match connector {
                Some(connector) => vec![connector.clone()],
                None => client::connectors(client).await?,
            };
            let mut worst = Exit::Yes;
            for connector in &connectors {
                worst = match set(path::FREEZE, connector, reason, client, session).await {
                    Ok(Exit::Yes) => worst,
                    Ok(exit) => exit,
                    Err(failure) if connectors.len() > 1 => {
                        session.print.note(&format!("{connector}: NOT FROZEN"));
                        session.print.failure(&failure);
                        failure.exit
                    }
                    Err(failure) => return Err(failure),
                };
            }
            Ok::<_, Failure>(worst)
        })
        .await
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
    let frozen: Frozen = client::read(&body)?;
    if session.print.json {
        session.print.json(&body)?;
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

    fn said(frozen: bool, durable: bool, log_index: Option<u64>) -> String {
        words(&Frozen { connector: "de".into(), frozen, durable, log_index })
    }

    #[test]
    fn a_freeze_that_the_disk_refused_says_so() {
        insta::assert_snapshot!(said(true, false, None), @"de is FROZEN, but the ledger cannot be written yet: mend the disk, and the freeze is put on record. Only a restart of the whole agent before that thaws it");
    }

    #[test]
    fn a_freeze_and_a_thaw_name_their_log_entry() {
        insta::assert_snapshot!(said(true, true, Some(17)), @"de is FROZEN (log entry 17): nothing of it leaves from now on");
        insta::assert_snapshot!(said(false, true, Some(18)), @"de signs again (log entry 18)");
    }
}
