//! The witness's key: made once, whole on the disk before its public half is printed, and never overwritten.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use clap::Args;
use quoted::Quoted;
use witness::Key;

use super::{Folder, KEY, untrusted};
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// Which witness.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The witness's name: a domain of yours and a word, without blanks and +
    name: String,
    #[command(flatten)]
    folder: Folder,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    let (name, folder) = (&arguments.name, &arguments.folder);
    make_folder(&folder.dir).map_err(|error| Failure::file(&folder.dir, &error))?;
    hsm_config::check_folder(&folder.dir).map_err(|fault| untrusted(&folder.dir, &fault))?;
    let key = match folder.key()? {
        Some(key) if key.vkey().name() == name => {
            print.note("The key is there already, and nothing was changed.");
            key
        }
        Some(key) => return Err(another(&folder.key_path(), key.vkey().name())),
        None => make(name, &folder.dir)?,
    };
    shown(&key, print)?;
    Ok(Exit::Yes)
}

fn make_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn make(name: &str, folder: &Path) -> Result<Key, Failure> {
    let unnamed = |bad| {
        let title = format!("{} cannot be a witness's name: {bad}", Quoted(name));
        Failure::usage("invalid-name", title, "Take a name like witness.example/w1.")
    };
    let key = Key::generate(name).map_err(unnamed)?;
    let text = key.secret_text().map_err(unnamed)?;
    write_new(folder, text.as_bytes()).map_err(|error| Failure::file(&folder.join(KEY), &error))?;
    Ok(key)
}

/// Whole and durable under its name, or not there: also where another `init` is quicker.
fn write_new(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    // Mode 0600 from the first moment on.
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(folder.join(KEY))?;
    File::open(folder)?.sync_all()
}

fn shown(key: &Key, print: &Printer) -> io::Result<()> {
    let vkey = key.vkey().to_string();
    if print.json {
        return print
            .json(serde_json::json!({ "name": key.vkey().name(), "vkey": vkey }).to_string().as_bytes());
    }
    print.line(&vkey)?;
    print.hint("That is the public key: a log's policy names it in a line `witness NAME KEY URL`.");
    Ok(())
}

fn another(path: &Path, name: &str) -> Failure {
    let title = format!("{} is the key of {}", Quoted::path(path), Quoted(name));
    Failure::usage(
        "witness-key-exists",
        title,
        "A witness keeps its key. Name another folder with --dir for another witness.",
    )
}
