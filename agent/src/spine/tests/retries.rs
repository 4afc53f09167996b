//! When a request is asked again: each time composed anew, with an intent of its own, and the one before voided. What is not
//! asked again is here, too.

use std::time::Duration;

use token::lane::{Done, Fault};
use tokio::sync::oneshot;

use super::host::{Asked, Does};
use super::rig::Rig;
use super::site::name;

fn fails() -> Does {
    Does::Fails(Fault::Device("secret".into()))
}

fn untimely() -> Does {
    Does::Fails(Fault::Untimely("secret".into()))
}

/// Keys of the connector eu on both tokens, each with a host that does this first.
async fn both(one: Vec<Does>, two: Vec<Does>) -> (Rig, Asked, Asked) {
    let mut rig = Rig::new();
    let one = rig.provisioned("eu", "one", one).await;
    let two = rig.provisioned("eu", "two", two).await;
    (rig, one, two)
}

#[tokio::test]
pub(super) async fn a_lone_token_that_failed_once_is_asked_once_more() {
    let (rig, mut asked) = Rig::of([fails()]).await;
    let told = rig.ask("de").await;
    told.released();
    let [first, second] = &asked.assertions()[..] else { panic!("it was not asked twice") };
    assert_ne!(first.jti, second.jti);
    assert_eq!(told.body["jti"], *second.jti);
    rig.only_the_last_counts(told.log_index(), 2).await;
}

#[tokio::test]
pub(super) async fn a_lone_token_that_failed_twice_is_not_asked_again() {
    let (rig, mut asked) = Rig::of([fails(), fails()]).await;
    let problem = rig.ask("de").await.refused(503, "token-unavailable");
    assert!(!problem.detail.contains("secret"), "{}", problem.detail);
    assert_eq!(asked.assertions().len(), 2);
    rig.all_voided(2).await;
}

#[tokio::test]
pub(super) async fn where_one_token_fails_the_other_is_asked_by_its_own_key_and_none_twice() {
    let (rig, mut one, mut two) = both(vec![fails()], vec![fails()]).await;
    rig.ask("eu").await.refused(503, "token-unavailable");
    assert_eq!((one.assertions().len(), two.assertions().len()), (1, 1));
    rig.all_voided(2).await;
    // Both failed just now; whichever is asked signs.
    rig.ask("eu").await.released();
}

#[tokio::test]
pub(super) async fn what_goes_to_the_other_token_is_composed_anew_for_its_key() {
    let (rig, mut one, mut two) = both(vec![fails()], vec![]).await;
    let told = rig.ask("eu").await;
    told.released();
    let (first, second) = (one.assertions().remove(0), two.assertions().remove(0));
    assert_ne!((&first.jti, first.certificate), (&second.jti, second.certificate));
    assert_eq!(told.body["x5t_s256"], second.x5t_s256());
    rig.only_the_last_counts(told.log_index(), 2).await;
    let log = rig.log().await;
    let tokens: Vec<_> = log.intents().iter().map(|intent| intent.token.clone().unwrap()).collect();
    assert_eq!(tokens, ["one", "two"]);
}

#[tokio::test]
pub(super) async fn a_token_that_failed_just_now_is_asked_last() {
    let (rig, mut one, mut two) = both(vec![fails()], vec![]).await;
    for _ in 0..3 {
        rig.ask("eu").await.released();
    }
    assert_eq!((one.assertions().len(), two.assertions().len()), (1, 3));
}

#[tokio::test]
pub(super) async fn where_one_token_signed_wrongly_the_other_is_asked_and_the_first_intent_stays() {
    let (rig, mut one, mut two) = both(vec![Does::Gives(vec![0; 64])], vec![]).await;
    let told = rig.ask("eu").await;
    told.released();
    assert_eq!((one.assertions().len(), two.assertions().len()), (1, 1));
    let log = rig.log().await;
    assert_eq!(log.counted().len(), 2, "what came back counts, whosever it was");
    assert_eq!(log.counted()[1], told.log_index());
    assert_eq!(log.postures().len(), 1);
}

#[tokio::test]
pub(super) async fn a_lone_token_that_signed_wrongly_is_not_asked_again() {
    let (rig, mut asked) = Rig::of([Does::Gives(vec![0; 64])]).await;
    rig.ask("de").await.refused(500, "wrong-signature");
    assert_eq!(asked.assertions().len(), 1);
}

#[tokio::test]
pub(super) async fn what_was_too_old_for_its_host_is_dated_anew_once() {
    let (rig, mut asked) = Rig::of([untimely()]).await;
    let told = rig.ask("de").await;
    told.released();
    assert_eq!(asked.assertions().len(), 2);
    rig.only_the_last_counts(told.log_index(), 2).await;
}

#[tokio::test]
pub(super) async fn what_was_too_old_twice_is_refused() {
    let (rig, mut asked) = Rig::of([untimely(), untimely()]).await;
    let problem = rig.ask("de").await.refused(503, "message-untimely");
    assert_eq!(problem.retry_after, Some(3));
    assert_eq!(asked.assertions().len(), 2);
    rig.all_voided(2).await;
}

#[tokio::test]
pub(super) async fn who_waits_for_a_token_that_fails_meanwhile_turns_to_the_other() {
    let [(fail, failing), (sign, signing)] = [oneshot::channel(), oneshot::channel()];
    let first = vec![Does::Later(failing, fails().into()), Does::Later(signing, Does::Signs.into())];
    let (rig, mut one, mut two) = both(first, vec![]).await;
    // The other one is so slow that everybody prefers the first, and waits there.
    rig.front.tokens.signed(&name("two"), Duration::from_secs(5));
    let [fails, on_its_lane, waits] = [(); 3].map(|()| rig.asking("eu"));
    one.next().await;
    rig.waiting(1).await;
    fail.send(()).unwrap();
    fails.await.unwrap().released();
    waits.await.unwrap().released();
    assert_eq!(two.rest().len(), 2);
    sign.send(()).unwrap();
    on_its_lane.await.unwrap().released();
    assert_eq!((one.rest().len(), two.rest().len()), (1, 0));
    assert_eq!(rig.log().await.intents().len(), 4);
}

#[tokio::test]
pub(super) async fn a_proof_is_asked_again_as_an_assertion_is() {
    let (rig, mut asked) = Rig::of([fails()]).await;
    let told = rig.prove("de").await;
    told.released();
    assert_eq!(asked.rest().len(), 2);
    assert_eq!(rig.log().await.counted(), [told.log_index()]);
}

#[tokio::test]
pub(super) async fn an_answer_of_another_kind_is_no_reason_to_ask_a_lone_token_again() {
    let (rig, mut asked) = Rig::of([Does::Says(Done::Certificates(Vec::new()))]).await;
    rig.ask("de").await.refused(500, "token-failed");
    assert_eq!(asked.rest().len(), 1);
    rig.all_voided(1).await;
}
