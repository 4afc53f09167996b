//! `kunci assertion`: one assertion to standard output or a file, or a file that is kept fresh.
//!
//! It never starts an agent: services get assertions from the agent that their operator runs.

mod refresh;

use std::path::{Path, PathBuf};

use api::Assertion;
use clap::Args;
use hyper::body::Bytes;
use serde_json::json;

use crate::atomic;
use crate::client::{self, Client, QUICK, path};
use crate::failure::{Exit, Failure};
use crate::session::Session;

/// An assertion is a credential: its file is its owner's alone.
const MODE: u32 = 0o600;

/// For whom, and where to.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kunci assertion de --tenant contoso.onmicrosoft.com --client-id $APP
  kunci assertion de --tenant T --client-id I --refresh \\
      --output /run/iep/assertion    for AZURE_FEDERATED_TOKEN_FILE

The first failure ends the command; later ones leave the old file as it is and are tried again. SIGTERM ends it.")]
pub(crate) struct Arguments {
    /// The connector
    connector: String,
    /// The customer's tenant, an id or a domain name
    #[arg(long)]
    tenant: String,
    /// The application's client id in that tenant
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// Write it to this file (mode 0600, always whole) instead of to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a new one after every quarter of its lifetime
    #[arg(long, requires = "output")]
    refresh: bool,
    /// Print a line for each new one
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let socket = session.paths.agent_socket()?;
    match &arguments.output {
        Some(file) if arguments.refresh => refresh::keep(arguments, file, &socket.path, session.print).await,
        output => {
            let (body, assertion) = fetch(arguments, &socket.path).await?;
            if let Some(file) = output {
                save(file, &assertion)?;
            }
            if session.print.json {
                session.print.json(&body)?;
            } else if output.is_none() {
                session.print.line(&assertion.assertion)?;
            } else if arguments.verbose {
                session.print.note(&refresh::words(&assertion));
            }
            Ok(Exit::Yes)
        }
    }
}

async fn fetch(arguments: &Arguments, socket: &Path) -> Result<(Bytes, Assertion), Failure> {
    let path = path::of(path::ASSERTIONS, &arguments.connector);
    let body = json!({ "tenant": arguments.tenant, "client_id": arguments.client_id });
    let body = Client::connect(socket).await?.post(&path, &body, QUICK).await?;
    let assertion = client::read(&body)?;
    Ok((body, assertion))
}

/// Without a newline: readers send what they read.
fn save(file: &Path, assertion: &Assertion) -> Result<(), Failure> {
    atomic::write(file, assertion.assertion.as_bytes(), MODE).map_err(|error| Failure::file(file, &error))
}
