//! Manual pages, made from what the programs themselves go by: the arguments of both, and the configuration's types.

mod file;
mod page;

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};

use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// Where to.
#[derive(Args, Debug)]
#[command(
    after_help = "Without a folder, kunci(1) goes to standard output.\n\nExample:\n  kunci man /usr/local/share/man"
)]
pub(crate) struct Arguments {
    /// Write all pages below this folder of manuals: man1, man5 and man8 in it
    folder: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, of: Command, print: &Printer) -> Result<Exit, Failure> {
    match &arguments.folder {
        Some(folder) => all(folder, of)?,
        None => print.text(&page::of(&of, "1"))?,
    }
    Ok(Exit::Yes)
}

fn all(folder: &Path, kunci: Command) -> Result<(), Failure> {
    write(folder, "kunci.toml", "5", &file::page())?;
    for (command, section) in [(kunci, "1"), (hsm_config::Arguments::command(), "8")] {
        let mut command = command;
        command.build();
        commands(&command, section, folder)?;
    }
    Ok(())
}

/// A page for each command that is no secret, by its whole name.
fn commands(command: &Command, section: &str, folder: &Path) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    write(folder, name, section, &page::of(command, section))?;
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    shown.into_iter().try_for_each(|one| commands(one, section, folder))
}

fn write(folder: &Path, name: &str, section: &str, text: &str) -> Result<(), Failure> {
    let folder = folder.join(format!("man{section}"));
    let file = folder.join(format!("{name}.{section}"));
    std::fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    std::fs::write(&file, text).map_err(|error| Failure::file(&file, &error))
}
