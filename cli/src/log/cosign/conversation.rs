//! What is said to one witness about one checkpoint, and what its answers mean (C2SP tlog-witness).
//!
//! A pure core: an answer in, what to do out. A witness's words are bounded, and believed only as far as its signature goes.

use ledger::{Note, Signature, Vkey};
use quoted::Quoted;

use super::transport::{Answer, NoAnswer};

/// How far ahead of our clock a cosignature may be dated, in seconds.
const MAX_AHEAD: u64 = 300;
/// The most of a refusal's text that is repeated, in bytes.
const MAX_WHY: usize = 200;

/// What to do after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It signed.
    Signed(Vec<Signature>),
    /// It has a checkpoint of this size: prove from there.
    From(u64),
    /// Not now.
    Later(String),
    /// Not at all, until somebody mends it.
    Never(String),
}

/// Who answers there, and to what.
pub(super) struct Asked<'a> {
    pub(super) keys: &'a [Vkey],
    pub(super) text: &'a str,
    pub(super) size: u64,
    /// How many entries the log's files hold, which may be more.
    pub(super) log_size: u64,
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Whether it has said its size for this checkpoint already.
    pub(super) is_second: bool,
}

impl Asked<'_> {
    /// What an answer means.
    pub(super) fn hear(&self, answer: Result<Answer, NoAnswer>) -> Then {
        let answer = match answer {
            Ok(answer) => answer,
            Err(NoAnswer(why)) => return Then::Later(format!("no answer: {why}")),
        };
        match answer.status {
            200 => self.signed(&answer.body).unwrap_or_else(Then::Later),
            409 => self.conflict(&answer),
            300..400 => {
                Then::Never("it redirects, which is not followed: write its new URL into the policy".into())
            }
            400 => Then::Never(format!("it cannot read the request: {}", why(&answer))),
            403 => Then::Never(format!(
                "it has another key for this log ({}): give its operator the log's public key",
                why(&answer)
            )),
            404 => Then::Never(format!(
                "it does not know this log ({}): ask its operator to list it, and compare the URL",
                why(&answer)
            )),
            422 => Then::Never(format!(
                "it has seen ANOTHER HISTORY of this log ({}): keep both, compare what it shows for monitoring with yours, and find out who has \
                 changed the log",
                why(&answer)
            )),
            429 | 500.. => Then::Later(format!("status {}: {}", answer.status, why(&answer))),
            other => Then::Never(format!("it answers with status {other}: {}", why(&answer))),
        }
    }

    /// All lines have to be of its keys and of this checkpoint.
    fn signed(&self, body: &[u8]) -> Result<Then, String> {
        let lie = |what: &str| format!("its answer is not what it should be: {what}");
        let text = str::from_utf8(body).ok().and_then(|text| text.strip_suffix('\n'));
        let lines = text.ok_or_else(|| lie("no lines of signatures"))?.split('\n');
        let mut note = Note::new(self.text).map_err(|bad| lie(&bad.to_string()))?;
        for line in lines {
            let signature: Signature = line.parse().map_err(|_| lie("a line is no signature"))?;
            note.add(signature).map_err(|bad| lie(&bad.to_string()))?;
        }
        let signers = note.verify(self.keys).map_err(|bad| lie(&bad.to_string()))?;
        if signers
            .iter()
            .any(|signer| signer.time.is_none_or(|time| time == 0 || time > self.now + MAX_AHEAD))
        {
            return Err(lie("a cosignature's time is 0 or in the future; compare the clocks"));
        }
        // Signatures of keys that the policy does not name are nobody's.
        Ok(Then::Signed(note.only_by(self.keys).signatures().to_vec()))
    }

    fn conflict(&self, answer: &Answer) -> Then {
        let size = || str::from_utf8(&answer.body).ok()?.strip_suffix('\n')?.parse::<u64>().ok();
        match (answer.is_size, size()) {
            (true, Some(_)) if self.is_second => {
                Then::Later("it changes while it is asked: somebody else asks it, too".into())
            }
            (true, Some(size)) if size > self.size.max(self.log_size) => Then::Never(format!(
                "it has signed this log at {size} entries, and here are {}: the log was SET BACK, or has another history",
                self.log_size
            )),
            (true, Some(size)) if size > self.size => {
                Then::Later(format!("somebody else had it sign a newer checkpoint, of {size} entries"))
            }
            (true, Some(size)) => Then::From(size),
            _ => Then::Never(format!(
                "it has another root for this log, or cannot say which size it has: {}",
                why(answer)
            )),
        }
    }
}

/// A witness's own words.
fn why(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let text: String = text.trim().chars().take(MAX_WHY).collect();
    Quoted(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(status: u16, is_size: bool, body: &str) -> Then {
        let asked = Asked { keys: &[], text: "o\n5\nAAAA\n", size: 5, log_size: 7, now: 1, is_second: false };
        asked.hear(Ok(Answer { status, is_size, body: body.as_bytes().to_vec() }))
    }

    #[test]
    fn only_a_size_is_asked_from_again_and_only_the_busy_later() {
        assert_eq!(hear(409, true, "3\n"), Then::From(3));
        assert!(matches!(hear(409, true, "7\n"), Then::Later(_)), "the log is that long already");
        for (status, is_size, body) in
            [(409, false, "3\n"), (409, true, "3"), (409, true, "x\n"), (409, true, "8\n")]
        {
            assert!(matches!(hear(status, is_size, body), Then::Never(_)), "{status} {body:?}");
        }
        for status in [301, 307, 400, 403, 404, 405, 413, 418, 422, 100] {
            assert!(matches!(hear(status, false, ""), Then::Never(_)), "{status}");
        }
        for status in [200, 429, 500, 502, 503, 599] {
            assert!(matches!(hear(status, false, ""), Then::Later(_)), "{status}");
        }
    }

    #[test]
    fn what_a_witness_says_is_one_short_line() {
        let Then::Never(why) = hear(403, false, &"a\nb".repeat(1000)) else { panic!() };
        assert!(!why.contains('\n') && why.len() < 600, "{why}");
    }
}
