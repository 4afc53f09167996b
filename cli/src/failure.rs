//! Why a command did not do its job: the agent's own problem details, or ours in the same form (RFC 9457).
//!
//! The exit code says whose fault it is. What the agent sent is kept byte for byte, so that `--json` changes nothing.

use std::io;
use std::path::Path;

use api::Problem;
use hsm_config::Problems;
use hyper::body::Bytes;
use quoted::Quoted;
use serde_json::Value;

/// How a command ends, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Yes.
    Yes = 0,
    /// It worked, and what it found is bad.
    Finding = 1,
    /// Usage, configuration or files that cannot be read.
    Usage = 2,
    /// The agent or a token is not available.
    Unavailable = 3,
    /// Refused by policy.
    Refused = 4,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the command ends.
    pub(crate) exit: Exit,
    /// What failed and what to do.
    pub(crate) problem: Box<Problem>,
    /// The problem as JSON: the bytes that the agent sent, or ours.
    pub(crate) json: Bytes,
    /// Whoever read our output hung up; there is nobody to tell.
    pub(crate) silent: bool,
}

impl Failure {
    /// What the agent answered instead of a result.
    pub(crate) fn of_agent(status: u16, body: Bytes) -> Self {
        let problem: Box<Problem> =
            serde_json::from_slice(&body).unwrap_or_else(|_| Box::new(partial(status, &body)));
        Self { exit: exit_of(&problem), problem, json: body, silent: false }
    }

    /// The command line, a file or the configuration is at fault.
    pub(crate) fn usage(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ours(Exit::Usage, 400, code, title, detail)
    }

    /// The command line cannot be read, in the words of its reader.
    pub(crate) fn misused(said: &str) -> Self {
        let (title, rest) = said.trim_start_matches("error: ").split_once('\n').unwrap_or((said, ""));
        let detail: Vec<_> = rest.split_whitespace().collect();
        Self::usage("usage", title, detail.join(" "))
    }

    /// The agent or a token is away.
    pub(crate) fn unavailable(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ours(Exit::Unavailable, 503, code, title, detail)
    }

    /// Not allowed.
    pub(crate) fn refused(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ours(Exit::Refused, 403, code, title, detail)
    }

    /// A question was answered with no.
    pub(crate) fn finding(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::ours(Exit::Finding, 409, code, title, detail)
    }

    /// A file cannot be read or written.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        let title = format!("{}: {error}", Quoted::path(path));
        Self::usage(
            "file-unusable",
            title,
            "Check the path, its owner and its mode, and the space on the disk.",
        )
    }

    /// The configuration is broken; as JSON each problem has its own place and code.
    pub(crate) fn configuration(problems: &Problems) -> Self {
        let title = match problems.len() {
            1 => "The configuration has a problem".to_owned(),
            many => format!("The configuration has {many} problems"),
        };
        let mut failure = Self::usage("invalid-configuration", title, problems.to_string());
        if let (Ok(Value::Object(mut object)), Ok(list)) =
            (serde_json::to_value(&failure.problem), serde_json::to_value(problems))
        {
            object.insert("problems".to_owned(), list);
            failure.json = Value::Object(object).to_string().into();
        }
        failure
    }

    fn ours(
        exit: Exit,
        status: u16,
        code: &str,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let problem = Problem {
            kind: format!("urn:kunci:problem:{code}"),
            status,
            code: code.to_owned(),
            title: title.into(),
            detail: detail.into(),
            retry_after: None,
        };
        let json = serde_json::to_vec(&problem).unwrap_or_default().into();
        Self { exit, problem: Box::new(problem), json, silent: false }
    }
}

impl From<io::Error> for Failure {
    /// Our own output cannot be written.
    fn from(error: io::Error) -> Self {
        let failure =
            Self::usage("output-unwritable", format!("The output cannot be written: {error}"), "Free it.");
        Self { silent: error.kind() == io::ErrorKind::BrokenPipe, ..failure }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        (exit as u8).into()
    }
}

/// A soft token is refused by policy whatever the status; a conflict is something that was found.
fn exit_of(problem: &Problem) -> Exit {
    match (problem.status, problem.code.as_str()) {
        (_, "software-token") | (401 | 403 | 429, _) => Exit::Refused,
        (409, _) => Exit::Finding,
        (500.., _) => Exit::Unavailable,
        _ => Exit::Usage,
    }
}

/// What can be read of an answer that is not whole problem details, as of a server that is too full for them.
fn partial(status: u16, body: &[u8]) -> Problem {
    let found: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |field: &str, other: String| found[field].as_str().map_or(other, str::to_owned);
    let code = text("code", "unexpected-answer".to_owned());
    Problem {
        kind: text("type", format!("urn:kunci:problem:{code}")),
        status,
        title: text("title", format!("The agent answered with status {status}")),
        detail: text("detail", "Try again; the agent's own log says more.".to_owned()),
        retry_after: None,
        code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(status: u16, code: &str) -> Exit {
        let body = format!(r#"{{"type":"t","status":{status},"code":"{code}","title":"T","detail":"D"}}"#);
        Failure::of_agent(status, body.into()).exit
    }

    #[test]
    fn each_class_of_problem_has_its_exit_code() {
        assert_eq!(exit(400, "invalid-body"), Exit::Usage);
        assert_eq!(exit(404, "no-such-token"), Exit::Usage);
        assert_eq!(exit(422, "reload-refused"), Exit::Usage);
        assert_eq!(exit(403, "tenant-not-granted"), Exit::Refused);
        assert_eq!(exit(429, "rate-exceeded"), Exit::Refused);
        assert_eq!(exit(503, "software-token"), Exit::Refused);
        assert_eq!(exit(409, "certificate-mismatch"), Exit::Finding);
        assert_eq!(exit(503, "token-unavailable"), Exit::Unavailable);
        assert_eq!(exit(500, "token-failed"), Exit::Unavailable);
    }

    #[test]
    fn of_several_the_worst_counts_whichever_came_last() {
        let all = [Exit::Finding, Exit::Refused, Exit::Yes, Exit::Unavailable, Exit::Usage];
        assert_eq!(all.into_iter().max(), Some(Exit::Refused));
        assert_eq!(Exit::Unavailable.max(Exit::Finding), Exit::Unavailable);
        assert!(all.into_iter().all(|exit| exit >= Exit::Yes));
    }

    #[test]
    fn what_the_agent_sent_is_kept_byte_for_byte() {
        let body = Bytes::from_static(
            b"{ \"code\" : \"too-many-connections\", \"title\":\"Too many connections\" }",
        );
        let failure = Failure::of_agent(503, body.clone());
        assert_eq!(failure.json, body);
        assert_eq!(failure.problem.code, "too-many-connections");
        assert_eq!(failure.exit, Exit::Unavailable);
    }

    #[test]
    fn an_answer_that_is_not_json_is_still_a_problem() {
        let failure = Failure::of_agent(502, Bytes::from_static(b"<html>"));
        assert_eq!(failure.problem.code, "unexpected-answer");
    }
}
