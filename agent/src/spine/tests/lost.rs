//! Requests whose host or login went with them, and how often another is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use token::lane::Fault;

use super::host::{Does, Host};
use super::key::Key;
use super::rig::Rig;
use super::site::name;

#[tokio::test]
pub(super) async fn a_request_whose_host_left_is_composed_anew_for_the_next_host() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let (host, mut first) = Host::of("de", &key, [Does::Leaves]);
    rig.serve("one", host).await;
    let told = rig.asking("de");
    assert_eq!(rig.next_killed().await, name("one"));
    let (host, mut second) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    let told = told.await.unwrap();
    told.released();
    assert_ne!(first.assertions(), second.assertions());
    rig.only_the_last_counts(told.log_index(), 2).await;
}

/// Wants that a request is asked of so many hosts, each of which goes with it, and not of the next.
async fn is_asked_of(hosts: usize, goes: impl Fn() -> Does) {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    rig.serve("one", Host::of("de", &key, [goes()]).0).await;
    let told = rig.asking("de");
    for _ in 1..hosts {
        rig.next_killed().await;
        rig.serve("one", Host::of("de", &key, [goes()]).0).await;
    }
    rig.next_killed().await;
    let (host, mut next) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    told.await.unwrap().refused(503, "token-unavailable");
    assert!(next.rest().is_empty(), "another host was put at risk");
    rig.all_voided(hosts).await;
}

#[tokio::test]
pub(super) async fn a_request_that_lost_three_hosts_ends_no_fourth() {
    is_asked_of(3, || Does::Leaves).await;
}

#[tokio::test]
pub(super) async fn a_request_whose_module_broke_is_asked_of_one_more_host_and_of_no_third() {
    is_asked_of(2, || Does::Fails(Fault::Broken("secret".into()))).await;
}

#[tokio::test]
pub(super) async fn a_token_that_logs_in_again_is_asked_until_it_has() {
    let starting = || Does::Fails(Fault::Starting);
    let (mut rig, mut asked) = Rig::of([starting(), starting(), starting()]).await;
    let told = rig.ask("de").await;
    told.released();
    assert_eq!(asked.assertions().len(), 4);
    rig.only_the_last_counts(told.log_index(), 4).await;
    assert!(rig.killed().is_empty(), "its host stays");
}

/// As the log is after it: each question is an intent and a void.
#[tokio::test]
pub(super) async fn a_token_that_is_not_logged_in_is_asked_now_and_then_and_not_all_the_time() {
    const PAUSE: Duration = Duration::from_millis(100);
    let mut rig = Rig::configured(|text| text.replace("lanes = 1", "lanes = 1\ndeadline = \"400ms\""));
    let key = Arc::new(Key::new());
    rig.pin("de", "one", &key).await;
    let (host, mut asked) = Host::of("de", &key, (0..10_000).map(|_| Does::Fails(Fault::Starting)));
    rig.serve("one", host).await;
    let began = Instant::now();
    rig.ask("de").await.refused(503, "token-unavailable");
    let pauses = began.elapsed().div_duration_f64(PAUSE);
    let questions = asked.assertions().len();
    assert!(questions > 1 && (questions as f64) < pauses + 2.0, "{questions} questions in {pauses} pauses");
}

#[tokio::test]
pub(super) async fn a_silent_token_is_given_up_at_its_deadline_and_its_host_has_to_go() {
    let mut rig = Rig::configured(|text| text.replace("lanes = 1", "lanes = 1\ndeadline = \"100ms\""));
    let key = Arc::new(Key::new());
    rig.pin("de", "one", &key).await;
    let (host, mut asked) = Host::of("de", &key, [Does::Hangs]);
    rig.serve("one", host).await;
    let told = rig.asking("de");
    assert_eq!(rig.next_killed().await, name("one"));
    // A call that may still come to its end is not repeated.
    let (host, mut next) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    told.await.unwrap().refused(503, "token-unavailable");
    assert_eq!((asked.rest().len(), next.rest().len()), (1, 0));
    rig.all_voided(1).await;
}

#[tokio::test]
pub(super) async fn where_one_token_is_silent_the_other_signs() {
    let quick = |text: &str| text.replacen("lanes = 1", "lanes = 1\ndeadline = \"100ms\"", 1);
    let mut rig = Rig::configured(quick);
    let _one = rig.provisioned("eu", "one", [Does::Hangs]).await;
    let _two = rig.provisioned("eu", "two", []).await;
    let told = rig.ask("eu").await;
    told.released();
    rig.only_the_last_counts(told.log_index(), 2).await;
    assert_eq!(rig.killed(), [(name("one"), 1)]);
}
