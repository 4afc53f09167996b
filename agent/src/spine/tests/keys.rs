//! Connectors that have no key to sign with, by what their token shows: each in its own words, and nothing is asked or
//! recorded.

use std::sync::Arc;

use hsm_config::{Algorithm, Flaw};
use token::control::HostState;

use super::host::{Asked, Host, report};
use super::key::Key;
use super::ledgers::Refusing;
use super::rig::Rig;
use super::site::SITE;

/// Wants an assertion and a proof refused with this code.
async fn is_refused(rig: &Rig, mut asked: Asked, code: &str) {
    for told in [rig.ask("de").await, rig.prove("de").await] {
        assert_eq!(told.refused(503, code).retry_after, Some(1));
    }
    assert!(asked.rest().is_empty(), "the token was asked for a signature");
    rig.all_voided(0).await;
}

/// Wants that with what the token shows, which holds the pinned key otherwise.
async fn is_refused_for(code: &str, show: impl FnOnce(&mut Host, &Key)) {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let (mut host, asked) = Host::of("de", &key, []);
    show(&mut host, &key);
    rig.serve("one", host).await;
    is_refused(&rig, asked, code).await;
}

#[tokio::test]
pub(super) async fn without_a_key_on_record_there_is_none() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    let (mut host, asked) = Host::of("de", &key, []);
    host.shown.keys.clear();
    rig.serve("one", host).await;
    is_refused(&rig, asked, "unprovisioned").await;
}

#[tokio::test]
pub(super) async fn a_key_that_the_log_does_not_know_signs_nothing() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    let (host, asked) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    is_refused(&rig, asked, "orphaned-key").await;
}

#[tokio::test]
pub(super) async fn a_certificate_that_the_log_does_not_know_says_that_the_log_is_lost() {
    let kept = [("de".to_owned(), "one".to_owned())];
    let mut rig = Rig::built(SITE, |_| {}, |parts| parts.kept = kept.into());
    let (mut host, asked) = Host::of("de", &Arc::new(Key::new()), []);
    host.shown.keys.clear();
    rig.serve("one", host).await;
    is_refused(&rig, asked, "log-lost").await;
}

#[tokio::test]
pub(super) async fn a_key_without_a_certificate_waits_for_one() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.generated("de", "one", &key).await;
    let (host, asked) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    is_refused(&rig, asked, "uncertified").await;
}

#[tokio::test]
pub(super) async fn a_key_whose_certificate_is_nowhere_signs_nothing() {
    is_refused_for("certificate-lost", |host, _| host.shown.certificates.clear()).await;
}

#[tokio::test]
pub(super) async fn a_certificate_of_another_key_is_none() {
    let other = Key::new();
    is_refused_for("certificate-lost", |host, _| host.shown.certificates = vec![other.certificate]).await;
}

#[tokio::test]
pub(super) async fn a_key_that_is_not_on_its_token_signs_nothing() {
    is_refused_for("key-missing", |host, _| host.shown.keys.clear()).await;
}

#[tokio::test]
pub(super) async fn another_key_under_the_pinned_ones_identifier_signs_nothing() {
    let other = Key::new();
    is_refused_for("key-mismatch", |host, key| {
        host.shown.keys[0].spki = other.public.spki().to_vec();
        assert_eq!(host.shown.keys[0].id, Some(key.id));
    })
    .await;
}

#[tokio::test]
pub(super) async fn two_keys_under_the_pinned_ones_identifier_are_none() {
    is_refused_for("key-mismatch", |host, key| host.shown.keys.push(report("de", key))).await;
}

#[tokio::test]
pub(super) async fn a_key_that_fails_a_requirement_signs_nothing() {
    is_refused_for("key-unfit", |host, _| host.shown.keys[0].flaws.push(Flaw::Extractable)).await;
}

#[tokio::test]
pub(super) async fn a_key_on_a_token_that_may_wrap_it_signs_nothing() {
    is_refused_for("key-unfit", |host, _| host.shown.token.wrapping_key = true).await;
}

#[tokio::test]
pub(super) async fn a_soft_tokens_key_signs_nothing_unless_that_is_allowed() {
    is_refused_for("software-token", |host, _| host.shown.token.software = true).await;
    let mut rig = Rig::configured(|text| text.replace("[ledger]", "allow_software_tokens = true\n[ledger]"));
    let key = Arc::new(Key::new());
    rig.pin("de", "one", &key).await;
    let (mut host, _asked) = Host::of("de", &key, []);
    host.shown.token.software = true;
    rig.serve("one", host).await;
    rig.ask("de").await.released();
}

#[tokio::test]
pub(super) async fn a_key_of_another_kind_than_is_configured_signs_nothing() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::rsa(Algorithm::PS256)));
    rig.pin("de", "one", &key).await;
    let (host, asked) = Host::of("de", &key, []);
    rig.serve("one", host).await;
    is_refused(&rig, asked, "key-kind").await;
}

#[tokio::test]
pub(super) async fn an_exception_that_cannot_be_recorded_is_not_in_force() {
    let excused = |text: &str| text.replacen("lanes = 1", "lanes = 1\nexceptions = [\"modifiable\"]", 1);
    let (mut rig, key) = (Rig::configured(excused), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let disk = Refusing::begin(&rig).await;
    let (mut host, mut asked) = Host::of("de", &key, []);
    host.shown.keys[0].flaws.push(Flaw::Modifiable);
    rig.serve("one", host).await;
    for told in [rig.ask("de").await, rig.prove("de").await] {
        told.refused(503, "exception-unrecorded");
    }
    disk.end();
    assert!(asked.rest().is_empty());
    rig.all_voided(0).await;
}

/// Wants that of a token whose host says this at the start.
async fn is_refused_while(state: HostState, words: &str) {
    let rig = Rig::new();
    rig.becomes("one", state);
    let told = rig.ask("de").await.refused(503, "token-unavailable");
    assert!(told.detail.contains(words) && !told.detail.contains("secret"), "{}", told.detail);
    rig.prove("de").await.refused(503, "token-unavailable");
    rig.all_voided(0).await;
}

#[tokio::test]
pub(super) async fn a_token_that_is_not_there_is_not_waited_for() {
    is_refused_while(HostState::Missing("secret".into()), "it is not there").await;
}

#[tokio::test]
pub(super) async fn a_token_that_waits_for_its_pin_is_not_waited_for() {
    is_refused_while(HostState::Locked, "it is not logged in").await;
}

#[tokio::test]
pub(super) async fn a_latched_token_is_not_waited_for() {
    is_refused_while(HostState::Latched("secret".into()), "it is not logged in").await;
}

#[tokio::test]
pub(super) async fn a_token_whose_pin_cannot_be_had_is_not_waited_for() {
    is_refused_while(HostState::NoPin("secret".into()), "it is not logged in").await;
}

#[tokio::test]
pub(super) async fn a_token_that_is_not_served_as_it_is_is_not_waited_for() {
    is_refused_while(HostState::Refused("secret".into()), "it is not served as it is").await;
}

#[tokio::test]
pub(super) async fn a_token_whose_first_host_fails_is_not_waited_for() {
    is_refused_while(HostState::Failed("secret".into()), "its host fails").await;
}
