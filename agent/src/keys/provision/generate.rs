//! A key comes to be: made on the token, or adopted by name, and pinned either way.

use api::Problem;
use hsm_config::{Flaw, KeyType};
use ledger::{Entry, Kind};
use token::lane::{Done, KeyReport, Work};
use token::{KeyId, KeyLocation, KeyRef, Sha256, random};

use super::ProvisionJob;
use super::adopt::missing;
use crate::front::activation;
use crate::keys::lifecycle::ADOPTED;
use crate::keys::posture::Posture;
use crate::keys::readiness::makes;
use crate::records::journal;
use crate::spine::draft::SigningKey;
use crate::tokens::Survey;

impl ProvisionJob<'_> {
    /// Makes or adopts the key, and adds what was made to what the token holds of the connector.
    pub(super) async fn make(
        &self,
        wanted: Option<Sha256>,
        mut survey: Survey,
    ) -> Result<(&'static str, SigningKey, Survey), Problem> {
        let outcome = match wanted {
            Some(wanted) => self.adopt(wanted, &survey).await?,
            None => {
                let made = self.generate(&survey).await?;
                survey.keys.push(made);
                "created"
            }
        };
        activation::name(self.front, self.token, &mut survey);
        let key = self.key(&survey).await.ok_or_else(|| self.unexpected())??;
        let probe = Work::Probe { connector: self.name.clone(), key: key.pin };
        self.front.tokens.ask(self.token, probe).await.map_err(|error| self.told(&error))?;
        self.record(Entry::new(Kind::Probe).key(key.pin.id.to_string())).await?;
        Ok((outcome, key, survey))
    }

    async fn generate(&self, survey: &Survey) -> Result<KeyReport, Problem> {
        self.no_unknown(survey)?;
        self.sound(survey)?;
        let id = self.fresh().await?;
        self.record_lifecycle(self.entry("generating", id)).await?;
        let work = Work::Generate { connector: self.name.clone(), id };
        let Done::Generated(report) = self.ask(work).await? else { return Err(self.unexpected()) };
        let (pin, kind) = self.fit(id, &report, survey)?;
        if kind != self.connector.key {
            return Err(self.unfit("its public key is not of the configured type"));
        }
        let serial = survey.token.serial.clone();
        let generated = self.entry("generated", id).spki_sha256(pin.spki_sha256.to_string()).serial(serial);
        self.record_lifecycle(generated).await?;
        Ok(report)
    }

    /// An identifier for the new key, from the token's host: it may have to say where the key will be.
    async fn fresh(&self) -> Result<KeyId, Problem> {
        let work = Work::Identify { connector: self.name.clone() };
        let Done::Identifier(id) = self.ask(work).await? else { return Err(self.unexpected()) };
        let used =
            self.front.with_lifecycle(|lifecycle| lifecycle.known_as(self.token.as_str(), id).is_some());
        if used { Err(self.unexpected()) } else { Ok(id) }
    }

    async fn adopt(&self, wanted: Sha256, survey: &Survey) -> Result<&'static str, Problem> {
        let orphans = self.orphans(survey);
        let orphan = orphans.iter().find(|orphan| orphan.spki_sha256() == wanted).ok_or_else(missing)?;
        let id = orphan.report.id.ok_or_else(missing)?;
        self.only(id, survey)?;
        let (pin, kind) = self.fit(id, orphan.report, survey)?;
        if pin.spki_sha256 != wanted {
            return Err(missing());
        }
        // Customers have it as it is: `key` means the next one that is made.
        makes(kind, self.connector, self.token)
            .map_err(|why| why.conflict("The key cannot make the configured algorithm"))?;
        let id = birth(id);
        let adopted = self
            .entry("generated", id)
            .spki_sha256(pin.spki_sha256.to_string())
            .serial(survey.token.serial.clone())
            .reason(ADOPTED);
        self.record_lifecycle(adopted).await?;
        Ok("adopted")
    }

    /// Refuses to make a key on a token that itself fails a requirement.
    fn sound(&self, survey: &Survey) -> Result<(), Problem> {
        let policy = self.front.key_policy(self.connector, self.token);
        match Posture::of_token(survey, &policy.exceptions).failed.first() {
            None => Ok(()),
            Some(flaw) => Err(Problem::conflict(
                "token-unfit",
                format!("The token {} is not fit for a key: {}", self.token, flaw.reason()),
                format!("{}. Its code is {flaw}.", flaw.mend()),
            )),
        }
    }

    /// Refuses an identifier that two keys share: the host finds a key by it, and might find the other, whose label may be
    /// anybody's.
    fn only(&self, id: KeyId, survey: &Survey) -> Result<(), Problem> {
        let so_named = || survey.keys.iter().filter(|report| report.id == Some(id));
        if so_named().count() < 2 && !so_named().any(|report| report.flaws.contains(&Flaw::DuplicateId)) {
            return Ok(());
        }
        Err(Problem::conflict(
            "ambiguous-key",
            format!("Two keys on {} have the identifier {id}", self.token),
            "Nothing was adopted. Find out which of them customers hold a certificate of, and have the other one given another \
             CKA_ID, or destroyed, by a tool that picks it by its public key (CKA_MODULUS, CKA_EC_POINT). By the identifier a \
             tool takes either.",
        ))
    }

    /// The pin and the kind of a key that has this identifier, or the first requirement that it fails.
    fn fit(&self, id: KeyId, report: &KeyReport, survey: &Survey) -> Result<(KeyRef, KeyType), Problem> {
        let policy = self.front.key_policy(self.connector, self.token);
        if let Some(flaw) = Posture::of(survey, report, &policy.exceptions).failed.first() {
            return Err(self.unfit(&format!("{}; {}. Its code is {flaw}.", flaw.reason(), flaw.mend())));
        }
        let public = report.public_key();
        let public = public.ok_or_else(|| self.unfit("its public key is of no type that Kunci uses"))?;
        match report.id {
            Some(found) if found == id => Ok((KeyRef { id, spki_sha256: public.sha256() }, public.kind())),
            _ => Err(self.unfit("it has another identifier than was asked for")),
        }
    }

    fn unfit(&self, why: &str) -> Problem {
        Problem::conflict("key-unfit", format!("The key on {} is not fit to sign", self.token), why)
    }

    /// A lifecycle entry of this connector's key.
    pub(super) fn entry(&self, state: &str, id: KeyId) -> Entry {
        Entry::new(Kind::Lifecycle).key(id.to_string()).state(state).caller(self.grant.caller().clone())
    }

    /// Records and folds a lifecycle entry.
    pub(super) async fn record_lifecycle(&self, entry: Entry) -> Result<(), Problem> {
        let entry = entry.connector(self.name.as_str()).token(self.token.as_str());
        self.front.record_lifecycle(entry).await.map_err(|error| journal::unavailable(&error))?;
        Ok(())
    }

    async fn record(&self, entry: Entry) -> Result<(), Problem> {
        let entry = entry.connector(self.name.as_str()).token(self.token.as_str());
        let recorded = self.front.journal.record(entry).await;
        recorded.map(|_| ()).map_err(|error| journal::unavailable(&error))
    }
}

/// An identifier that says only a place is told from those of the keys that come there later.
fn birth(id: KeyId) -> KeyId {
    match KeyLocation::of(id) {
        Some(place) if place.id([0; 8]) == id => place.id(random()),
        _ => id,
    }
}
