//! `kunci witness`: a witness of logs, as a customer or an auditor runs one. It needs no agent, and no log's files.

mod init;
mod serve;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use quoted::Quoted;
use witness::{BadKey, Key, MAX_KEY_BYTES};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// The key's file in the witness's folder.
const KEY: &str = "key";

/// What to do as a witness.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the witness's key, and print the public half that those who trust it need
    #[command(after_help = "\
A key that is there already is left as it is, and its public half is printed again. Keep the folder on a disk of this
host: a witness that is set back to an older state has forgotten what it signed since.

Example:
  kunci witness init witness.example/w1")]
    Init(init::Arguments),
    /// Sign checkpoints of these logs, as long as each log only grows
    #[command(after_help = "\
Speaks HTTP (C2SP tlog-witness). Beyond this host it belongs behind a server that speaks TLS.

Example:
  kunci witness serve --logs /etc/kunci-witness/logs")]
    Serve(serve::Arguments),
}

/// Where the witness keeps its key and what it signed.
#[derive(Args, Debug)]
struct Folder {
    /// The folder with the witness's key and what it signed last
    #[arg(long, value_name = "DIR", default_value = "/var/lib/kunci-witness")]
    dir: PathBuf,
}

pub(crate) fn run(command: &Command, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Command::Init(arguments) => init::run(arguments, print),
        Command::Serve(arguments) => serve::run(arguments, print),
    }
}

impl Folder {
    fn key_path(&self) -> PathBuf {
        self.dir.join(KEY)
    }

    /// The key, where there is one. Nobody but its owner may read it, or put another in its place.
    fn key(&self) -> Result<Option<Key>, Failure> {
        let path = self.key_path();
        if matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let file = hsm_config::open_secret(&path, MAX_KEY_BYTES).map_err(|fault| untrusted(&path, &fault))?;
        let text = read(&file).map_err(|error| Failure::file(&path, &error))?;
        Key::parse(&text).map(Some).map_err(|bad| broken(&path, bad))
    }
}

fn read(mut file: &File) -> io::Result<Zeroizing<String>> {
    // Room for all of it, so that the buffer never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * MAX_KEY_BYTES as usize));
    file.by_ref().take(MAX_KEY_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// What cannot be used as it lies there, and what to do about it.
fn untrusted(path: &Path, fault: &hsm_config::Fault) -> Failure {
    let title = format!("{} cannot be used: {}", Quoted::path(path), fault.what);
    Failure::usage(fault.code, title, format!("To mend it: {}.", fault.help))
}

fn broken(path: &Path, bad: BadKey) -> Failure {
    let title = format!("{} is no key: {bad}", Quoted::path(path));
    Failure::usage(
        "witness-key-unusable",
        title,
        "Put back the file as it was made. A new key is a new witness: it needs a folder of its own, and those who trusted the old one need its public key.",
    )
}
