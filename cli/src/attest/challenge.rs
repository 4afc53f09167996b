//! `kunci attest challenge`: the auditor's half of a TPM's proof, made before the evidence.

use std::path::{Path, PathBuf};

use attest::tpm::{Challenge, ChallengeError, Endorsement, Public};
use clap::Args;
use quoted::Quoted;

use super::file;
use crate::atomic;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

pub(super) const HELP: &str = "\
The challenge goes to the vendor, who runs `kunci evidence C --challenge FILE`. The secret stays with you and with nobody
else until `kunci attest verify … --challenge-secret FILE`: whoever sees it before can pretend to have that TPM.

EK is the endorsement key's certificate (PEM or DER) or its TPM2B_PUBLIC, AK the attestation key's TPM2B_PUBLIC, as
tpm2_createak writes it.

Example:
  kunci attest challenge ek.der ak.pub --output challenge.json \\
      --secret challenge-secret.json";

/// To whom, and where to.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The endorsement key: its certificate or public area
    ek: PathBuf,
    /// The attestation key: its public area
    ak: PathBuf,
    /// The file for the vendor
    #[arg(long, value_name = "OUT")]
    output: PathBuf,
    /// The file that you keep to yourself
    #[arg(long, value_name = "OUT")]
    secret: PathBuf,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    let ek = endorsement(&arguments.ek)?;
    let ak = Public::parse(&file::read(&arguments.ak)?).map_err(|error| unusable(&arguments.ak, &error))?;
    let (challenge, answer) = ek.challenge(&ak).map_err(refused)?;
    // The secret first: a challenge without it would be answered in vain.
    write(&arguments.secret, &answer.to_json(), 0o600)?;
    let challenge: Vec<u8> = serde_json::to_vec(&challenge as &Challenge).unwrap_or_default();
    write(&arguments.output, &challenge, 0o644)?;
    print.note(&format!(
        "Send {} to the vendor, and keep {} to yourself until the evidence is in.",
        Quoted::path(&arguments.output),
        Quoted::path(&arguments.secret)
    ));
    Ok(Exit::Yes)
}

/// A certificate, or a public area.
fn endorsement(path: &Path) -> Result<Endorsement, Failure> {
    let bytes = file::read(path)?;
    match (attest::key(&bytes), Public::parse(&bytes)) {
        (Ok(key), _) => Endorsement::from_spki(key.spki()).map_err(refused),
        (_, Ok(public)) => Endorsement::from_public(&public).map_err(refused),
        (Err(error), Err(_)) => Err(unusable(path, &error)),
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    atomic::write(path, bytes, mode).map_err(|error| Failure::file(path, &error))
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    let detail = "Give the EK's certificate or TPM2B_PUBLIC, and the AK's TPM2B_PUBLIC.";
    Failure::usage("file-unusable", format!("{}: {why}", Quoted::path(path)), detail)
}

fn refused(error: ChallengeError) -> Failure {
    Failure::finding("no-challenge", error.to_string(), "Nothing was written.")
}
