//! What does not fit, how sure that is, and why: what is said of one application in one tenant, by one credential.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::bounds::MAX_NAMED;

/// What is wrong with sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No assertion explains them.
    Unexplained,
    /// They are more than the assertions of their time can explain.
    TooMany,
    /// They came from outside the vendor's networks.
    Outside,
    /// They failed, with a key that was retired.
    RetiredKey,
    /// They were made with a credential that no log knows.
    OtherCredential,
    /// They are of a time of which the logs say nothing.
    NotCovered,
}

/// How sure it is, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// There may well be another reason.
    Possible,
    /// Another reason would be unusual.
    Likely,
    /// The agent did not do it, or the log is not whole.
    Sure,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// The line on which it begins.
    pub line: u64,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// How sure.
    pub certainty: Certainty,
    /// Why, in words.
    pub why: String,
    /// In which tenant.
    pub tenant: String,
    /// What else the logs call it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// By which application.
    pub client_id: String,
    /// With which of the logs' keys, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whose key that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// How many sign-ins.
    pub sign_ins: u64,
    /// How many of them failed.
    pub failed: u64,
    /// The first.
    #[serde(serialize_with = "text")]
    pub first: Timestamp,
    /// The last.
    #[serde(serialize_with = "text")]
    pub last: Timestamp,
    /// From where: some of the addresses.
    pub addresses: Vec<IpAddr>,
    /// Some of the rows. Of too many, those among which they are.
    pub rows: Vec<Place>,
}

/// A tenant to call, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToCall {
    /// The tenant.
    pub tenant: String,
    /// What else the logs call it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// How sure the surest finding is.
    pub certainty: Certainty,
    /// How many sign-ins do not fit.
    pub sign_ins: u64,
    /// The first.
    #[serde(serialize_with = "text")]
    pub first: Timestamp,
    /// The last.
    #[serde(serialize_with = "text")]
    pub last: Timestamp,
    /// What is wrong.
    pub kinds: Vec<Kind>,
}

/// The rows of a finding, while they are found.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) certainty: Certainty,
    pub(super) why: String,
    pub(super) count: u64,
    pub(super) failed: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) rows: Vec<(u32, u64)>,
}

impl Group {
    pub(super) fn new(certainty: Certainty, why: String) -> Self {
        let (first, last) = (i64::MAX, i64::MIN);
        Self { certainty, why, count: 0, failed: 0, first, last, addresses: vec![], rows: vec![] }
    }

    /// Counts a sign-in.
    pub(super) fn count(&mut self, time: i64, count: u64, is_failed: bool) {
        self.count += count;
        self.failed += if is_failed { count } else { 0 };
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    /// Names a row, if there is still room for it.
    pub(super) fn name(&mut self, row: (u32, u64), address: Option<IpAddr>) {
        if self.rows.len() < MAX_NAMED && !self.rows.contains(&row) {
            self.rows.push(row);
        }
        let address = address.filter(|address| !self.addresses.contains(address));
        if self.addresses.len() < MAX_NAMED {
            self.addresses.extend(address);
        }
    }
}

/// What is to be known beside the findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it is about.
    pub code: &'static str,
    /// How many.
    pub count: u64,
    /// In words.
    pub text: String,
}

/// A time as text, as entries have it.
pub(super) fn text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
