//! Requests that are not well-formed. Nothing of them reaches the rules, a token or the log.

use api::path::{ASSERTIONS, HEALTH, PROOFS};
use serde_json::{Value, json};

use super::rig::Rig;
use super::site::{CLIENT_ID, OBJECT_ID, TENANT};
use crate::http::Surface;

fn pair(tenant: &str, client_id: &str) -> Value {
    json!({ "tenant": tenant, "client_id": client_id })
}

#[tokio::test]
pub(super) async fn a_path_that_is_no_text_or_no_connectors_name_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    rig.ask_with("%ff", &pair(TENANT, CLIENT_ID)).await.refused(400, "invalid-path");
    rig.ask_with("De", &pair(TENANT, CLIENT_ID)).await.refused(400, "invalid-connector");
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn a_body_with_anything_but_the_two_fields_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    let theirs = json!({ "tenant": TENANT, "client_id": CLIENT_ID, "jti": "mine" });
    for body in [theirs, json!([TENANT, CLIENT_ID]), json!({ "tenant": TENANT }), Value::Null] {
        rig.ask_with("de", &body).await.refused(400, "invalid-body");
    }
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn a_body_over_its_limit_is_refused_however_well_formed() {
    let (rig, mut asked) = Rig::of([]).await;
    let body = format!("{}{}", pair(TENANT, CLIENT_ID), " ".repeat(api::MAX_BODY));
    let path = ASSERTIONS.replace("{connector}", "de");
    rig.post(Surface::Agent, &path, &body).await.refused(413, "body-too-large");
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn what_is_not_one_tenant_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    for tenant in ["", "common", "a/../b"] {
        rig.ask_with("de", &pair(tenant, CLIENT_ID)).await.refused(400, "invalid-tenant");
    }
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn what_is_no_client_id_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    for client_id in ["", "a b"] {
        rig.ask_with("de", &pair(TENANT, client_id)).await.refused(400, "invalid-client-id");
    }
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn another_method_and_an_admins_path_on_the_callers_socket_are_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    let proof = json!({ "object_id": OBJECT_ID, "reason": "r" }).to_string();
    rig.post(Surface::Agent, &PROOFS.replace("{connector}", "de"), &proof).await.refused(404, "no-such-path");
    rig.post(Surface::Agent, HEALTH, "").await.refused(405, "method-not-allowed");
    rig.only_counted(&mut asked, &[]).await;
}

#[tokio::test]
pub(super) async fn a_proof_without_a_whole_reason_is_refused() {
    let (rig, mut asked) = Rig::of([]).await;
    for reason in ["", &"x".repeat(129)] {
        let body = json!({ "object_id": OBJECT_ID, "reason": reason });
        rig.prove_with("de", &body).await.refused(400, "invalid-reason");
    }
    rig.only_counted(&mut asked, &[]).await;
}
