//! Who waits for a token, and until when.

use std::time::Duration;

use hsm_config::Config;
use tokio::sync::mpsc;

use super::*;
use crate::tokens::queue::MAX_WAITING_EACH;

const TOKENS: &str = r#"
[agent]
state_dir = "/s"
[ledger]
origin = "vendor.example/kunci"
[tokens.soft]
kind = "pkcs11"
module = "/m.so"
uri = "pkcs11:token=soft"
pin = { file = "/p" }
deadline = "2s"
"#;

fn tokens() -> (Tokens, [Name; 1]) {
    let config = Config::parse(TOKENS, std::path::Path::new("/k/kunci.toml")).unwrap();
    (Tokens::new(&config, mpsc::unbounded_channel().0), ["soft".parse().unwrap()])
}

fn ready() -> HostState {
    HostState::Ready { serial: "1".into() }
}

fn ended() -> HostState {
    HostState::Failed("its process ended".into())
}

#[test]
fn only_a_token_that_starts_or_was_served_and_needs_nobody_is_waited_for() {
    let (tokens, names) = tokens();
    assert!(tokens.is_coming(&names), "who came in with the start waits for it");
    tokens.host_changed(&names[0], 0, ended());
    assert!(!tokens.is_coming(&names), "it was never there");
    tokens.host_changed(&names[0], 0, ready());
    tokens.host_changed(&names[0], 0, ended());
    assert!(tokens.is_coming(&names));
    for state in [HostState::Locked, HostState::Missing("x".into()), HostState::Latched("x".into())] {
        tokens.host_changed(&names[0], 0, state);
        assert!(!tokens.is_coming(&names), "a person is waited for");
    }
}

/// A token whose host went so long ago.
fn gone_for(away: Duration) -> (Tokens, [Name; 1]) {
    let (tokens, names) = tokens();
    tokens.host_changed(&names[0], 0, ready());
    tokens.host_changed(&names[0], 0, ended());
    tokens.tokens[&names[0]].state().reconnect.since = Some(Instant::now() - away);
    (tokens, names)
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn a_request_waits_until_there_is_news() {
    let (tokens, names) = tokens();
    tokens.host_changed(&names[0], 0, ended());
    assert!(matches!(tokens.await_news(&names, &None, later()).await, Err(AskError::Gone)));
    let (tokens, names) = gone_for(Duration::ZERO);
    let (waited, ()) = tokio::join!(tokens.await_news(&names, &None, later()), async {
        tokens.news(&names[0]);
    });
    assert!(waited.is_ok());
}

#[tokio::test]
async fn a_request_waits_as_long_as_its_tokens_absence_may_last_whenever_it_came() {
    // Its deadline is 2 s: a host that comes back at all takes no longer than 5.
    for (away, left) in [(0, 5000), (4000, 1000)] {
        let (tokens, names) = gone_for(Duration::from_millis(away));
        let since = tokens.tokens[&names[0]].state().since().unwrap();
        let (_, over) = tokens.coming(&names, since + Duration::from_millis(away)).unwrap();
        assert_eq!(over - since, Duration::from_millis(away + left));
    }
    // Of its 5 s, 4.9 have passed, or all of them.
    for away in [4900, 5000] {
        let (tokens, names) = gone_for(Duration::from_millis(away));
        assert!(matches!(tokens.await_news(&names, &None, later()).await, Err(AskError::Gone)));
    }
    // No longer than the request itself may.
    let (tokens, names) = gone_for(Duration::ZERO);
    let until = Instant::now() + Duration::from_millis(50);
    assert!(matches!(tokens.await_news(&names, &None, until).await, Err(AskError::Gone)));
    assert!(tokens.is_coming(&names), "the token is waited for still");
}

#[test]
fn all_that_a_request_waits_for_has_a_bound_that_follows_from_its_tokens() {
    let (tokens, names) = tokens();
    // Twice the deadline for its turn, and the wait for another host.
    assert_eq!(tokens.patience(&names), Duration::from_secs(2 + 2 + 5));
    assert_eq!(tokens.patience(&[]), Duration::ZERO);
    // And then its own call, and the one before it on its lane.
    let config = Config::parse(TOKENS, std::path::Path::new("/k/kunci.toml")).unwrap();
    assert_eq!(longest(&config), Duration::from_secs(2 + 2 + 5 + 2 + 2));
}

#[test]
fn a_token_that_goes_again_before_it_signed_is_not_waited_for_anew() {
    let (tokens, names) = gone_for(Duration::from_secs(5));
    let entry = &tokens.tokens[&names[0]];
    tokens.host_changed(&names[0], 0, ready());
    tokens.host_changed(&names[0], 0, ended());
    assert!(!tokens.is_coming(&names));
    // A signature of a host that has gone says nothing of the next one.
    tokens.returned(&names[0], 0);
    assert!(entry.state().reconnect.since.is_some());
    // Once it has served for long, if only nobody asked, it is another matter.
    tokens.host_changed(&names[0], 0, ready());
    let served = Instant::now() - SERVED;
    (entry.state().reconnect.since, entry.state().reconnect.ready) = (Some(served - SERVED), Some(served));
    tokens.host_changed(&names[0], 0, ended());
    assert!(tokens.is_coming(&names));
}

#[tokio::test]
async fn the_lobby_is_as_bounded_as_the_queue() {
    let (tokens, names) = tokens();
    tokens.host_changed(&names[0], 0, ready());
    tokens.host_changed(&names[0], 0, ended());
    let mut waiting = tokio::task::JoinSet::new();
    let tokens = Arc::new(tokens);
    let wait = |waiting: &mut tokio::task::JoinSet<_>| {
        let (tokens, names) = (tokens.clone(), names.clone());
        waiting.spawn(async move { tokens.await_news(&names, &None, later()).await });
    };
    (0..=MAX_WAITING_EACH).for_each(|_| wait(&mut waiting));
    let first = waiting.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(AskError::Busy(_))));
    assert_eq!(tokens.pace(&names[0]).unwrap().1, MAX_WAITING_EACH);
    tokens.news(&names[0]);
    while let Some(roused) = waiting.join_next().await {
        roused.unwrap().unwrap();
    }
}
