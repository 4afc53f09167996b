//! A message about to be signed: composed by the agent from what was granted, with the agent's own times and ids.
//!
//! A [`Draft`] is built from a caller's or an admin's grant only. It knows its signing input, its entry in the ledger and the
//! key that is to sign it; it becomes a [`super::signed::Signed`] by verification and in no other way.

use std::sync::Arc;

use api::Problem;
use hsm_config::{Algorithm, Name};
use ledger::{Caller, Entry, Kind};
use token::message::{
    Assertion, Certificate, MAX_LIFETIME_S, MessageError, PROOF_AUDIENCE, Proof, Request, Thumbprint,
};
use token::{KeyRef, Message, PublicKey, Sha256, random};

use super::policy::{AdminGrant, Application, Grant};

/// No audience that the configuration lets through is cut in the ledger.
const _: () = assert!(hsm_config::MAX_AUDIENCE_BYTES <= ledger::MAX_AUD_BYTES);

/// The key that is to sign: exactly the pinned one.
#[derive(Clone)]
pub struct SigningKey {
    /// Whose key.
    pub connector: Name,
    /// On which token.
    pub token: Name,
    /// The pin of the ledger's `generated` entry.
    pub pin: KeyRef,
    /// The public key with that digest.
    pub public: Arc<PublicKey>,
    /// The algorithm of the connector's assertions.
    pub algorithm: Algorithm,
}

/// A composed, unsigned message.
pub struct Draft {
    key: SigningKey,
    message: Message,
    signing_input: Vec<u8>,
    intent: Entry,
}

/// A message that cannot be composed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NotComposed(#[from] MessageError);

impl Draft {
    /// A client assertion: its times, `jti` and thumbprint are the agent's, never the caller's.
    pub fn assertion(
        grant: &Grant,
        key: SigningKey,
        certificate: Thumbprint,
        now: i64,
    ) -> Result<Self, NotComposed> {
        let (connector, request) = (grant.connector(), grant.request());
        let lifetime = i64::try_from(connector.lifetime.as_secs()).unwrap_or(i64::MAX);
        let assertion = Assertion {
            certificate,
            aud: connector.audience_for(request.tenant()),
            client_id: request.client_id().as_str().to_owned(),
            jti: fresh_jti(),
            iat: now,
            exp: now.saturating_add(lifetime),
        };
        let intent = entry(grant.caller())
            .tenant(request.tenant().as_str())
            .client_id(&*assertion.client_id)
            .aud(&*assertion.aud)
            .jti(&*assertion.jti)
            .exp(assertion.exp);
        Self::compose(key, Message::Assertion(assertion), intent)
    }

    /// A key-roll proof: for an application that the connector serves, with the agent's times and thumbprint.
    pub fn proof(
        grant: &AdminGrant,
        application: &Application,
        key: SigningKey,
        certificate: Thumbprint,
        now: i64,
    ) -> Result<Self, NotComposed> {
        let (object_id, exp) = (application.object_id().to_owned(), now.saturating_add(MAX_LIFETIME_S));
        let intent = entry(grant.caller())
            .tenant(application.tenant())
            .aud(PROOF_AUDIENCE)
            .exp(exp)
            .object_id(&*object_id);
        let proof = Proof { certificate, object_id, nbf: now, exp };
        Self::compose(key, Message::Proof(proof), intent)
    }

    /// A self-signed certificate.
    pub fn certificate(
        grant: &AdminGrant,
        key: SigningKey,
        certificate: Certificate,
    ) -> Result<Self, NotComposed> {
        let intent = entry(grant.caller()).reason("self-signed certificate");
        Self::compose(key, Message::Certificate(certificate), intent)
    }

    /// A certificate request.
    pub fn request(grant: &AdminGrant, key: SigningKey, request: Request) -> Result<Self, NotComposed> {
        let intent = entry(grant.caller()).reason("certificate request");
        Self::compose(key, Message::Request(request), intent)
    }

    /// With an admin's words on why.
    pub fn because(mut self, reason: &str) -> Self {
        self.intent = self.intent.reason(reason);
        self
    }

    fn compose(key: SigningKey, message: Message, intent: Entry) -> Result<Self, NotComposed> {
        let signing_input = message.signing_input(key.algorithm, &key.public)?;
        let intent = intent
            .connector(key.connector.as_str())
            .key(key.pin.id.to_string())
            .token(key.token.as_str())
            .digest(Sha256::of(&signing_input).to_string())
            .message(message.kind());
        Ok(Self { key, message, signing_input, intent })
    }

    /// The key that is to sign.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The typed message, as the host gets it.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The bytes that the signature must be over.
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The ledger's entry.
    pub fn intent(&self) -> Entry {
        self.intent.clone()
    }
}

impl From<NotComposed> for Problem {
    fn from(error: NotComposed) -> Self {
        // Callers' fields were judged before: what is wrong now is a configuration or a fault of ours.
        tracing::error!(%error, "a message cannot be composed");
        Self::internal("The message cannot be composed")
    }
}

fn entry(caller: &Caller) -> Entry {
    Entry::new(Kind::Intent).caller(caller.clone())
}

/// A random UUID (RFC 9562 section 5.4).
fn fresh_jti() -> String {
    uuid::Builder::from_random_bytes(random()).into_uuid().hyphenated().to_string()
}
