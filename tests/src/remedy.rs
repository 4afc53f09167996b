//! Remedies, as the program prints them: found in its words, and run as they stand.

use std::process::Output;

use crate::Rig;

/// What ends a command in a sentence.
const ENDS: [char; 8] = ['`', '\t', ',', ';', ':', ')', '\n', '"'];

/// Every `kunci …` command in a text, without its first word.
pub fn commands(text: &str) -> Vec<Vec<String>> {
    let command = |rest: &str| {
        let end = rest.find(ENDS).unwrap_or(rest.len());
        rest[..end].split_whitespace().map(|word| word.trim_end_matches('.').to_owned()).collect()
    };
    text.split("kunci ").skip(1).map(command).collect()
}

impl Rig {
    /// Runs the first command of a text that begins so, exactly as it is printed.
    #[track_caller]
    pub fn heed(&self, text: &str, begins: &[&str]) -> Output {
        let is_it = |words: &Vec<String>| {
            begins.iter().enumerate().all(|(at, word)| words.get(at).is_some_and(|other| other == word))
        };
        let found = commands(text).into_iter().find(is_it);
        let words = found.unwrap_or_else(|| panic!("no `kunci {}` in: {text}", begins.join(" ")));
        self.kunci(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
