//! A question about signatures, put to all logs that are asked: what was seen of each, and what is damaged there.

use audit::{Apart, Damage, Hit, MAX_ROWS, Query, Reached, TooMany, intents};
use quoted::Plain;
use serde_json::{Value, json};

use super::logs::Logs;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// The most damages that are told one by one.
const MAX_TOLD: usize = 20;

/// One log, once it was asked.
pub(super) struct Asked {
    log: String,
    reached: Reached,
    damage: Vec<Damage>,
}

/// Gives each intent that matches, with its log's place among them and whether a void names it.
pub(super) fn ask(
    logs: &Logs,
    query: &Query,
    mut each: impl FnMut(usize, &Hit<'_>, bool) -> Result<(), TooMany>,
) -> Result<Vec<Asked>, Failure> {
    let mut all = Vec::new();
    for (place, log) in logs.all.iter().enumerate() {
        let asked = intents(log, logs.index.as_ref(), query, |hit, is_voided| each(place, hit, is_voided));
        let asked = asked.map_err(|error| too_many(&error))?;
        let (reached, damage) = (asked.reached, asked.damage.into_iter().collect());
        all.push(Asked { log: log.name().to_owned(), reached, damage });
    }
    Ok(all)
}

/// Tells what is damaged, each by its log; gives how the command ends.
pub(super) fn tell_damage(all: &[Asked], print: &Printer) -> Exit {
    let damage: Vec<_> =
        all.iter().flat_map(|asked| asked.damage.iter().map(|one| (&asked.log, one))).collect();
    for (log, one) in damage.iter().take(MAX_TOLD) {
        print.failure(&super::damaged((all.len() > 1).then_some(log.as_str()), one));
    }
    if let Some(more) = damage.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
        print.note(&format!("{more} more are damaged: kunci log verify names them."));
    }
    if damage.is_empty() { Exit::Yes } else { Exit::Finding }
}

/// What a page says of the logs that it was made of.
pub(super) fn seen(all: &[Asked]) -> Vec<String> {
    let mut lines: Vec<_> = all.iter().flat_map(Asked::lines).collect();
    let damaged: usize = all.iter().map(|asked| asked.damage.len()).sum();
    if damaged > 0 {
        lines.push(format!("DAMAGED     in {damaged} places: what stood there is in no count here"));
    }
    lines
}

/// The same for programs.
pub(super) fn seen_json(all: &[Asked]) -> Value {
    let one = |asked: &Asked| json!({"log": asked.log, "size": asked.reached.size, "root": asked.reached.root, "damage": asked.damage});
    all.iter().map(one).collect()
}

/// What is not in the rows, in words; nothing where it is nothing.
pub(super) fn apart(apart: &Apart) -> Vec<String> {
    let Apart { proofs, certificates, requests, others, voided } = *apart;
    let named = [
        (proofs, "proofs for key rolls"),
        (certificates, "certificates"),
        (requests, "certificate requests"),
        (others, "messages of a later version"),
    ];
    let there: Vec<_> =
        named.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what} {count}")).collect();
    let apart = (!there.is_empty()).then(|| format!("apart       {}", there.join(", ")));
    let voided = (voided > 0).then(|| format!("voided      {voided}: nothing of these left"));
    apart.into_iter().chain(voided).collect()
}

/// `--csv` and `--json` are two forms of one answer.
pub(super) fn one_form(is_csv: bool, print: &Printer) -> Result<(), Failure> {
    match is_csv && print.json {
        true => Err(Failure::usage("usage", "--csv cannot be used with --json", "Give one of them.")),
        false => Ok(()),
    }
}

impl Asked {
    fn lines(&self) -> [String; 2] {
        let root =
            self.reached.root.map_or_else(|| "none: entries are damaged".to_owned(), |root| root.base64());
        [
            format!("log         {}, {} entries", Plain(&self.log), self.reached.size),
            format!("root        {root}"),
        ]
    }
}

fn too_many(error: &TooMany) -> Failure {
    let detail = format!(
        "Ask for less, by --since, --until or --tenant, or export the log and let DuckDB count; {MAX_ROWS} is what is held in memory."
    );
    Failure::usage("too-many-rows", format!("There is no answer: {error}"), detail)
}
