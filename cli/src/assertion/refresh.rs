//! A file with an assertion that never grows old, for clients that read one (AZURE_FEDERATED_TOKEN_FILE).
//!
//! The wall clock tells once how long an assertion lives; all waiting is by the monotonic clock.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::Assertion;
use quoted::Quoted;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::{Arguments, fetch, save};
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// An assertion is replaced after this part of its lifetime.
const PART: u32 = 4;
/// The shortest wait between two assertions, whatever the clock says.
const SHORTEST: Duration = Duration::from_millis(250);
/// The first and the longest wait after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Keeps the file fresh until a signal ends it.
pub(super) async fn keep(
    arguments: &Arguments,
    file: &Path,
    socket: &Path,
    print: &Printer,
) -> Result<Exit, Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(Exit::Yes),
        _ = terminate.recv() => Ok(Exit::Yes),
        failure = renew(arguments, file, socket, print) => Err(failure),
    }
}

/// Ends only if the very first assertion cannot be had.
async fn renew(arguments: &Arguments, file: &Path, socket: &Path, print: &Printer) -> Failure {
    let mut wait = match once(arguments, file, socket, print).await {
        Ok(lifetime) => pause(lifetime),
        Err(failure) => return failure,
    };
    let mut back_off = BACK_OFF.0;
    loop {
        sleep(wait).await;
        match once(arguments, file, socket, print).await {
            Ok(lifetime) => (wait, back_off) = (pause(lifetime), BACK_OFF.0),
            Err(failure) => {
                print.failure(&failure);
                print.note(&format!(
                    "{} stays as it is; trying again in {} s",
                    Quoted::path(file),
                    back_off.as_secs()
                ));
                (wait, back_off) = (back_off, (back_off * 2).min(BACK_OFF.1));
            }
        }
    }
}

async fn once(
    arguments: &Arguments,
    file: &Path,
    socket: &Path,
    print: &Printer,
) -> Result<Duration, Failure> {
    let (body, assertion) = fetch(arguments, socket).await?;
    save(file, &assertion)?;
    if print.json {
        print.json(&body)?;
    } else if arguments.verbose {
        print.note(&words(&assertion));
    }
    Ok(lifetime(assertion.expires_at, SystemTime::now()))
}

/// A fresh assertion in one line, without the assertion.
pub(super) fn words(assertion: &Assertion) -> String {
    let Assertion { jti, expires_at, log_index, .. } = assertion;
    format!("new assertion: jti {jti}, expires at {expires_at}, log entry {log_index}")
}

fn lifetime(expires_at: i64, now: SystemTime) -> Duration {
    let expires = UNIX_EPOCH + Duration::from_secs(u64::try_from(expires_at).unwrap_or(0));
    expires.duration_since(now).unwrap_or_default()
}

fn pause(lifetime: Duration) -> Duration {
    (lifetime / PART).max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_replaced_after_a_quarter_of_its_lifetime() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(pause(lifetime(1_600, now)), Duration::from_secs(150));
    }

    #[test]
    fn a_clock_that_is_ahead_does_not_make_it_spin() {
        let now = UNIX_EPOCH + Duration::from_secs(9_000);
        assert_eq!(pause(lifetime(1_600, now)), SHORTEST);
        assert_eq!(pause(lifetime(-1, now)), SHORTEST);
    }
}
