use super::*;
use crate::supervisor::Event;
use crate::supervisor::child::News;
use std::path::Path;

fn host() -> Host {
    let text = include_str!("../resolve/trial.toml");
    let config = hsm_config::Config::parse(text, Path::new("/k/kunci.toml")).unwrap();
    let (name, token) = config.tokens.into_iter().next().unwrap();
    Host::new(HostConfig { name, token, uses: Vec::new(), ledger: Default::default(), known: None })
}

fn ready() -> Report {
    Report::State(HostState::Ready { serial: "1".into() })
}

fn outcome() -> Report {
    Report::Outcome { serial: "1".into(), outcome: LoginOutcome::Accepted }
}

fn say(host: &mut Host, report: Report) {
    host.heard(report, Instant::now()).unwrap();
}

/// Whether it is taken for hung by the time that no module should need.
fn is_hung_by_and_by(host: &mut Host) -> bool {
    (0..100).any(|_| host.hangs().is_some())
}

#[test]
fn a_host_that_starts_and_says_nothing_is_hung() {
    let mut host = host();
    assert!(host.hangs().is_none());
    assert!(is_hung_by_and_by(&mut host));
}

#[test]
fn a_host_that_waits_for_a_token_or_a_person_is_not_hung() {
    for state in [HostState::Missing("x".into()), HostState::Locked, HostState::Latched("x".into())] {
        let mut host = host();
        say(&mut host, Report::State(state));
        assert!(!is_hung_by_and_by(&mut host));
    }
}

#[test]
fn a_host_that_does_not_come_back_from_a_login_is_hung_in_any_state() {
    let mut host = host();
    say(&mut host, Report::State(HostState::Locked));
    host.trying = true;
    assert!(is_hung_by_and_by(&mut host));
}

/// A host that lost its login and got it back was ready all the time, as far as its words go.
#[test]
fn a_host_that_logged_in_again_is_not_hung() {
    let mut host = host();
    say(&mut host, ready());
    host.trying = true;
    say(&mut host, outcome());
    assert!(!is_hung_by_and_by(&mut host));
}

#[test]
fn a_host_gets_its_tokens_environment_and_nothing_of_ours_but_what_is_named() {
    let mut host = host();
    host.config.token.env.insert("SOFTHSM2_CONF".into(), "/x".into());
    let command = host.command();
    let names: Vec<&str> = command.get_envs().filter_map(|(name, _)| name.to_str()).collect();
    let allowed =
        |name: &&str| ENVIRONMENT.contains(name) || ["RUST_BACKTRACE", "SOFTHSM2_CONF"].contains(name);
    assert!(names.iter().all(allowed) && names.contains(&"SOFTHSM2_CONF"), "{names:?}");
}

#[test]
fn only_a_change_is_news() {
    let (mut host, now) = (host(), Instant::now());
    assert!(host.heard(ready(), now).unwrap().is_some());
    assert!(host.heard(ready(), now).unwrap().is_none());
    assert!(host.heard(Report::State(HostState::Locked), now).unwrap().is_some());
    assert!(host.heard(Report::Touch(true), now).unwrap().is_some());
}

#[test]
fn a_host_that_says_too_many_words_in_a_second_is_a_flood() {
    let (mut host, now) = (host(), Instant::now());
    for _ in 0..MAX_WORDS {
        assert!(host.heard(ready(), now).is_ok());
    }
    assert_eq!(host.heard(Report::Touch(false), now), Err(Flood));
    assert!(host.heard(outcome(), now).is_ok(), "a login's words have a bound of their own");
    assert!(host.heard(ready(), now + SECOND).is_ok());
}

#[test]
fn a_hosts_texts_are_cut() {
    let long = || "é".repeat(40_000);
    let texts = [
        Report::State(HostState::Failed(long())),
        Report::State(HostState::Ready { serial: long() }),
        Report::Outcome { serial: "1".into(), outcome: LoginOutcome::Refused(long()) },
    ];
    for report in texts {
        let mut host = host();
        let heard = host.heard(report, Instant::now()).unwrap();
        assert!(serde_json::to_vec(&heard).unwrap().len() < 2 * MAX_TEXT_BYTES);
        assert!(serde_json::to_vec(&host.word()).unwrap().len() < 2 * MAX_TEXT_BYTES);
    }
}

#[tokio::test]
async fn a_host_that_says_why_it_fails_is_not_told_another_reason_by_the_end_of_its_lanes() {
    for heard_first in [true, false] {
        let mut host = host();
        let (inbox, _events) = tokio::sync::mpsc::channel(1);
        let id = host.id();
        let news = move |news: News<Report>| Event::Host(id.clone(), news);
        host.child = Some(Child::start(Command::new("cat"), inbox, news).unwrap());
        let own = HostState::Failed("the module does not load".into());
        if heard_first {
            say(&mut host, Report::State(own.clone()));
        }
        host.end("a lane or the module failed".into(), Over::Nothing);
        if !heard_first {
            say(&mut host, Report::State(own.clone()));
        }
        assert_eq!(host.state, own);
        host.ended(std::process::ExitStatus::default());
        assert_eq!(host.state, own);
    }
}
