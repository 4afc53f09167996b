//! Keys that carry a connector's label without a `generated` entry in the ledger.
//!
//! One that this ledger began (`generating`) is what a kill left behind: it is reported and a fresh key is made beside it.
//! One that the ledger never heard of means that the state directory was lost or the token came from elsewhere: nothing is
//! made until somebody says which key is whose.

use api::Problem;
use hsm_config::Flaw;
use token::Sha256;
use token::control::label;
use token::lane::KeyReport;

use super::ProvisionJob;
use crate::tokens::Survey;

/// A key without a pin.
pub(super) struct Orphan<'a> {
    /// The very key, as it was surveyed.
    pub(super) report: &'a KeyReport,
    /// Whether this ledger has its `generating` entry.
    pub(super) begun: bool,
}

impl Orphan<'_> {
    /// The digest that it is named by.
    pub(super) fn spki_sha256(&self) -> Sha256 {
        Sha256::of(&self.report.spki)
    }
}

impl ProvisionJob<'_> {
    /// The connector's orphans on a surveyed token.
    pub(super) fn orphans<'a>(&self, survey: &'a Survey) -> Vec<Orphan<'a>> {
        let label = label(self.name);
        survey
            .keys
            .iter()
            .filter(|report| report.label == label)
            .filter_map(|report| self.orphan(report))
            .collect()
    }

    fn orphan<'a>(&self, report: &'a KeyReport) -> Option<Orphan<'a>> {
        let token = self.token.as_str();
        let known = |id| self.front.with_lifecycle(|lifecycle| lifecycle.known_as(token, id).cloned());
        let known = report.id.and_then(known);
        match known.as_ref().and_then(|key| key.spki_sha256) {
            // A pin of another key under this identifier is a mismatch, not an orphan; it is refused elsewhere.
            Some(_) => None,
            None => Some(Orphan { report, begun: known.is_some() }),
        }
    }

    /// Refuses to make a key beside one that nobody accounts for.
    pub(super) fn no_unknown(&self, survey: &Survey) -> Result<(), Problem> {
        let orphans = self.orphans(survey);
        let Some(orphan) = orphans.iter().find(|orphan| !orphan.begun) else { return Ok(()) };
        Err(Problem::conflict(
            "orphaned-key",
            format!("The token {} holds a key of {} that this ledger does not know", self.token, self.name),
            self.remedy(orphan),
        ))
    }

    fn remedy(&self, orphan: &Orphan<'_>) -> String {
        if orphan.report.flaws.contains(&Flaw::OffCurve) {
            return format!(
                "{}, so nobody can adopt it: {}.",
                Flaw::OffCurve.reason(),
                Flaw::OffCurve.mend()
            );
        }
        if orphan.report.spki.is_empty() {
            return "It is of no type that Kunci uses, or there is only a certificate, so nobody can adopt it: configure another \
                    place, or remove it with the token's own tools if nobody uses it."
                .to_owned();
        }
        format!(
            "If the state directory was lost, bring it back from a copy. If there is none and the key is yours, run \
             `kunci provision {} --adopt --spki-sha256 {}`: its certificate is kept. Destroy it with the token's own tools only \
             if no customer holds a certificate of it. Until then nothing is signed with it.",
            self.name,
            orphan.spki_sha256()
        )
    }
}
