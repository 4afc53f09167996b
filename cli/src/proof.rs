//! `kunci proof`: a proof of possession for Graph's addKey and removeKey. Whoever has it can add a key of their own.

use api::{Proof, ProofRequest};
use clap::Args;

use crate::client::{self, QUICK, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};

/// For which application, and why.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  kunci proof de --object-id 8f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01 \\
      --reason \"yearly roll, change 4711\"

The proof goes into the `proof` of POST /applications/{object id}/addKey or removeKey, within ten minutes.")]
pub(crate) struct Arguments {
    /// The connector
    connector: String,
    /// The application's object id (not its client id)
    #[arg(long, value_name = "ID")]
    object_id: String,
    /// Why; it stands in the ledger
    #[arg(long)]
    reason: String,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let Arguments { connector, object_id, reason } = arguments;
    let path = path::of(path::PROOFS, connector);
    let request = ProofRequest { object_id: object_id.clone(), reason: reason.clone() };
    let body = session
        .admin(Concern::Connector(connector), async |client| client.post(&path, &request, QUICK).await)
        .await?;
    if session.print.json {
        session.print.json(&body)?;
        return Ok(Exit::Yes);
    }
    let proof: Proof = client::read(&body)?;
    session.print.line(&proof.proof)?;
    session.print.hint(
        "Whoever has this proof can add a key to the application for ten minutes: keep it to yourself.",
    );
    Ok(Exit::Yes)
}
