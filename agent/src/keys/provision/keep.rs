//! A certificate is kept: a copy in the state directory, one beside the key on its token, and its digest in the ledger.
//!
//! Nothing is lost on the way that customers may hold: what the token has and the ledger never named is copied to the state
//! directory before it is replaced, and only what the ledger named before is removed.

use std::io;

use api::Problem;
use axum::http::StatusCode;
use token::lane::{Done, Work};
use token::message::Thumbprint;
use token::{KeyLocation, PublicKey, Sha256};

use super::ProvisionJob;
use crate::keys::certificates::Store;
use crate::spine::draft::SigningKey;

impl ProvisionJob<'_> {
    /// The certificates that customers may hold of a key that was adopted: all that its folder or its token has of it.
    pub(super) async fn left(&self, key: &SigningKey) -> Result<Vec<Vec<u8>>, Problem> {
        let kept = self.store(key).kept().await;
        let mut found = kept.map_err(|error| unusable(&error, "The state directory cannot be read"))?;
        found.extend(self.on_token(key).await?);
        let is_its = |public: PublicKey| public.sha256() == key.pin.spki_sha256;
        found.retain(|der| PublicKey::from_certificate(der).is_ok_and(is_its));
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Stores a certificate in the state directory and on the token, then records it. Only then the one before it is
    /// removed, so that a kill at any point leaves the recorded one.
    pub(super) async fn keep(&self, key: &SigningKey, certificate: &[u8]) -> Result<(), Problem> {
        let before = self.recorded();
        let thumbprint = Thumbprint::of(certificate);
        let digest = thumbprint.sha256();
        let was_there = self.store(key).read(digest).await.is_some();
        self.copy(key, certificate).await?;
        // Beside a key that its module named, it would replace what others have there.
        if !matches!(KeyLocation::of(key.pin.id), Some(KeyLocation::Object(_))) {
            let put = self.put_on_token(key, certificate, before).await;
            if put.as_ref().is_err_and(is_refusal) && !was_there {
                // Nobody has seen it, and a copy that stayed would count as one that customers may hold.
                self.tidy(key, digest).await;
            }
            put?;
        }
        let entry = self.entry("certified", key.pin.id).certificate_sha256(digest.to_string());
        self.record_lifecycle(entry.certificate_sha1(thumbprint.sha1_hex())).await?;
        if let Some(before) = before.filter(|before| *before != digest) {
            self.tidy(key, before).await;
        }
        Ok(())
    }

    async fn tidy(&self, key: &SigningKey, digest: Sha256) {
        let tidied = self.store(key).remove(digest).await;
        let _ = tidied.inspect_err(|error| tracing::warn!(%error, "an old certificate stays behind"));
    }

    /// Puts a copy into the state directory, beside those that are there.
    pub(super) async fn copy(&self, key: &SigningKey, certificate: &[u8]) -> Result<(), Problem> {
        let written = self.store(key).write(certificate).await;
        written.map_err(|error| unusable(&error, "The state directory cannot be written"))
    }

    /// Stores a certificate on the token, where it replaces the key's others.
    async fn put_on_token(
        &self,
        key: &SigningKey,
        certificate: &[u8],
        before: Option<Sha256>,
    ) -> Result<(), Problem> {
        let there = self.on_token(key).await?;
        if there.iter().any(|stored| stored == certificate) {
            return Ok(());
        }
        for stored in there.iter().filter(|stored| Some(Sha256::of(stored)) != before) {
            self.copy(key, stored).await?;
        }
        let (connector, certificate) = (self.name.clone(), certificate.to_vec());
        self.ask(Work::StoreCertificate { key: key.pin, certificate, connector }).await.map(drop)
    }

    async fn on_token(&self, key: &SigningKey) -> Result<Vec<Vec<u8>>, Problem> {
        match self.ask(Work::Certificates { key: key.pin }).await? {
            Done::Certificates(told) => Ok(told),
            _ => Err(self.unexpected()),
        }
    }

    fn store(&self, key: &SigningKey) -> Store {
        Store::of(&self.front.agent.state_dir, key)
    }
}

/// Whether the token refused, and has what it had. Of any other failure nobody knows how far it came.
fn is_refusal(problem: &Problem) -> bool {
    problem.status == StatusCode::CONFLICT.as_u16()
}

fn unusable(error: &io::Error, what: &str) -> Problem {
    tracing::error!(%error, "the certificates in the state directory cannot be used");
    Problem::unavailable("state-unavailable", what, "Free space or mend the disk.")
}
