//! What a request waits for, for how long, and what ends the wait. Nothing is composed or recorded meanwhile.

use std::sync::Arc;
use std::time::Duration;

use token::KeyId;
use token::control::HostState;
use token::lane::Work;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use super::host::{Asked, Does, Host};
use super::key::Key;
use super::rig::Rig;
use super::site::{SITE, name};
use crate::spine::policy::Policy;
use crate::tokens::SLOW_DEADLINE;

/// A front with a key of the connector de, whose host has not come yet, and the host.
async fn absent() -> (Rig, Host, Asked) {
    let (rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let (host, asked) = Host::of("de", &key, []);
    (rig, host, asked)
}

#[tokio::test]
pub(super) async fn who_comes_before_the_first_host_is_answered_when_it_is_there() {
    let (mut rig, host, _asked) = absent().await;
    let told = rig.asking("de");
    rig.waiting(1).await;
    rig.serve("one", host).await;
    let told = told.await.unwrap();
    told.released();
    assert_eq!(rig.log().await.counted(), [told.log_index()]);
}

#[tokio::test]
pub(super) async fn a_wait_for_a_host_ends_where_a_person_is_needed() {
    for state in [HostState::Locked, HostState::Missing("secret".into()), HostState::Failed("secret".into())]
    {
        let (mut rig, host, mut asked) = absent().await;
        rig.lanes("one", host);
        let told = rig.asking("de");
        rig.waiting(1).await;
        rig.becomes("one", state);
        told.await.unwrap().refused(503, "token-unavailable");
        assert!(asked.rest().is_empty());
        rig.all_voided(0).await;
    }
}

#[tokio::test]
pub(super) async fn a_freeze_ends_the_wait_for_a_host() {
    let (rig, _host, _asked) = absent().await;
    let told = rig.asking("de");
    rig.waiting(1).await;
    rig.front.gates.gate(&name("de")).shut();
    rig.front.tokens.rouse();
    told.await.unwrap().refused(403, "connector-frozen");
    rig.front.gates.gate(&name("de")).drained().await;
    rig.all_voided(0).await;
}

#[tokio::test]
pub(super) async fn a_connector_that_a_reload_took_away_is_not_waited_for() {
    let (rig, _host, _asked) = absent().await;
    let told = rig.asking("de");
    rig.waiting(1).await;
    let (none, text) = (Default::default(), SITE.split("# On one token.").next().unwrap());
    rig.front.set_policy(Policy::new(&rig.resolved(text), none));
    rig.front.tokens.rouse();
    told.await.unwrap().refused(403, "connector-not-granted");
    rig.all_voided(0).await;
}

#[tokio::test]
pub(super) async fn nothing_is_composed_for_who_waits_in_front_of_a_token_and_a_freeze_lets_none_of_it_begin()
{
    let (word, later) = oneshot::channel();
    let (rig, mut asked) = Rig::of([Does::Later(later, Does::Signs.into())]).await;
    let told: Vec<_> = (0..5).map(|_| rig.asking("de")).collect();
    asked.next().await;
    rig.waiting(3).await;
    rig.front.gates.gate(&name("de")).shut();
    word.send(()).unwrap();
    for told in told {
        told.await.unwrap().refused(403, "connector-frozen");
    }
    // Two lay on the lane when it was shut.
    rig.all_voided(2).await;
}

#[tokio::test]
pub(super) async fn who_would_wait_for_longer_than_the_deadline_is_refused_at_once_and_told_when_to_come() {
    let (word, later) = oneshot::channel();
    let (rig, mut asked) = Rig::of([Does::Later(later, Does::Signs.into())]).await;
    // One that takes a minute for a signature, with a deadline of ten seconds.
    rig.front.tokens.signed(&name("one"), Duration::from_secs(60));
    let first = rig.asking("de");
    asked.next().await;
    let problem = rig.ask("de").await.refused(503, "token-busy");
    assert_eq!(problem.retry_after, Some(51));
    word.send(()).unwrap();
    first.await.unwrap().released();
    assert_eq!(rig.log().await.intents().len(), 1);
}

#[tokio::test]
pub(super) async fn who_waited_for_twice_the_deadline_is_refused_and_nothing_was_composed() {
    let mut rig = Rig::configured(|text| text.replace("lanes = 1", "lanes = 1\ndeadline = \"100ms\""));
    let mut asked = rig.provisioned("de", "one", []).await;
    let front = rig.front.clone();
    // A key is being made, which has the lane for itself.
    let work = Work::Generate { connector: name("de"), id: KeyId([1; 16]) };
    let _making =
        tokio::spawn(async move { front.tokens.ask_within(&name("one"), work, SLOW_DEADLINE).await });
    yield_now().await;
    rig.ask("de").await.refused(503, "token-busy");
    assert!(asked.rest().is_empty());
    rig.all_voided(0).await;
}

#[tokio::test]
pub(super) async fn one_caller_fills_its_part_of_the_queue_and_no_more() {
    let (word, later) = oneshot::channel();
    let (rig, mut asked) = Rig::of([Does::Later(later, Does::Signs.into())]).await;
    let mut told: Vec<_> = (0..2).map(|_| rig.asking("de")).collect();
    asked.next().await;
    told.extend((0..256).map(|_| rig.asking("de")));
    rig.waiting(256).await;
    assert_eq!(rig.ask("de").await.refused(503, "token-busy").retry_after, Some(1));
    word.send(()).unwrap();
    for told in told {
        told.await.unwrap().released();
    }
}
