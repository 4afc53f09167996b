//! `kunci log init-key`: the ledger's own key is made, and its vkey printed.

use api::{InitKey, LedgerKey};
use clap::Args;
use quoted::Plain;

use crate::client::{self, Client, SLOW, path};
use crate::failure::{Exit, Failure};
use crate::print::grade;
use crate::session::{Concern, Session};

/// How to make it.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Begin a new log, under an origin that was never used, although the token holds the key of one that is lost
    #[arg(long)]
    new_log: bool,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let config = session.paths.config().ok();
    let token = config.and_then(|config| config.ledger.token).map(|token| token.to_string());
    let concern = token.as_deref().map_or(Concern::Nothing, Concern::Token);
    let how = InitKey { new_log: arguments.new_log };
    let ask = async |client: &mut Client| client.post(path::LEDGER_KEY, &how, SLOW).await;
    let body = session.admin(concern, ask).await?;
    if session.print.json {
        session.print.json(&body)?;
        return Ok(Exit::Yes);
    }
    let key: LedgerKey = client::read(&body)?;
    let LedgerKey { outcome, token, kind, .. } = &key;
    let grade = grade(Some(&key.grade));
    session.print.note(&format!(
        "{}, {} on {} ({grade}); its vkey:",
        Plain(outcome),
        Plain(kind),
        Plain(token)
    ));
    session.print.line(&key.vkey)?;
    for finding in &key.findings {
        session.print.note(&format!("by exception: {}", Plain(&finding.code)));
    }
    Ok(Exit::Yes)
}
