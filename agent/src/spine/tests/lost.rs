//! Requests whose host or login went with them, and how often another is waited for.

use std::sync::Arc;

use hsm_config::Name;
use token::lane::Fault;

use super::host::{Does, Host};
use super::key::Key;
use super::rig::Rig;
use super::site::name;
use crate::ipc::link::FromFront;

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

#[tokio::test]
pub(super) async fn a_request_that_lost_three_hosts_ends_no_fourth() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let (host, _) = Host::of("de", &key, [Does::Leaves]);
    rig.serve("one", host).await;
    let told = rig.asking("de");
    for _ in 0..2 {
        rig.next_killed().await;
        let (host, _) = Host::of("de", &key, [Does::Leaves]);
        rig.serve("one", host).await;
    }
    told.await.unwrap().refused(503, "token-unavailable");
    rig.all_voided(3).await;
}

#[tokio::test]
pub(super) async fn a_request_whose_module_broke_is_asked_of_one_more_host_and_of_no_third() {
    let broken = || Does::Fails(Fault::Broken("secret".into()));
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let (host, _first) = Host::of("de", &key, [broken()]);
    rig.serve("one", host).await;
    let told = rig.asking("de");
    rig.next_killed().await;
    let (host, _second) = Host::of("de", &key, [broken()]);
    rig.serve("one", host).await;
    told.await.unwrap().refused(503, "token-unavailable");
    assert_eq!(rig.next_killed().await, name("one"));
    rig.all_voided(2).await;
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

#[tokio::test]
pub(super) async fn a_silent_token_is_given_up_at_its_deadline_and_its_host_has_to_go() {
    let mut rig = Rig::configured(|text| text.replace("lanes = 1", "lanes = 1\ndeadline = \"100ms\""));
    let mut asked = rig.provisioned("de", "one", [Does::Hangs]).await;
    rig.ask("de").await.refused(503, "token-unavailable");
    assert_eq!(asked.assertions().len(), 1, "a call that may still come to its end is not repeated");
    assert_eq!(rig.killed(), [(name("one"), 1)]);
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

impl Rig {
    /// The next token whose host has to go, once the front says so.
    async fn next_killed(&mut self) -> Name {
        loop {
            if let FromFront::Kill { token, .. } = self.next_word().await {
                return token;
            }
        }
    }
}
