//! What is voided because it provably never left, and what is not, because a signature came back that may be good somewhere.

use std::sync::Arc;

use token::Message;
use token::control::HostState;
use token::lane::{Answer, Done, encode};
use token::message::Assertion;
use tokio::sync::oneshot;

use super::host::Does;
use super::key::Key;
use super::rig::Rig;
use super::site::name;

/// Wants that what came back is refused as a signature: the intent stays, and a posture entry has its digest.
async fn stays(gives: Does) {
    let (rig, _asked) = Rig::of([gives]).await;
    rig.ask("de").await.refused(500, "wrong-signature");
    let log = rig.log().await;
    let ([intent], [posture]) = (&log.intents()[..], &log.postures()[..]) else { panic!("not one of each") };
    assert_eq!(log.counted().len(), 1, "no void may hide it");
    assert_eq!(posture.reason.as_deref(), Some("wrong-signature"));
    assert_eq!((&posture.digest, &posture.jti, &posture.key), (&intent.digest, &intent.jti, &intent.key));
    assert_eq!((&posture.connector, &posture.token), (&intent.connector, &intent.token));
    assert_eq!(rig.front.gates.in_flight(), 0);
}

#[tokio::test]
pub(super) async fn garbage_is_no_signature() {
    stays(Does::Gives(vec![0x5a; 64])).await;
}

#[tokio::test]
pub(super) async fn nothing_is_no_signature() {
    stays(Does::Gives(Vec::new())).await;
}

#[tokio::test]
pub(super) async fn another_keys_signature_of_the_very_message_is_refused() {
    stays(Does::SignsBy(Arc::new(Key::new()))).await;
}

#[tokio::test]
pub(super) async fn the_pinned_keys_signature_of_another_message_is_refused() {
    let (mut rig, key) = (Rig::new(), Arc::new(Key::new()));
    rig.pin("de", "one", &key).await;
    let other = Assertion {
        certificate: token::message::Thumbprint::of(&key.certificate),
        aud: "https://login.example/contoso.example/oauth2/v2.0/token".into(),
        client_id: "mine".into(),
        jti: "mine".into(),
        iat: 1_000,
        exp: 1_300,
    };
    let signature = key.sign(&Message::Assertion(other));
    let (host, _asked) = super::host::Host::of("de", &key, [Does::Gives(signature)]);
    rig.serve("one", host).await;
    rig.ask("de").await.refused(500, "wrong-signature");
    assert_eq!(rig.log().await.counted().len(), 1);
}

#[tokio::test]
pub(super) async fn an_answer_to_another_question_is_none_and_ends_its_host() {
    lost(Does::Misnumbers).await;
}

#[tokio::test]
pub(super) async fn a_frame_that_cannot_be_read_is_no_answer_and_ends_its_host() {
    lost(Does::Sends(b"not a frame".to_vec())).await;
}

#[tokio::test]
pub(super) async fn an_answer_with_bytes_behind_it_is_none_and_ends_its_host() {
    let mut frame = encode(&Answer { id: 2, outcome: Ok(Done::Signature(vec![1; 64])) }).unwrap();
    frame.push(0);
    lost(Does::Sends(frame)).await;
}

/// Wants that the question counts as lost with its host: it is voided, and its host has to go.
async fn lost(answer: Does) {
    let (mut rig, _asked) = Rig::of([answer]).await;
    let mut told = rig.asking("de");
    tokio::select! {
        _ = rig.next_killed() => {}
        told = &mut told => panic!("its host stays, and the answer is {told:?}"),
    }
    rig.becomes("one", HostState::Missing("secret".into()));
    told.await.unwrap().refused(503, "token-unavailable");
    rig.all_voided(1).await;
}

#[tokio::test]
pub(super) async fn what_a_token_signed_while_its_connector_was_frozen_is_voided_and_never_leaves() {
    for proof in [false, true] {
        let (word, later) = oneshot::channel();
        let (rig, mut asked) = Rig::of([Does::Later(later, Does::Signs.into())]).await;
        let rig = Arc::new(rig);
        let told = if proof {
            let rig = rig.clone();
            tokio::spawn(async move { rig.prove("de").await })
        } else {
            rig.asking("de")
        };
        asked.next().await;
        let gate = rig.front.gates.gate(&name("de"));
        gate.shut();
        word.send(()).unwrap();
        told.await.unwrap().refused(403, "connector-frozen");
        gate.drained().await;
        rig.all_voided(1).await;
    }
}

#[tokio::test]
pub(super) async fn a_freeze_waits_for_an_answer_until_its_last_byte_is_gone() {
    let (rig, _asked) = Rig::of([]).await;
    let told = rig.ask("de").await;
    told.released();
    let gate = rig.front.gates.gate(&name("de"));
    gate.shut();
    let landed = tokio::spawn({
        let gate = gate.clone();
        async move { gate.drained().await }
    });
    tokio::task::yield_now().await;
    assert!(!landed.is_finished(), "an answer is in flight");
    let index = told.log_index();
    drop(told);
    landed.await.unwrap();
    assert_eq!(rig.log().await.counted(), [index]);
}

#[tokio::test]
pub(super) async fn what_was_signed_for_a_client_that_went_away_is_on_record_and_not_voided() {
    let (word, later) = oneshot::channel();
    let (rig, mut asked) = Rig::of([Does::Later(later, Does::Signs.into())]).await;
    let told = rig.asking("de");
    asked.next().await;
    // As hyper drops a handler whose connection is gone.
    told.abort();
    assert!(told.await.unwrap_err().is_cancelled());
    word.send(()).unwrap();
    rig.front.gates.gate(&name("de")).drained().await;
    let log = rig.log().await;
    assert_eq!((log.intents().len(), log.counted().len()), (1, 1));
}

#[tokio::test]
pub(super) async fn what_failed_for_a_client_that_went_away_is_voided_all_the_same() {
    let (word, later) = oneshot::channel();
    let fails = Does::Fails(token::lane::Fault::KeyMissing);
    let (rig, mut asked) = Rig::of([Does::Later(later, fails.into())]).await;
    let told = rig.asking("de");
    asked.next().await;
    told.abort();
    word.send(()).unwrap();
    rig.front.gates.gate(&name("de")).drained().await;
    rig.all_voided(1).await;
}
