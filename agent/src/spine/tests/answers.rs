//! What leaves: signed by the pinned key, composed by the agent, and on record as exactly what it is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hsm_config::Algorithm;
use serde_json::{Value, json};
use token::Sha256;
use token::message::{MAX_LIFETIME_S, PROOF_AUDIENCE};

use super::host::Host;
use super::key::{DAY_S, Key};
use super::rig::Rig;
use super::site::{CLIENT_ID, OBJECT_ID, TENANT};
use crate::records::clock::Reading;

/// A compact JWS, taken apart.
struct Jws {
    input: String,
    header: Value,
    claims: Value,
    signature: Vec<u8>,
}

impl Jws {
    fn of(text: &str) -> Self {
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let [header, claims, signature] = text.split('.').collect::<Vec<_>>()[..] else { panic!("{text}") };
        Self {
            input: format!("{header}.{claims}"),
            header: serde_json::from_slice(&decoded(header)).unwrap(),
            claims: serde_json::from_slice(&decoded(claims)).unwrap(),
            signature: decoded(signature),
        }
    }
}

/// A front whose connector de signs so, its key, and nothing else.
async fn signing(key: Key, algorithm: Algorithm) -> (Rig, Arc<Key>) {
    let of = r#"key = "p-256"
algorithm = "ES256""#;
    let kind = key.public.kind();
    let new = format!("key = \"{kind}\"\nalgorithm = \"{algorithm}\"");
    let (mut rig, key) = (Rig::configured(|text| text.replace(of, &new)), Arc::new(key));
    rig.pin("de", "one", &key).await;
    rig.serve("one", Host::of("de", &key, []).0).await;
    (rig, key)
}

/// Wants an assertion and a proof that the pinned key verifies, and that the log has the very bytes that were signed.
async fn verifies(key: Key, algorithm: Algorithm, named_by: &str) {
    let (rig, key) = signing(key, algorithm).await;
    for told in [rig.ask("de").await, rig.prove("de").await] {
        let jws = Jws::of(told.released());
        assert!(key.public.verifies(algorithm, jws.input.as_bytes(), &jws.signature));
        assert_eq!(jws.header["alg"], json!(algorithm));
        assert!(jws.header[named_by].is_string(), "{}", jws.header);
        let log = rig.log().await;
        let intent = log.at(told.log_index());
        assert_eq!(intent.digest.as_deref(), Some(&*Sha256::of(jws.input.as_bytes()).to_string()));
        assert_eq!(intent.key.as_deref(), Some(&*key.id.to_string()));
    }
    assert_eq!(rig.log().await.counted().len(), 2);
}

#[tokio::test]
async fn an_es256_key_signs_what_its_public_key_verifies() {
    verifies(Key::new(), Algorithm::ES256, "x5t#S256").await;
}

#[tokio::test]
async fn a_ps256_key_signs_what_its_public_key_verifies() {
    verifies(Key::rsa(Algorithm::PS256), Algorithm::PS256, "x5t#S256").await;
}

#[tokio::test]
async fn an_rs256_key_signs_what_its_public_key_verifies() {
    verifies(Key::rsa(Algorithm::RS256), Algorithm::RS256, "x5t").await;
}

#[tokio::test]
async fn an_assertion_says_what_was_granted_and_nothing_of_the_callers_besides() {
    let (rig, _asked) = Rig::of([]).await;
    let (before, told, after) = (Reading::now().seconds(), rig.ask("de").await, Reading::now().seconds());
    let claims = Jws::of(told.released()).claims;
    let (iat, jti) = (claims["iat"].as_i64().unwrap(), claims["jti"].clone());
    assert!((before..=after).contains(&iat));
    let aud = format!("https://login.example/{TENANT}/oauth2/v2.0/token");
    let expected = json!({
        "aud": aud, "iss": CLIENT_ID, "sub": CLIENT_ID, "jti": jti, "nbf": iat, "iat": iat, "exp": iat + 300
    });
    assert_eq!(claims, expected);
    assert_eq!((&told.body["jti"], &told.body["expires_at"]), (&jti, &json!(iat + 300)));
    let log = rig.log().await;
    let intent = log.at(told.log_index());
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!(intent.caller.as_ref().unwrap().uid, uid);
    assert_eq!((intent.tenant.as_deref(), intent.client_id.as_deref()), (Some(TENANT), Some(CLIENT_ID)));
    assert_eq!((intent.aud.as_deref(), intent.exp), (Some(&*aud), Some(iat + 300)));
    assert_eq!((intent.jti.as_deref(), intent.message.as_deref()), (jti.as_str(), Some("assertion")));
}

#[tokio::test]
async fn a_proof_says_its_application_and_is_on_record_with_its_reason() {
    let (rig, _asked) = Rig::of([]).await;
    let told = rig.prove("de").await;
    let claims = Jws::of(told.released()).claims;
    let nbf = claims["nbf"].as_i64().unwrap();
    let exp = nbf + MAX_LIFETIME_S;
    assert_eq!(claims, json!({ "aud": PROOF_AUDIENCE, "iss": OBJECT_ID, "nbf": nbf, "exp": exp }));
    assert_eq!(told.body["expires_at"], exp);
    let log = rig.log().await;
    let intent = log.at(told.log_index());
    assert_eq!(
        (intent.reason.as_deref(), intent.object_id.as_deref()),
        (Some("yearly roll"), Some(OBJECT_ID))
    );
    assert_eq!((intent.message.as_deref(), intent.tenant.as_deref()), (Some("proof"), Some(TENANT)));
}

#[tokio::test]
async fn every_answer_has_a_jti_and_a_record_of_its_own() {
    let (rig, _asked) = Rig::of([]).await;
    let asking: Vec<_> = (0..20).map(|_| rig.asking("de")).collect();
    let (mut ids, mut indices) = (Vec::new(), Vec::new());
    for told in asking {
        let told = told.await.unwrap();
        ids.push(Jws::of(told.released()).claims["jti"].as_str().unwrap().to_owned());
        indices.push(told.log_index());
    }
    ids.sort();
    ids.dedup();
    indices.sort_unstable();
    assert_eq!(ids.len(), 20);
    assert_eq!(rig.log().await.counted(), indices);
}

#[tokio::test]
async fn a_record_is_durable_before_its_answer() {
    let (rig, _asked) = Rig::of([]).await;
    for _ in 0..5 {
        let told = rig.ask("de").await;
        told.released();
        assert!(rig.front.journal.size() > told.log_index());
    }
}

#[tokio::test]
async fn a_certificate_that_is_over_signs_only_where_there_is_no_other() {
    let mut rig = Rig::new();
    let over = Arc::new(Key::good(-2 * DAY_S, -DAY_S));
    rig.pin("eu", "one", &over).await;
    let (host, mut by_the_old) = Host::of("eu", &over, []);
    rig.serve("one", host).await;
    rig.ask("eu").await.released();
    assert_eq!(by_the_old.rest().len(), 1);
    let mut by_the_new = rig.provisioned("eu", "two", []).await;
    for _ in 0..3 {
        rig.ask("eu").await.released();
    }
    assert_eq!((by_the_old.rest().len(), by_the_new.rest().len()), (0, 3));
}
