//! The logs that a witness knows, by their keys: a file with one vkey a line, or a policy (C2SP tlog-policy), whose `log`
//! lines are taken and whose other lines are passed over.
//!
//! A log is its origin, which is its keys' name. It may have several keys, as when one followed another.

use std::collections::BTreeMap;

use ledger::{BadVkey, SignatureType, Vkey};

/// The longest file of logs, in bytes: some ten thousand logs.
pub const MAX_LOGS_BYTES: u64 = 4 << 20;

/// The lines of a policy that name no log.
const OTHER_LINES: [&str; 3] = ["witness", "group", "quorum"];

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    keys: Vec<Vkey>,
}

/// All logs, by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logs(BTreeMap<String, Log>);

/// The file names no logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLogs {
    /// A line is neither a key nor one of a policy.
    #[error("line {line}: {why}")]
    Line {
        /// Which.
        line: usize,
        /// Why not.
        why: BadVkey,
    },
    /// A witness's key, where a log's belongs.
    #[error("line {0}: this is the key of a witness, not of a log")]
    Cosigner(usize),
    /// A key that stands there already.
    #[error("line {0}: this key stands there twice")]
    Twice(usize),
    /// There is none.
    #[error("it names no log")]
    None,
}

impl Logs {
    /// Reads a file of logs.
    pub fn parse(text: &str) -> Result<Self, BadLogs> {
        let mut logs = Self::default();
        for (text, line) in text.lines().zip(1..) {
            let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
            let key = match words.next() {
                None => continue,
                Some(word) if word.starts_with('#') || OTHER_LINES.contains(&word) => continue,
                Some("log") => words.next().unwrap_or_default(),
                Some(word) => word,
            };
            logs.add(key.parse().map_err(|why| BadLogs::Line { line, why })?, line)?;
        }
        if logs.0.is_empty() { Err(BadLogs::None) } else { Ok(logs) }
    }

    fn add(&mut self, key: Vkey, line: usize) -> Result<(), BadLogs> {
        // A log may sign with ML-DSA-44; with the other type of cosignature its word would be a witness's.
        if key.kind() == SignatureType::CosignatureEd25519 {
            return Err(BadLogs::Cosigner(line));
        }
        let log = self.0.entry(key.name().to_owned()).or_insert_with(|| Log { keys: Vec::new() });
        if log.keys.contains(&key) {
            return Err(BadLogs::Twice(line));
        }
        log.keys.push(key);
        Ok(())
    }

    /// The log of an origin.
    pub fn get(&self, origin: &str) -> Option<&Log> {
        self.0.get(origin)
    }

    /// The origins.
    pub fn origins(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Log {
    /// The keys that sign its checkpoints.
    pub fn keys(&self) -> &[Vkey] {
        &self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_list_of_keys_and_a_policy_name_the_same_logs() {
        let list = Logs::parse(&format!("# ours\n\n{KEY}\n")).unwrap();
        let policy = Logs::parse(&format!(
            "log {KEY} https://log.example/\nwitness w w+1 u\ngroup g any w\nquorum g\n"
        ));
        assert_eq!(list, policy.unwrap());
        assert_eq!(list.origins().collect::<Vec<_>>(), ["PeterNeumann"]);
    }

    #[test]
    fn a_bad_line_is_named() {
        let bad = |text: &str| Logs::parse(text).unwrap_err().to_string();
        assert!(bad("\nfoo").starts_with("line 2: it is not NAME+ID+KEY"), "{}", bad("\nfoo"));
        assert_eq!(bad(&format!("{KEY}\nlog {KEY}")), "line 2: this key stands there twice");
        assert_eq!(bad("# nothing\n"), "it names no log");
        assert!(bad("log").starts_with("line 1: "));
        let witness = crate::Key::generate("w").unwrap();
        assert_eq!(bad(&witness.vkey().to_string()), "line 1: this is the key of a witness, not of a log");
    }
}
