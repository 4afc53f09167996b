//! A key adopted: one that is on a token and that the ledger does not know is pinned, by its digest, as somebody says.
//!
//! Customers may hold its certificate, so that one stays: from the state directory or the token. A new one is made only
//! where it is asked for. A token that has nothing to adopt is told of, and fails nothing: the digest is one key's.

use api::{Problem, Provision, Provisioned};
use token::control::label;
use token::{KeyRef, Sha256};

use super::ProvisionJob;
use super::orphans::Orphan;
use crate::spine::draft::SigningKey;
use crate::tokens::Survey;

/// The outcome on a token without the key that shall be adopted.
const NOTHING: &str = "nothing-to-adopt";

/// The digest of the key that shall be adopted, where one shall.
pub(super) fn wanted(how: &Provision) -> Result<Option<Sha256>, Problem> {
    let Some(digest) = &how.adopt_spki_sha256 else { return Ok(None) };
    if how.days.is_some() && !how.new_certificate {
        let detail =
            "A key that is adopted keeps its certificate. For a new one, ask for new_certificate besides.";
        return Err(Problem::input("invalid-days", "There is no certificate to make", detail));
    }
    digest
        .parse::<Sha256>()
        .map(Some)
        .map_err(|error| Problem::input("invalid-spki-sha256", "The digest is not one", error.to_string()))
}

/// Whether no token has, or had before, what shall be adopted.
pub(super) fn missed(wanted: Option<Sha256>, provisioned: &[Provisioned]) -> Option<Problem> {
    let wanted = wanted?.to_string();
    if provisioned.iter().any(|one| one.spki_sha256 == wanted) { None } else { Some(missing()) }
}

/// There is no such orphan.
pub(super) fn missing() -> Problem {
    let detail = "`kunci token check` lists the orphans.";
    Problem::conflict("no-such-orphan", "No orphaned key of the connector has this digest", detail)
}

impl ProvisionJob<'_> {
    /// Sees to it that the key has a certificate, as far as that was asked for. Where an adopted key has more than one, only
    /// customers know which is theirs: it gets none, and all are told, by their digests.
    pub(super) async fn certify(&self, key: &SigningKey, how: &Provision) -> Result<Vec<String>, Problem> {
        if self.recorded().is_some() {
            return if how.new_certificate { Err(self.has_certificate()) } else { Ok(Vec::new()) };
        }
        let adopted = self.is_adopted() && !how.new_certificate;
        let left = if adopted { self.left(key).await? } else { Vec::new() };
        match &left[..] {
            [] if adopted || (how.csr && !how.new_certificate) => {}
            [] => self.self_sign(key, how.days).await?,
            [certificate] => self.keep(key, certificate).await?,
            several => return self.in_doubt(key, several).await,
        }
        Ok(Vec::new())
    }

    /// The digests of several certificates, each of which has a copy in the state directory from now on.
    async fn in_doubt(&self, key: &SigningKey, several: &[Vec<u8>]) -> Result<Vec<String>, Problem> {
        for certificate in several {
            self.copy(key, certificate).await?;
        }
        Ok(several.iter().map(|certificate| Sha256::of(certificate).to_string()).collect())
    }

    /// Whether the pinned key was adopted.
    fn is_adopted(&self) -> bool {
        let (name, token) = (self.name.as_str(), self.token.as_str());
        self.front.with_lifecycle(|lifecycle| lifecycle.current(name, token).is_some_and(|key| key.adopted))
    }

    /// Whether this very key is the pinned one, as it is where adopting is asked for once more.
    pub(super) fn pins(&self, wanted: Sha256) -> bool {
        let (name, token) = (self.name.as_str(), self.token.as_str());
        let pin = self.front.with_lifecycle(|lifecycle| lifecycle.current(name, token)?.pin());
        pin.is_some_and(|pin| pin.spki_sha256 == wanted)
    }

    /// What is told of a token that has nothing to do with the key to adopt: nothing is done to a key of its own.
    pub(super) async fn beside(&self, survey: &Survey) -> Provisioned {
        match self.key(survey).await {
            Some(Ok(key)) => self.provisioned("unchanged", &key, survey, None),
            _ => self.nothing_to_adopt(survey),
        }
    }

    /// Whether this very key is on the token, and the ledger does not pin it.
    pub(super) fn has_orphan(&self, wanted: Sha256, survey: &Survey) -> bool {
        self.orphans(survey).iter().any(|orphan| orphan.spki_sha256() == wanted)
    }

    /// Whether this very key is on the token, under an identifier that the ledger pins to another: it is there, and is no
    /// orphan.
    pub(super) fn displaces(&self, wanted: Sha256, survey: &Survey) -> bool {
        let pinned = |id| self.front.with_lifecycle(|known| known.known_as(self.token.as_str(), id)?.pin());
        let (label, is_other) = (label(self.name), |pin: KeyRef| pin.spki_sha256 != wanted);
        survey.keys.iter().any(|report| {
            report.label == label
                && Sha256::of(&report.spki) == wanted
                && report.id.and_then(pinned).is_some_and(is_other)
        })
    }

    /// The digests of some of the connector's orphans.
    pub(super) fn digests(&self, survey: &Survey, which: impl Fn(&Orphan<'_>) -> bool) -> Vec<String> {
        let orphans = self.orphans(survey);
        orphans.iter().filter(|orphan| which(orphan)).map(|orphan| orphan.spki_sha256().to_string()).collect()
    }

    fn nothing_to_adopt(&self, survey: &Survey) -> Provisioned {
        Provisioned {
            connector: self.name.to_string(),
            token: self.token.to_string(),
            outcome: NOTHING.to_owned(),
            grade: survey.token.grade().to_string(),
            key: String::new(),
            spki_sha256: String::new(),
            certificate_sha256: None,
            certificates_in_doubt: Vec::new(),
            csr: None,
            not_before: None,
            not_after: None,
            reasons: Vec::new(),
            orphans: self.digests(survey, |_| true),
            unfinished: self.digests(survey, |orphan| orphan.begun),
        }
    }

    pub(super) fn already_pinned(&self) -> Problem {
        Problem::conflict(
            "already-pinned",
            format!("{} has its key on {} already", self.name, self.token),
            "Nothing was adopted: the pinned key stays, and signs. Find out which of the two customers hold a certificate of \
             before you touch either (docs/how-to/back-up-and-restore.md, \"The other key\").",
        )
    }

    fn has_certificate(&self) -> Problem {
        Problem::conflict(
            "has-certificate",
            format!("The key of {} on {} has its certificate", self.name, self.token),
            "Nothing was changed: customers hold that one. Another is installed by `kunci cert install`, once they have it.",
        )
    }
}
