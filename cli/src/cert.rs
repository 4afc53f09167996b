//! `kunci cert`: what customers register, and what a CA issued.

mod entra;
mod pem;

use std::io::Read;
use std::path::{Path, PathBuf};

use api::{Certificate, Connector, Install, KeyStanding, MAX_ADMIN_BODY};
use clap::{Args, Subcommand, ValueEnum};
use quoted::Quoted;

use crate::client::{self, Client, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};
use crate::token::readiness;

const COLLECTION: &str = "\
This is one keyCredential. PATCHing an application replaces its whole keyCredentials collection: read the collection
first and send all of it with this one added, or the other certificates are lost. Where the application has a valid
certificate, addKey with a `kunci proof` adds this one and touches no other.";

/// Which certificate, and how.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  kunci cert de > de.pem
  kunci cert de --format der > de.cer   what the Entra portal takes
  kunci cert de --format entra          what Microsoft Graph takes
  kunci cert install de answer.pem"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    install: Option<Command>,
    /// The connector
    #[arg(required = true)]
    connector: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Pem)]
    format: Format,
    /// Only the one of this token, where the connector has several
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install a certificate that a CA issued for the connector's key
    #[command(
        after_help = "A certificate whose key is not the connector's is refused, and so is one that is over or has not begun: \
                      nothing is changed."
    )]
    Install {
        /// The connector
        connector: String,
        /// The certificate, PEM or DER, others of its chain beside it or not; - for standard input
        file: PathBuf,
        /// Install it although it is over or has not begun, so that nobody can sign in with it now
        #[arg(long)]
        force: bool,
    },
}

/// How a certificate is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// RFC 7468
    Pem,
    /// Bytes
    Der,
    /// The keyCredential JSON that Microsoft Graph takes
    Entra,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    match (&arguments.install, &arguments.connector) {
        (Some(Command::Install { connector, file, force }), _) => {
            install(connector, file, *force, session).await
        }
        (None, Some(connector)) => show(connector, arguments, session).await,
        (None, None) => {
            Err(Failure::usage("usage", "No connector was named", "Write `kunci cert CONNECTOR`."))
        }
    }
}

async fn show(connector: &str, arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let path = path::of(path::CERTIFICATE, connector);
    let body = session.reader(Concern::Connector(connector), async |client| client.get(&path).await).await?;
    if session.print.json {
        session.print.json_lines(&body)?;
        return Ok(Exit::Yes);
    }
    let mut certificates: Vec<Certificate> = client::read(&body)?;
    certificates.retain(|one| arguments.token.as_ref().is_none_or(|token| *token == one.token));
    if certificates.is_empty() {
        let title = format!("{connector} has no active certificate on that token");
        return Err(Failure::finding(
            "no-certificate",
            title,
            "`kunci status` shows which tokens sign for it.",
        ));
    }
    for one in &certificates {
        let told = |reason| format!("{} on {}: {}", one.connector, one.token, readiness(reason));
        one.reasons.iter().for_each(|reason| session.print.warn(&told(reason)));
    }
    match arguments.format {
        Format::Pem => certificates.iter().try_for_each(|one| session.print.text(&one.pem))?,
        Format::Der => session.print.bytes(&pem::decode(&the_only(&certificates, session)?.pem)?)?,
        Format::Entra => keys(&certificates, session)?,
    }
    Ok(Exit::Yes)
}

fn keys(certificates: &[Certificate], session: &Session<'_>) -> Result<(), Failure> {
    for one in certificates {
        session.print.json(&entra::key_credential(&one.pem)?)?;
    }
    COLLECTION.lines().for_each(|line| session.print.hint(line));
    Ok(())
}

/// Certificates in DER have no end mark, so that two in one file are none.
fn the_only<'a>(certificates: &'a [Certificate], session: &Session<'_>) -> Result<&'a Certificate, Failure> {
    let [one] = certificates else {
        let tokens = certificates.iter().map(|one| one.token.as_str()).collect::<Vec<_>>().join(", ");
        let title = format!("The connector has a certificate on each of {tokens}");
        return Err(Failure::usage("usage", title, "Name one with --token."));
    };
    if session.print.is_terminal() {
        return Err(Failure::usage(
            "usage",
            "DER is not for a terminal",
            "Redirect it: `kunci cert … > FILE`",
        ));
    }
    Ok(one)
}

async fn install(connector: &str, file: &Path, force: bool, session: &Session<'_>) -> Result<Exit, Failure> {
    let certificates = pem::certificates(&read(file)?)?;
    let install = Install { pem: pem::encode(&certificates), force };
    let path = path::of(path::CERTIFICATE, connector);
    let put = async |client: &mut Client| {
        let body = client.put(&path, &install).await?;
        // Whose the others are is only told: what was installed stays so where it cannot be asked.
        let others = if certificates.len() > 1 { client.get(path::CONNECTORS).await.ok() } else { None };
        Ok::<_, Failure>((body, others))
    };
    let (body, others) = session.admin(Concern::Connector(connector), put).await?;
    if session.print.json {
        session.print.json(&body)?;
        return Ok(Exit::Yes);
    }
    let Certificate { connector, token, sha256, not_after, reasons, .. } = client::read(&body)?;
    session.print.line(&format!(
        "{connector} on {token}: the certificate is installed, SHA-256 {sha256}, until {not_after}"
    ))?;
    reasons.iter().for_each(|reason| session.print.warn(&readiness(reason)));
    let all: Vec<Connector> = others.and_then(|body| client::read(&body).ok()).unwrap_or_default();
    let keys = all.into_iter().find(|one| one.name == connector).map(|one| one.keys).unwrap_or_default();
    for other in certificates.iter().filter(|one| one.sha256().to_string() != sha256) {
        session.print.note(&left_out(other, &connector, &keys));
    }
    Ok(Exit::Yes)
}

/// Why another certificate of the file was not installed: it may be of the connector's key on another token.
fn left_out(other: &attest::Certificate, connector: &str, keys: &[KeyStanding]) -> String {
    let (name, digest) = (other.name(), other.key().sha256().to_string());
    match keys.iter().find(|key| key.spki_sha256.as_ref() == Some(&digest)) {
        Some(KeyStanding { token, .. }) => format!(
            "left out, since one is installed at a time: {} is of {connector}'s key on {token}; install it by a file of its own",
            Quoted(&name)
        ),
        None => format!("left out, since it is not of the connector's key: {}", Quoted(&name)),
    }
}

/// A certificate's file, no longer than the agent takes.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(file, &error);
    let source: Box<dyn Read> = match file.to_str() {
        Some("-") => Box::new(std::io::stdin()),
        _ => Box::new(std::fs::File::open(file).map_err(unreadable)?),
    };
    let mut bytes = Vec::new();
    source.take(MAX_ADMIN_BODY as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_ADMIN_BODY {
        let title = format!("{} has more than {MAX_ADMIN_BODY} bytes", Quoted::path(file));
        return Err(Failure::usage(
            "file-too-large",
            title,
            "Give the certificate without what is around it.",
        ));
    }
    Ok(bytes)
}
