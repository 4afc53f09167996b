//! Completions and manual pages, made from the arguments themselves.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// Where to.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  kunci man /usr/local/share/man/man1")]
pub(crate) struct Arguments {
    /// Write a page for each command into this folder; without it, kunci(1) goes to standard output
    folder: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    match &arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))?;
            clap_mangen::generate_to(Cli::command(), folder)
                .map_err(|error| Failure::file(folder, &error))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            print.bytes(&page)?;
        }
    }
    Ok(Exit::Yes)
}

pub(crate) fn completions(shell: Shell, print: &Printer) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kunci", &mut script);
    print.bytes(&script)?;
    Ok(Exit::Yes)
}
