//! `kunci attest`: the offline auditor of keys. It reads files, and needs neither an agent nor a token.

mod challenge;
pub(crate) mod file;
mod folder;
pub(crate) mod page;
#[cfg(test)]
mod tests;
mod verify;
mod worth;

use clap::Subcommand;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// What to do with evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge evidence: proven, unattested or contradicted, and why
    #[command(after_help = verify::HELP)]
    Verify(verify::Arguments),
    /// Challenge a TPM to prove its keys
    #[command(after_help = challenge::HELP)]
    Challenge(challenge::Arguments),
    /// List the certificates that are trusted, with their digests
    Roots,
}

pub(crate) fn run(command: &Command, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Command::Verify(arguments) => verify::run(arguments, print),
        Command::Challenge(arguments) => challenge::run(arguments, print),
        Command::Roots => roots(print),
    }
}

/// An anchor, in print.
#[derive(Serialize)]
struct Root {
    name: String,
    sha256: String,
    kinds: Vec<&'static str>,
    role: &'static str,
    certificate: &'static str,
}

impl From<&attest::Anchor> for Root {
    fn from(anchor: &attest::Anchor) -> Self {
        Self {
            name: anchor.name().to_owned(),
            sha256: anchor.sha256().to_string(),
            kinds: anchor.kinds().iter().map(|kind| kind.name()).collect(),
            role: anchor.role().name(),
            certificate: if anchor.is_held() { "compiled in" } else { "in the evidence" },
        }
    }
}

fn roots(print: &Printer) -> Result<Exit, Failure> {
    let roots: Vec<Root> = attest::anchors().iter().map(Root::from).collect();
    if print.json {
        for root in &roots {
            print.json(&serde_json::to_vec(root).unwrap_or_default())?;
        }
        return Ok(Exit::Yes);
    }
    let row = |root: &Root| {
        let kinds = root.kinds.join(", ");
        vec![root.name.clone(), root.sha256.clone(), kinds, root.role.to_owned(), root.certificate.to_owned()]
    };
    print.table(
        &["name", "sha-256", "vouches for", "role", "certificate"],
        &roots.iter().map(row).collect::<Vec<_>>(),
    )?;
    Ok(Exit::Yes)
}
