//! `kunci attest verify`: files in, an answer out. All judging is the crate `attest`'s.

use std::path::PathBuf;

use attest::tpm::Answer;
use attest::{Anchor, Evidence, Malformed, Outcome, PublicKey, Question, Report, Requirement, Timestamp};
use clap::Args;
use quoted::Quoted;

use super::{file, folder, page};
use crate::failure::{Exit, Failure};
use crate::print::Printer;

pub(super) const HELP: &str = "\
Exits with 0 if the key is proven and nothing of level error was found; with 1 for every other answer, evidence that
does not parse included; with 2 for wrong usage and unreadable files.

A bundle (kunci evidence) is answered key by key. A TPM's key is proven only with --challenge-secret, the file that you
kept when you made the challenge, and under a --root of its maker, or one of a folder of roots (--roots) whose
tpm-roots.sha256 has its digest.

Files are PEM, DER or PKCS#7, with any number of certificates or requests in any order; - is standard input. A request
counts with the attestation that it carries, and a statement of a LiquidSecurity HSM (Google Cloud HSM) as it comes, in
gzip. Evidence of several keys is answered key by key.

Requirements (--require): touch=always|cached|never, pin=never|once|always, fips, firmware>=X.Y.Z, origin=generated,
not-exportable, slot=9c, algorithm=\"EC P-384\", no-known-weakness.

Examples:
  kunci attest verify leaf.pem f9.pem
  kunci attest verify leaf.pem --intermediate f9.pem --serial 32718477
  kunci attest verify attestation.dat --intermediate chains.pem \\
      --key public-key.pem
  kunci attest verify de.evidence.json --root tpm-maker.pem \\
      --challenge-secret challenge-secret.json
  kunci attest verify request.csr --require touch=always --json";

/// What to judge, and what it must be.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The evidence: the key's certificate, and what else is at hand
    #[arg(value_name = "LEAF", required = true)]
    files: Vec<PathBuf>,
    /// Certificates that may be between the key's and the root
    #[arg(long, value_name = "FILE")]
    intermediate: Vec<PathBuf>,
    /// Trust this root too, this once
    #[arg(long, value_name = "FILE")]
    root: Vec<PathBuf>,
    /// Trust the TPM makers' roots in this folder, each of which its tpm-roots.sha256 must list
    #[arg(long, value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// The key that it must be: a public key (PEM, DER, or SSH's), certificate or request
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The device that it must be in
    #[arg(long, value_name = "N")]
    serial: Option<String>,
    /// Your own half of a challenge that a TPM answered; of several TPMs, give each, in any order
    #[arg(long, value_name = "FILE")]
    challenge_secret: Vec<PathBuf>,
    /// What must be so
    #[arg(long, value_name = "REQUIREMENT")]
    require: Vec<Requirement>,
    /// The time at which every certificate must be valid, as in 2026-01-01T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    arguments.one_standard_input()?;
    let mut question = Question::at(arguments.at.unwrap_or_else(now));
    match arguments.report(&mut question)? {
        Ok(outcome) => answer(&outcome, print),
        Err((path, why)) => malformed(&path, &why, &question, print),
    }
}

/// In whole seconds, so that a report's time can be given to --at again.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn answer(outcome: &Outcome, print: &Printer) -> Result<Exit, Failure> {
    match (print.json, outcome) {
        (true, _) => print.json(&serde_json::to_vec(outcome).unwrap_or_default())?,
        (false, outcome) => print.lines(page::outcome(outcome))?,
    }
    Ok(if outcome.is_yes() { Exit::Yes } else { Exit::Finding })
}

/// The answer stands where every other does; the problem names the file.
fn malformed(path: &str, why: &Malformed, question: &Question, print: &Printer) -> Result<Exit, Failure> {
    answer(&Outcome::Key(Box::new(Report::malformed(why, question))), print)?;
    let title = format!("{path}: {why}");
    Err(Failure::finding(
        "malformed",
        title,
        "Evidence is certificates or requests, as PEM, DER or PKCS#7, complete and unchanged.",
    ))
}

/// What cannot be parsed, and in which file.
type Unparsed = (String, Malformed);

impl Arguments {
    /// The question holds what was asked also where something else cannot be parsed.
    fn report(&self, question: &mut Question) -> Result<Result<Outcome, Unparsed>, Failure> {
        let evidence = self.evidence()?;
        let asked = self.ask(question)?;
        Ok(match (evidence, asked) {
            (Ok(evidence), Ok(())) => self.answered(&evidence, question),
            (Err(unparsed), _) | (_, Err(unparsed)) => Err(unparsed),
        })
    }

    fn answered(&self, evidence: &Evidence, question: &Question) -> Result<Outcome, Unparsed> {
        let path = self.files.first().map(|path| Quoted::path(path).to_string()).unwrap_or_default();
        attest::answer(evidence, question).map_err(|why| (path, why))
    }

    fn one_standard_input(&self) -> Result<(), Failure> {
        let all = self.files.iter().chain(&self.intermediate).chain(&self.root).chain(&self.key);
        let all = all.chain(&self.challenge_secret);
        match all.filter(|path| path.as_os_str() == "-").count() {
            0 | 1 => Ok(()),
            _ => Err(Failure::usage("usage", "Standard input is named twice", "Give one - only.")),
        }
    }

    fn evidence(&self) -> Result<Result<Evidence, Unparsed>, Failure> {
        let mut evidence = Evidence::new();
        for path in &self.files {
            if let Err(why) = evidence.add(&file::read(path)?) {
                return Ok(Err((Quoted::path(path).to_string(), why)));
            }
        }
        for path in &self.intermediate {
            if let Err(why) = evidence.add_intermediates(&file::read(path)?) {
                return Ok(Err((Quoted::path(path).to_string(), why)));
            }
        }
        Ok(Ok(evidence))
    }

    fn ask(&self, question: &mut Question) -> Result<Result<(), Unparsed>, Failure> {
        question.serial.clone_from(&self.serial);
        question.requirements.clone_from(&self.require);
        if let Some(path) = &self.key {
            let key: Result<PublicKey, _> = attest::key(&file::read(path)?);
            match key {
                Ok(key) => question.key = Some(key),
                Err(why) => return Ok(Err((Quoted::path(path).to_string(), why))),
            }
        }
        for path in &self.root {
            match Anchor::given(&file::read(path)?) {
                Ok(anchors) => question.roots.extend(anchors),
                Err(why) => return Ok(Err((Quoted::path(path).to_string(), why))),
            }
        }
        for dir in &self.roots {
            match folder::roots(dir)? {
                Ok(anchors) => question.roots.extend(anchors),
                Err((path, why)) => return Ok(Err((Quoted::path(&path).to_string(), why))),
            }
        }
        for path in &self.challenge_secret {
            let answer = Answer::from_json(&file::read(path)?).map_err(|error| {
                let title = format!("{}: {error}", Quoted::path(path));
                Failure::usage("file-unusable", title, "Give the --secret of `kunci attest challenge`.")
            })?;
            question.answers.push(answer);
        }
        Ok(Ok(()))
    }
}
