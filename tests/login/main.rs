//! `kunci-login`: a process that logs in to a token and does nothing else, so that a test can kill it at each of its system
//! calls; or one that looks what is left.
//!
//! C_Login stands between two calls of getppid(2), which nothing else here makes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::{Session, UserType};
use rustix::process::getppid;
use tests::session::{self, text};

/// Logs in to a token.
#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    module: PathBuf,
    /// The token's label.
    #[arg(long)]
    token: String,
    #[arg(long)]
    pin: String,
    /// Sign with the key of this label, too.
    #[arg(long)]
    key: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let session = session::open(&arguments.module, &arguments.token)?;
    let pin = arguments.pin.as_str().into();
    let _ = getppid();
    let logged_in = session.login(UserType::User, Some(&pin));
    let _ = getppid();
    logged_in.map_err(text)?;
    arguments.key.as_ref().map_or(Ok(()), |label| sign(&session, label))
}

fn sign(session: &Session, label: &str) -> Result<(), String> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.into())];
    let keys = session.find_objects(&template).map_err(text)?;
    let key = keys.first().ok_or("the key is gone")?;
    let signed = session.sign(&cryptoki::mechanism::Mechanism::Sha256RsaPkcs, *key, b"what is left");
    signed.map(|_| ()).map_err(text)
}
