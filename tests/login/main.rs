//! `kunci-login`: a process that logs in to a token and does nothing else, so that a test can kill it at each of its system
//! calls; or one that looks what is left.
//!
//! C_Login stands between two calls of getppid(2), which nothing else here makes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::{Session, UserType};
use rustix::process::getppid;

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
    let pkcs11 = Pkcs11::new(&arguments.module).map_err(|e| e.to_string())?;
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(|e| e.to_string())?;
    let slots = pkcs11.get_slots_with_initialized_token().map_err(|e| e.to_string())?;
    let named = |slot: &_| pkcs11.get_token_info(*slot).is_ok_and(|token| token.label() == arguments.token);
    let slot = slots.into_iter().find(named).ok_or("the module has no such token")?;
    let session = pkcs11.open_rw_session(slot).map_err(|e| e.to_string())?;
    let pin = arguments.pin.as_str().into();
    let _ = getppid();
    let logged_in = session.login(UserType::User, Some(&pin));
    let _ = getppid();
    logged_in.map_err(|e| e.to_string())?;
    arguments.key.as_ref().map_or(Ok(()), |label| sign(&session, label))
}

fn sign(session: &Session, label: &str) -> Result<(), String> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Label(label.into())];
    let keys = session.find_objects(&template).map_err(|e| e.to_string())?;
    let key = keys.first().ok_or("the key is gone")?;
    let signed = session.sign(&cryptoki::mechanism::Mechanism::Sha256RsaPkcs, *key, b"what is left");
    signed.map(|_| ()).map_err(|e| e.to_string())
}
