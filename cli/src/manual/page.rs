//! A command's page: clap_mangen's parts, and what stands behind its help, which that would run together: paragraphs, what is
//! shown as it stands, and headings.

use std::io::Write;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The heading of what stands behind a help before any heading of its own.
const NOTES: &str = "NOTES";
/// What begins a line that is shown as it stands.
const AS_IT_STANDS: &str = "  ";

/// The page of a command, in a section of the manual.
pub(super) fn of(command: &Command, section: &str) -> String {
    let mut command = command.clone();
    command.build();
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    // What is written to memory is always written.
    let _ = begun(&name, section).to_writer(&mut page).and_then(|()| parts(&command, section, &mut page));
    let mut end = Roff::new();
    let after = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
    behind(&mut end, &after.unwrap_or_default());
    see_also(&mut end, &name);
    let _ = end.to_writer(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

/// The title of a page, and where it belongs.
pub(super) fn begun(name: &str, section: &str) -> Roff {
    let mut title = Roff::new();
    let program = format!("Kunci {}", env!("CARGO_PKG_VERSION"));
    title.control("TH", [name.to_uppercase().as_str(), section, "\"\"", &program, "Kunci's manual"]);
    title
}

/// The other pages that a reader may look for.
pub(super) fn see_also(page: &mut Roff, name: &str) {
    let all = [("kunci", "1"), ("kunci.toml", "5"), ("kunci-agent", "8")];
    page.control("SH", ["SEE ALSO"]);
    let others: Vec<_> = all.iter().filter(|(other, _)| *other != name).collect();
    for (at, (other, section)) in others.iter().enumerate() {
        let comma = if at + 1 == others.len() { "" } else { "," };
        page.text([bold(*other), roman(format!("({section}){comma}"))]);
    }
}

fn parts(command: &Command, section: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let man = Man::new(command.clone()).section(section);
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    match command.has_subcommands() {
        true => man.render_subcommands_section(out),
        false => Ok(()),
    }
}

fn behind(page: &mut Roff, text: &str) {
    let (mut headed, mut shown) = (false, false);
    for line in text.lines() {
        let stands = line.starts_with(AS_IT_STANDS);
        if shown != stands {
            page.control(if stands { "nf" } else { "fi" }, []);
            shown = stands;
        }
        match line.strip_suffix(':').filter(|_| !stands) {
            Some(heading) => page.control("SH", [heading.to_uppercase().as_str()]),
            None if line.is_empty() => page.control("PP", []),
            None => {
                if !headed {
                    page.control("SH", [NOTES]);
                }
                page.text([roman(line.strip_prefix(AS_IT_STANDS).unwrap_or(line))])
            }
        };
        headed |= !line.is_empty();
    }
    if shown {
        page.control("fi", []);
    }
}
