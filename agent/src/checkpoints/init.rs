//! The ledger's key comes to be, in the steps of a connector's key and as durably: `generating`, the key itself, which the
//! supervisor then knows, `generated` with its vkey. Killed at any point it can be run again: what is pinned is carried on, and a
//! key that is not signs nothing, for ever.

use std::sync::Arc;

use api::{InitKey, LedgerKey, Problem};
use hsm_config::{KeyType, Name};
use ledger::{Entry, Kind, SignatureType, Vkey};
use token::control::LEDGER_LABEL;
use token::lane::{Done, KeyReport, LedgerWork, Work};
use token::{KeyId, KeyRef, PublicKey};

use super::key;
use super::ledger_signer::LedgerSigner;
use crate::front::{Front, activation, outlook};
use crate::keys::lifecycle::Lifecycle;
use crate::keys::posture::{Posture, findings};
use crate::keys::readiness::{Reason, fit};
use crate::keys::{ledger_key, places};
use crate::records::journal;
use crate::spine::policy::AdminGrant;
use crate::spine::run_to_completion::run_to_completion;
use crate::tokens::{AskError, SLOW_DEADLINE, Survey};

/// What to do about the key of a log that this one does not know.
const ORPHANED: &str = "If the state directory was lost, restore a copy of it. If there is none, write an origin into [ledger] that \
                        was never used, restart, and run `kunci log init-key --new-log`: the old key is left alone and signs \
                        nothing any more.";
/// The same where it may be anybody's: a YubiKey's slots have no labels.
const UNLABELLED: &str = "Nobody accounts for a key in one of the slots 82 to 95, which may have signed the checkpoints of a log that \
                          was lost: then restore a copy of the state directory or, if there is none, write an origin into [ledger] \
                          that was never used, and restart. After that, or if the key is somebody else's, run `kunci log init-key \
                          --new-log`: it is left alone.";
/// What to do where the log knows nothing of the keys and certificates that are there.
const LOST: &str = "Nothing was made. Stop the agent and restore the log if there is a copy of it. If there is none, take over the keys \
                    that are yours first (`kunci token check`), write an origin into [ledger] that was never used, restart, and run \
                    `kunci log init-key --new-log`.";

/// The ledger's key on its token, being made.
struct InitJob<'a> {
    front: &'a Front,
    grant: &'a AdminGrant,
    token: &'a Name,
}

/// Makes the ledger's key, or tells of the one that is there. Always runs to completion, whether the client stays or not.
pub(crate) async fn init_key(
    front: Arc<Front>,
    grant: AdminGrant,
    how: InitKey,
) -> Result<LedgerKey, Problem> {
    run_to_completion(async move {
        let _alone = front.provisioning.lock().await;
        let token = front.checkpoints.token().cloned().ok_or_else(no_token)?;
        InitJob { front: &front, grant: &grant, token: &token }.run(&how).await
    })
    .await
}

impl InitJob<'_> {
    async fn run(&self, how: &InitKey) -> Result<LedgerKey, Problem> {
        let survey = key::search(self.front, self.token).await.map_err(|error| self.told(&error))?;
        self.allow_software(&survey)?;
        if let Some(recorded) = key::recorded(self.front) {
            self.is_in_its_place(&recorded)?;
            let signer = key::eligible(self.front, self.token, &recorded, survey.clone()).await?;
            return Ok(self.made("unchanged", &signer, &survey));
        }
        if !how.new_log {
            self.is_unused(&survey)?;
            self.is_not_lost().await?;
        }
        let (signer, survey) = self.make(survey).await?;
        Ok(self.made("created", &signer, &survey))
    }

    /// Makes and pins the key.
    async fn make(&self, mut survey: Survey) -> Result<(LedgerSigner, Survey), Problem> {
        self.sound(&survey)?;
        let id = self.fresh().await?;
        self.record("generating", id, |entry| entry).await?;
        let Done::Generated(report) = self.ask(LedgerWork::Generate { id }).await? else {
            return Err(self.told(&AskError::Unexpected));
        };
        survey.keys.retain(|other| other.id != report.id);
        survey.keys.push(report.clone());
        let (pin, vkey) = self.pin(id, &report, &survey)?;
        let serial = survey.token.serial.clone();
        let pinned = |entry: Entry| {
            entry.spki_sha256(pin.spki_sha256.to_string()).serial(serial).vkey(vkey.to_string())
        };
        self.record("generated", id, pinned).await?;
        let recorded = key::recorded(self.front).ok_or_else(|| self.told(&AskError::Unexpected))?;
        let signer = key::eligible(self.front, self.token, &recorded, survey.clone()).await?;
        Ok((signer, survey))
    }

    async fn fresh(&self) -> Result<KeyId, Problem> {
        let Done::Identifier(id) = self.ask(LedgerWork::Identify).await? else {
            return Err(self.told(&AskError::Unexpected));
        };
        let token = self.token.as_str();
        let is_used = self.front.with_lifecycle(|lifecycle| {
            lifecycle.known_as(token, id).is_some() || lifecycle.ledger().knows(token, id)
        });
        if is_used { Err(self.told(&AskError::Unexpected)) } else { Ok(id) }
    }

    /// The pin and the vkey of a new key, if it is fit.
    fn pin(&self, id: KeyId, report: &KeyReport, survey: &Survey) -> Result<(KeyRef, Vkey), Problem> {
        let public = report
            .public_key()
            .ok_or_else(|| unfit(self.token, "its public key is of no type that Kunci uses"))?;
        let pin = KeyRef { id, spki_sha256: public.sha256() };
        fit(pin, self.token, survey, &key::policy(self.front, self.token))?;
        let vkey = vkey(self.front.checkpoints.origin(), &public);
        Ok((pin, vkey.ok_or_else(|| unfit(self.token, "a key of its kind signs no checkpoints"))?))
    }

    /// A key that is recorded signs where it is, and only as long as it is known what it signed.
    fn is_in_its_place(&self, recorded: &ledger_key::LedgerKey) -> Result<(), Problem> {
        if recorded.token != self.token.as_str() {
            let title = format!("The log's key is on the token {}", recorded.token);
            let detail =
                "Nothing was changed. Write that token into [ledger], or a new origin if the key is lost.";
            return Err(Problem::conflict("ledger-key-elsewhere", title, detail));
        }
        let is_known = recorded.pin().is_some_and(|pin| self.front.checkpoints.knows(pin.spki_sha256));
        match is_known {
            true => Ok(()),
            false => Err(Reason::CheckpointsLost(self.front.checkpoints.origin().into())
                .conflict("The log's key signs nothing any more")),
        }
    }

    /// A key of an unknown log's is there: somebody may hold checkpoints that it signed.
    fn is_unused(&self, survey: &Survey) -> Result<(), Problem> {
        let token = self.token.as_str();
        let is_unknown = |lifecycle: &Lifecycle, report: &KeyReport| match report.label == LEDGER_LABEL {
            true => !report.id.is_some_and(|id| lifecycle.ledger().knows(token, id)),
            false => places::is_unaccounted(lifecycle, self.token, report),
        };
        let unknown = self.front.with_lifecycle(|lifecycle| {
            survey
                .keys
                .iter()
                .find(|report| is_unknown(lifecycle, report))
                .map(|report| report.label.is_empty())
        });
        match unknown {
            None => Ok(()),
            Some(false) => Err(Problem::conflict("orphaned-ledger-key", self.orphaned(), ORPHANED)),
            Some(true) => Err(Problem::conflict("orphaned-ledger-key", self.orphaned(), UNLABELLED)),
        }
    }

    fn orphaned(&self) -> String {
        format!("The token {} holds a key of a log that this one does not know", self.token)
    }

    /// A log that was lost does not look whole by a key of its own. What the tokens hold is asked for where nobody did yet; one that
    /// is away tells nothing.
    async fn is_not_lost(&self) -> Result<(), Problem> {
        for token in self.front.tokens.names().filter(|token| self.front.tokens.survey(token).is_none()) {
            if let Err(error) = activation::survey(self.front, token).await {
                tracing::debug!(%token, %error, "what the token holds is not known");
            }
        }
        match outlook::log_is_new(self.front) {
            false => Ok(()),
            true => Err(Problem::conflict(
                Reason::LogIsNew.code(),
                "The log was lost, and a key of its own would hide that",
                LOST,
            )),
        }
    }

    fn allow_software(&self, survey: &Survey) -> Result<(), Problem> {
        match survey.token.software && !self.front.agent.allow_software_tokens {
            true => Err(Reason::Software(self.token.clone()).conflict("The token's keys can be copied")),
            false => Ok(()),
        }
    }

    fn sound(&self, survey: &Survey) -> Result<(), Problem> {
        match Posture::of_token(survey, self.front.tokens.exceptions(self.token)).failed.first() {
            None => Ok(()),
            Some(flaw) => {
                Err(Reason::Unfit(self.token.clone(), *flaw).conflict("The token is not fit for a key"))
            }
        }
    }

    async fn record(&self, state: &str, id: KeyId, more: impl FnOnce(Entry) -> Entry) -> Result<(), Problem> {
        let entry = Entry::new(Kind::Lifecycle).token(self.token.as_str()).key(id.to_string()).state(state);
        let entry = more(entry.caller(self.grant.caller().clone()));
        self.front.record_lifecycle(entry).await.map(drop).map_err(|error| journal::unavailable(&error))
    }

    async fn ask(&self, work: LedgerWork) -> Result<Done, Problem> {
        let answer = self.front.tokens.ask_within(self.token, Work::Ledger(work), SLOW_DEADLINE).await;
        answer.map_err(|error| self.told(&error))
    }

    fn told(&self, error: &AskError) -> Problem {
        self.front.tokens.told(self.token, error)
    }

    fn made(&self, outcome: &str, signer: &LedgerSigner, survey: &Survey) -> LedgerKey {
        LedgerKey {
            outcome: outcome.to_owned(),
            origin: self.front.checkpoints.origin().to_owned(),
            vkey: signer.vkey.to_string(),
            token: self.token.to_string(),
            grade: survey.token.grade().to_string(),
            kind: signer.public.kind().to_string(),
            key: signer.pin.id.to_string(),
            spki_sha256: signer.pin.spki_sha256.to_string(),
            findings: findings(&[], &signer.excused),
        }
    }
}

/// What an auditor verifies checkpoints by; none of a key that signs none.
fn vkey(origin: &str, public: &PublicKey) -> Option<Vkey> {
    match public.kind() {
        KeyType::Ed25519 => Vkey::new(origin, SignatureType::Ed25519, public.bits()).ok(),
        KeyType::P256 => Vkey::new(origin, SignatureType::EcdsaP256, public.spki()).ok(),
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => None,
    }
}

fn no_token() -> Problem {
    let detail = "Name the token that shall hold it as token in [ledger], and restart the agent.";
    Problem::conflict("no-ledger-token", "The log has no token for a key", detail)
}

fn unfit(token: &Name, why: &str) -> Problem {
    Problem::conflict("key-unfit", format!("The key on {token} is not fit to sign"), why)
}
