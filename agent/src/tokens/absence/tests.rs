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

#[tokio::test]
async fn a_request_waits_until_there_is_news_and_no_longer_than_its_token_may_take() {
    let (tokens, names) = tokens();
    tokens.host_changed(&names[0], 0, ended());
    assert!(matches!(tokens.await_news(&names, &None, Instant::now()).await, Err(AskError::Gone)));
    tokens.host_changed(&names[0], 0, ready());
    tokens.host_changed(&names[0], 0, ended());
    let (waited, ()) = tokio::join!(tokens.await_news(&names, &None, Instant::now()), async {
        tokens.news(&names[0]);
    });
    assert!(waited.is_ok());
    // Of its 2 s, 1.9 have passed, or all of them.
    for spent in [1900, 2000] {
        let (now, spent) = (Instant::now(), Duration::from_millis(spent));
        assert!(matches!(tokens.await_news(&names, &None, now - spent).await, Err(AskError::Gone)));
        assert!(now.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn a_token_that_goes_again_before_it_signed_is_not_waited_for_anew() {
    let (tokens, names) = tokens();
    tokens.host_changed(&names[0], 0, ready());
    let entry = &tokens.tokens[&names[0]];
    entry.state().absence.since = Some(Instant::now() - Duration::from_secs(2));
    tokens.host_changed(&names[0], 0, ended());
    assert!(!tokens.is_coming(&names));
    // A signature of a host that has gone says nothing of the next one.
    tokens.returned(&names[0], 0);
    assert!(entry.state().absence.since.is_some());
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
        waiting.spawn(async move { tokens.await_news(&names, &None, Instant::now()).await });
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
