//! `kunci evidence`: what the agent knows of where a connector's keys were born, for an auditor.
//!
//! The bundle is the agent's answer. With a challenge, a program of its own asks the TPM, which PKCS#11 cannot, and what
//! it says is put into the bundle unread: judging is the auditor's.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use api::{Evidence, EvidenceKey};
use clap::Args;
use quoted::Quoted;
use serde_json::value::RawValue;

use crate::atomic;
use crate::client::{self, path};
use crate::failure::{Exit, Failure};
use crate::session::{Concern, Session};

/// What the module of a TPM says of itself (tpm2-pkcs11).
const TPM_LIBRARY: &str = "TPM2";
/// Who may read a bundle: it holds nothing secret, and it goes to others.
const MODE: u32 = 0o644;

/// Whose evidence, and where it goes.
#[derive(Args, Debug)]
#[command(after_help = "\
Nothing in the bundle has to be believed: the auditor runs `kunci attest verify BUNDLE`. A TPM's key is proven only by
answering the auditor's challenge; kunci-tpm-evidence does that and asks for the token's PIN. What stands after -- are
its arguments.

Examples:
  kunci evidence de --output de.evidence.json
  kunci evidence de --challenge challenge.json --output de.json
  kunci evidence de --challenge challenge.json --output de.json \\
      -- --ak 0x81010003 --pin-file pin")]
pub(crate) struct Arguments {
    /// The connector
    connector: String,
    /// Where the bundle goes; without it, to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The auditor's challenge to this machine's TPM
    #[arg(long, value_name = "FILE")]
    challenge: Option<PathBuf>,
    /// The program that asks the TPM
    #[arg(long, value_name = "PROGRAM", default_value = "kunci-tpm-evidence", requires = "challenge")]
    tpm_program: PathBuf,
    /// Its further arguments
    #[arg(last = true, requires = "challenge")]
    tpm_arguments: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments, session: &Session<'_>) -> Result<Exit, Failure> {
    let path = path::of(path::EVIDENCE, &arguments.connector);
    let concern = Concern::Connector(&arguments.connector);
    let body = session.admin(concern, async |client| client.get(&path).await).await?;
    let bundle = match &arguments.challenge {
        None => body.to_vec(),
        Some(challenge) => arguments.answered(client::read(&body)?, challenge)?,
    };
    match &arguments.output {
        None => session.print.json(&bundle)?,
        Some(output) => {
            atomic::write(output, &bundle, MODE).map_err(|error| Failure::file(output, &error))?;
            session
                .print
                .note(&format!("The evidence is in {}: nothing in it is secret.", Quoted::path(output)));
        }
    }
    Ok(Exit::Yes)
}

impl Arguments {
    /// The bundle with the TPM's answer for each of its keys.
    fn answered(&self, mut bundle: Evidence, challenge: &Path) -> Result<Vec<u8>, Failure> {
        let mut asked = false;
        for key in bundle.keys.iter_mut().filter(|key| is_in_tpm(key)) {
            key.tpm2 = Some(self.ask(key, challenge)?);
            asked = true;
        }
        if !asked {
            let title = format!("{} has no key in a TPM that is there", self.connector);
            let detail = "A challenge is for keys of tpm2-pkcs11; for others leave --challenge out.";
            return Err(Failure::finding("no-tpm-key", title, detail));
        }
        serde_json::to_vec(&bundle)
            .map_err(|error| Failure::unavailable("unexpected-answer", error.to_string(), "Report it."))
    }

    /// Runs the program for one key. It may ask for a PIN, on the terminal.
    fn ask(&self, key: &EvidenceKey, challenge: &Path) -> Result<Box<RawValue>, Failure> {
        let mut command = Command::new(&self.tpm_program);
        command.arg("--challenge").arg(challenge).arg("--key-id").arg(&key.key).args(&self.tpm_arguments);
        let output = command.stderr(Stdio::inherit()).stdin(Stdio::inherit()).output();
        let output = output.map_err(|error| Failure::file(&self.tpm_program, &error))?;
        let failed = || {
            let title = format!("The TPM did not answer the challenge for the key on {}", key.token);
            Failure::unavailable("tpm-unanswered", title, "What kunci-tpm-evidence said is above.")
        };
        if !output.status.success() {
            return Err(failed());
        }
        let text = String::from_utf8(output.stdout).map_err(|_| failed())?;
        RawValue::from_string(text.trim().to_owned()).map_err(|_| failed())
    }
}

fn is_in_tpm(key: &EvidenceKey) -> bool {
    key.device.as_ref().is_some_and(|device| device.library.starts_with(TPM_LIBRARY))
}
