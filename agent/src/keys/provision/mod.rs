//! Provisioning: a key on each of a connector's tokens, its pin in the ledger, its certificate on the token.
//!
//! Every step is durable before the next, in this order: `generating` with a fresh CKA_ID, C_GenerateKeyPair,
//! `generated` with the public key's digest, a probe, the certificate on the token and in the state directory,
//! `certified`. Killed at any point it can be run again: what is pinned is carried on, what is not is an orphan,
//! which is reported, never signed with, and adopted only by name. A key that is adopted keeps the certificate that it has:
//! customers hold that one, and another would shut them out.

mod adopt;
mod certify;
mod check;
mod generate;
mod keep;
mod orphans;
pub(crate) mod pem;

use std::sync::Arc;

use api::{Install, Problem, Provision, Provisioned, Weight};
use hsm_config::{Connector, Name};
use token::control::label;
use token::lane::{Done, Work};
use token::{PublicKey, Sha256};

pub use check::check;
pub(crate) use check::exceptions;

use crate::front::{Front, activation, outlook};
use crate::keys::connectors::ActiveKey;
use crate::keys::readiness::{self, Dates, Reason};
use crate::records::clock::Reading;
use crate::spine::draft::SigningKey;
use crate::spine::in_flight::InFlight;
use crate::spine::policy::{AdminGrant, Refusal};
use crate::spine::run_to_completion::run_to_completion;
use crate::tokens::{AskError, SLOW_DEADLINE, Survey};

/// One connector on one token, being provisioned.
struct ProvisionJob<'a> {
    front: &'a Arc<Front>,
    grant: &'a AdminGrant,
    name: &'a Name,
    connector: &'a Connector,
    token: &'a Name,
}

/// Provisions a connector on all its tokens. Always runs to completion, whether the client stays or not. Certificate
/// requests come with what keeps them in flight, which has to live until they were written to the client.
pub async fn provision(
    front: Arc<Front>,
    grant: AdminGrant,
    name: Name,
    how: Provision,
) -> Result<(Vec<Provisioned>, Option<InFlight>), Problem> {
    // What can be known to be wrong is, before a key is made.
    certify::check_days(how.days)?;
    let wanted = adopt::wanted(&how)?;
    run_to_completion(async move {
        let _alone = front.provisioning.lock().await;
        let connector = front.policy().connector(&name).cloned().ok_or(Refusal::Connector)?;
        let (mut provisioned, mut last, mut failed) = (Vec::new(), None, None);
        for token in &connector.tokens {
            // A key that is begun is waited for. The next one is not begun.
            if front.shutdown.began_at().is_some() {
                failed = failed.or_else(|| Some(Problem::stopping()));
                break;
            }
            let job =
                ProvisionJob { front: &front, grant: &grant, name: &name, connector: &connector, token };
            match job.provision(&how, wanted).await {
                Ok((done, in_flight)) => {
                    provisioned.push(done);
                    // All are the connector's, so one in flight is enough; the one before it is dropped when its successor is there.
                    last = in_flight.or(last);
                }
                Err(problem) => failed = failed.or(Some(problem)),
            }
            // A key that is made is one that customers have to be told of. Adopting makes none, so each token is asked.
            if failed.is_some() && wanted.is_none() {
                break;
            }
        }
        match failed.or_else(|| adopt::missed(wanted, &provisioned)) {
            Some(problem) => Err(so_far(problem, &provisioned)),
            None => Ok((provisioned, last)),
        }
    })
    .await
}

/// A problem with what was done all the same.
fn so_far(problem: Problem, provisioned: &[Provisioned]) -> Problem {
    if provisioned.is_empty() {
        return problem;
    }
    let done: Vec<_> = provisioned.iter().map(|one| format!("{}: {}", one.token, one.outcome)).collect();
    Problem { detail: format!("{} Token by token: {}.", problem.detail, done.join(", ")), ..problem }
}

/// Installs a CA's certificate beside the key that it certifies.
pub async fn install(
    front: Arc<Front>,
    grant: AdminGrant,
    name: Name,
    asked: Install,
) -> Result<Arc<ActiveKey>, Problem> {
    let certificates = pem::certificates(&asked.pem)?;
    usable(&certificates)?;
    run_to_completion(async move {
        let _alone = front.provisioning.lock().await;
        let connector = front.policy().connector(&name).cloned().ok_or(Refusal::Connector)?;
        for token in &connector.tokens {
            let job = ProvisionJob { front: &front, grant: &grant, name: &name, connector: &connector, token };
            let pin = front.with_lifecycle(|lifecycle| lifecycle.current(name.as_str(), token.as_str())?.pin());
            let is_its = |public: PublicKey| pin.is_some_and(|pin| pin.spki_sha256 == public.sha256());
            let its = |der: &&Vec<u8>| PublicKey::from_certificate(der).is_ok_and(is_its);
            match certificates.iter().filter(its).collect::<Vec<_>>()[..] {
                [] => {}
                [certificate] => {
                    if !asked.force {
                        timely(&name, certificate)?;
                    }
                    return job.install(certificate).await;
                }
                _ => return Err(several()),
            }
        }
        Err(Problem::conflict(
            "certificate-mismatch",
            "The certificate's key is not the connector's",
            "Nothing was changed. Send the CA the request that `kunci provision C --csr` prints, and install its answer.",
        ))
    })
    .await
}

/// Refuses a certificate that is alone and for no key that a connector may have.
fn usable(certificates: &[Vec<u8>]) -> Result<(), Problem> {
    let [only] = certificates else { return Ok(()) };
    PublicKey::from_certificate(only).map(drop).map_err(|error| {
        Problem::input("invalid-certificate", "The certificate cannot be used", error.to_string())
    })
}

/// Which of two customers hold, or shall register, only whoever installs it knows.
fn several() -> Problem {
    let title = "More than one certificate is of the connector's key";
    Problem::input("invalid-certificate", title, "Nothing was changed: send the one that customers register.")
}

/// Refuses a certificate that nobody can sign in with now.
fn timely(name: &Name, certificate: &[u8]) -> Result<(), Problem> {
    let dates = Dates::of(certificate);
    let found = dates.and_then(|dates| dates.judge(name, Reading::now().seconds()));
    match found.filter(|reason| reason.weight() > Weight::Notes) {
        None => Ok(()),
        Some(reason) => Err(Problem::conflict(
            reason.code(),
            "Nobody can sign in with this certificate now",
            format!("Nothing was changed: {reason}. `--force` (\"force\": true) installs it all the same."),
        )),
    }
}

impl ProvisionJob<'_> {
    async fn provision(
        &self,
        how: &Provision,
        wanted: Option<Sha256>,
    ) -> Result<(Provisioned, Option<InFlight>), Problem> {
        let survey = self.search().await?;
        self.allow_software(&survey)?;
        let has_orphan = wanted.is_some_and(|wanted| self.has_orphan(wanted, &survey));
        if let Some(wanted) = wanted.filter(|wanted| !has_orphan && !self.pins(*wanted)) {
            if self.displaces(wanted, &survey) {
                return Err(Reason::Mismatch(self.token.clone()).into());
            }
            return Ok((self.beside(&survey).await, None));
        }
        let (mut outcome, key, survey) = match self.key(&survey).await {
            Some(Ok(_)) if has_orphan => return Err(self.already_pinned()),
            Some(Ok(key)) => ("unchanged", key, survey),
            Some(Err(why @ Reason::KeyKind(..))) => {
                let title = "The key that is there cannot make the configured algorithm";
                return Err(why.conflict(title));
            }
            Some(Err(why)) => return Err(why.into()),
            None => self.make(wanted, survey).await?,
        };
        let before = self.recorded();
        let in_doubt = self.certify(&key, how).await?;
        if self.recorded() != before && outcome == "unchanged" {
            outcome = "certified";
        }
        let (mut csr, mut last) = (None, None);
        if how.csr {
            let (request, in_flight) = self.request(&key).await?;
            (csr, last) = (Some(request), Some(in_flight));
        }
        self.activate(&survey).await;
        let done = self.provisioned(outcome, &key, &survey, csr);
        Ok((Provisioned { certificates_in_doubt: in_doubt, ..done }, last))
    }

    async fn install(&self, certificate: &[u8]) -> Result<Arc<ActiveKey>, Problem> {
        let survey = self.search().await?;
        let key = self.key(&survey).await.ok_or(Refusal::Connector)??;
        self.keep(&key, certificate).await?;
        self.activate(&survey).await;
        let standing = self.front.connectors.standing(self.name, self.token).key;
        standing.map_err(|why| self.front.tokens.inactive(why))
    }

    /// The pinned key, if the ledger has one: exactly it, or why it cannot be used.
    async fn key(&self, survey: &Survey) -> Option<Result<SigningKey, Reason>> {
        let (name, token) = (self.name, self.token);
        let key = self
            .front
            .with_lifecycle(|lifecycle| lifecycle.current(name.as_str(), token.as_str()).cloned())?;
        let eligible = activation::eligible(self.front, (name, self.connector), token, &key, survey);
        Some(eligible.await.map(|eligible| eligible.key))
    }

    /// What the token holds of the connector, looked for once: what is made is read back by itself.
    async fn search(&self) -> Result<Survey, Problem> {
        activation::search(self.front, self.name, self.token).await.map_err(|error| self.told(&error))
    }

    /// Lets the key sign, if nothing stands against it, and keeps what was found for whoever asks next.
    async fn activate(&self, found: &Survey) {
        self.front.tokens.searched(self.token, &label(self.name), found);
        activation::activate(self.front, self.name, self.token, found).await;
    }

    /// Asks the token for something that takes its time.
    async fn ask(&self, work: Work) -> Result<Done, Problem> {
        let answer = self.front.tokens.ask_within(self.token, work, SLOW_DEADLINE).await;
        answer.map_err(|error| self.told(&error))
    }

    fn told(&self, error: &AskError) -> Problem {
        self.front.tokens.told(self.token, error)
    }

    fn unexpected(&self) -> Problem {
        self.told(&AskError::Unexpected)
    }

    /// The certificate that the ledger names.
    fn recorded(&self) -> Option<token::Sha256> {
        let (name, token) = (self.name.as_str(), self.token.as_str());
        self.front.with_lifecycle(|lifecycle| lifecycle.current(name, token)?.certificate_sha256)
    }

    fn allow_software(&self, survey: &Survey) -> Result<(), Problem> {
        if survey.token.software && !self.front.agent.allow_software_tokens {
            return Err(Problem::conflict(
                "software-token",
                format!("The token {} is SOFTWARE", self.token),
                "Its keys can be copied. For a trial, set allow_software_tokens = true in [agent].",
            ));
        }
        Ok(())
    }

    fn provisioned(
        &self,
        outcome: &str,
        key: &SigningKey,
        survey: &Survey,
        csr: Option<String>,
    ) -> Provisioned {
        let dates = self.front.connectors.standing(self.name, self.token).dates;
        Provisioned {
            connector: self.name.to_string(),
            token: self.token.to_string(),
            outcome: outcome.to_owned(),
            grade: survey.token.grade().to_string(),
            key: key.pin.id.to_string(),
            spki_sha256: key.pin.spki_sha256.to_string(),
            certificate_sha256: self.recorded().map(|digest| digest.to_string()),
            certificates_in_doubt: Vec::new(),
            csr,
            not_before: dates.map(Dates::begins),
            not_after: dates.map(Dates::ends),
            reasons: readiness::told(&outlook::key(self.front, (self.name, self.connector), self.token)),
            orphans: self.digests(survey, |_| true),
            unfinished: self.digests(survey, |orphan| orphan.begun),
        }
    }
}
