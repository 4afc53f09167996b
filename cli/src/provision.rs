//! `kunci provision`: one request for each connector. A connector that fails does not stop the others.

mod csr;
pub(crate) mod page;

use std::path::PathBuf;

use api::{Provision, Provisioned};
use clap::Args;

use crate::client::{self, Client, SLOW, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};
use crate::touch;

/// How to provision, and what.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kunci provision --all                   self-signed, for half a year
  kunci provision de uk --csr --output .  requests: de.csr.pem, uk.csr.pem
  kunci cert install de de.pem            and the CA's answer
  kunci provision de --adopt --spki-sha256 HEX
                                          a key that you know and the
                                          log does not, as it is")]
pub(crate) struct Arguments {
    /// The connectors
    #[arg(value_name = "CONNECTOR")]
    connectors: Vec<String>,
    /// Every connector of the configuration
    #[arg(long, conflicts_with = "connectors")]
    all: bool,
    /// Make a certificate request for your CA instead of a self-signed certificate
    #[arg(long)]
    csr: bool,
    /// Write each request to CONNECTOR.csr.pem in this folder instead of to standard output
    #[arg(long, value_name = "DIR", requires = "csr")]
    output: Option<PathBuf>,
    /// Days that a self-signed certificate is valid [default: 180, a day less for each further key, down to 151]
    #[arg(long, value_name = "N", conflicts_with = "csr", value_parser = clap::value_parser!(u32).range(1..=1825))]
    days: Option<u32>,
    /// Take over a key that is on the token and that the ledger does not know
    #[arg(long, requires = "spki_sha256", conflicts_with = "all")]
    adopt: bool,
    /// Make a new self-signed certificate for it; else the one in the state directory or on the token is kept
    #[arg(long, requires = "adopt", conflicts_with = "csr")]
    new_certificate: bool,
    /// Which one: SHA-256 of its SubjectPublicKeyInfo, hex, as `kunci token check` prints it
    #[arg(long, value_name = "HEX", requires = "adopt")]
    spki_sha256: Option<String>,
}

/// What became of the connectors so far.
#[derive(Default)]
struct Tally {
    done: usize,
    failed: Vec<String>,
    exit: Option<Exit>,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let connectors = arguments.connectors(session)?;
    let concern = match connectors.as_slice() {
        [one] => Concern::Connector(one),
        _ => Concern::All,
    };
    session
        .admin(concern, async |client| {
            let mut tally = Tally::default();
            for connector in &connectors {
                match one(connector, arguments, client, session).await {
                    Ok(()) => tally.done += 1,
                    Err(failure) => {
                        let failure = client::naming(failure, client).await;
                        tally.add(connector, &failure, session);
                    }
                }
            }
            Ok::<_, Failure>(tally.finish(session))
        })
        .await
}

async fn one(
    connector: &str,
    arguments: &Arguments,
    client: &mut Client,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let path = path::of(path::PROVISION, connector);
    let body = {
        let busy = session.print.spinner(&format!("provisioning {connector}"));
        let (socket, how) = (client.path().to_owned(), arguments.how());
        touch::told(socket, (session.print, &busy), client.post(&path, &how, SLOW)).await?
    };
    let provisioned: Vec<Provisioned> = client::read(&body)?;
    if let Some(folder) = &arguments.output {
        csr::write(folder, &provisioned)?;
    }
    if session.print.json {
        return Ok(session.print.json_lines(&body)?);
    }
    for key in &provisioned {
        match &key.csr {
            // Then standard output is the request and nothing else.
            Some(csr) if arguments.output.is_none() => {
                session.print.note(&page::line(key));
                session.print.text(csr)?;
            }
            _ => session.print.line(&page::line(key))?,
        }
        page::reasons(key).iter().for_each(|warning| session.print.warn(warning));
        page::orphans(key).iter().for_each(|warning| session.print.warn(warning));
    }
    Ok(())
}

impl Arguments {
    fn how(&self) -> Provision {
        Provision {
            csr: self.csr,
            days: self.days,
            new_certificate: self.new_certificate,
            adopt_spki_sha256: self.spki_sha256.clone(),
        }
    }

    fn connectors(&self, session: &Session<'_>) -> Result<Vec<String>, Failure> {
        if self.connectors.is_empty() && !self.all {
            let detail =
                "Name one or more; `kunci provision --all` takes every connector of the configuration.";
            return Err(Failure::usage("usage", "No connector was named", detail));
        }
        if self.adopt && self.connectors.len() != 1 {
            let title = "--adopt takes over the key of one connector";
            return Err(Failure::usage("usage", title, "Name one connector and the digest of its key."));
        }
        if self.adopt && self.days.is_some() && !self.new_certificate {
            let title = "--days is for a certificate that is made";
            let detail = "A key that is adopted keeps its certificate. For a new one, add --new-certificate.";
            return Err(Failure::usage("usage", title, detail));
        }
        if !self.all {
            return Ok(self.connectors.clone());
        }
        let names: Vec<_> = session.paths.config()?.connectors.keys().map(ToString::to_string).collect();
        if names.is_empty() {
            let detail = "`kunci config example` shows how they are written.";
            return Err(Failure::usage("no-connectors", "The configuration has no connectors", detail));
        }
        Ok(names)
    }
}

impl Tally {
    fn add(&mut self, connector: &str, failure: &Failure, session: &Session<'_>) {
        session.print.note(&format!("{connector}: FAILED"));
        session.print.failure(failure);
        self.failed.push(connector.to_owned());
        self.exit = self.exit.max(Some(failure.exit));
    }

    fn finish(self, session: &Session<'_>) -> Exit {
        let Some(exit) = self.exit else { return Exit::Yes };
        session.print.note(&page::summary(self.done, &self.failed));
        exit
    }
}
