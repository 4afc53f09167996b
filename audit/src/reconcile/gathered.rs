//! Sign-ins of the applications and keys that the logs know, gathered in 48 bytes each.
//!
//! An export has a tenant's other applications, too: a row of an application that no log names is passed over, unless it was
//! made with one of the logs' keys. What stands in a row was parsed; here it becomes numbers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use indexmap::IndexMap;
use uuid::Uuid;

use super::Question;
use super::bounds::{MAX_DIFFERENT, MAX_SIGN_INS};
use super::logs::Logs;
use super::names::{Name, Names, Number};
use crate::signins::{Method, SignIn, Thumbprint};

/// Nothing is told.
pub(super) const UNTOLD: Number = Number::MAX;

/// What rows say of a credential.
pub(super) type Credential = (Option<Thumbprint>, Option<Uuid>, Method);
/// A tenant, where it is told, and an application.
pub(super) type Spot = (Number, Number);

/// One sign-in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// In µs since 1970.
    pub(super) time: i64,
    /// A hash of the row's id; 0 where it has none.
    pub(super) id: u64,
    pub(super) spot: Number,
    pub(super) credential: Number,
    pub(super) address: Number,
    pub(super) resource: Number,
    pub(super) error: u32,
    pub(super) line: u32,
    pub(super) file: u32,
}

/// Several sign-ins in one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summed {
    pub(super) row: Row,
    pub(super) until: i64,
    pub(super) count: u64,
}

/// How many rows there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rows {
    /// In all files.
    pub read: u64,
    /// Of other applications, with other credentials.
    pub others: u64,
    /// Of another time than was asked for.
    pub beyond: u64,
}

/// All sign-ins that are to be compared, and the logs that they are compared with.
#[derive(Debug)]
pub struct SignIns {
    pub(super) logs: Logs,
    pub(super) question: Question,
    pub(super) counts: Rows,
    pub(super) rows: Vec<Row>,
    pub(super) summed: Vec<Summed>,
    pub(super) credentials: Names<Credential>,
    pub(super) addresses: Names<IpAddr>,
    resources: Names<Box<str>>,
    /// Where each spot was first named.
    pub(super) spots: IndexMap<Spot, (u32, u64)>,
    tenant: Option<Name>,
}

impl SignIns {
    /// None yet.
    pub fn new(logs: Logs, question: Question) -> Self {
        let tenant = question.tenant.as_deref().map(Name::of);
        Self {
            logs,
            question,
            tenant,
            counts: Rows::default(),
            rows: Vec::new(),
            summed: Vec::new(),
            credentials: Names::default(),
            addresses: Names::default(),
            resources: Names::default(),
            spots: IndexMap::new(),
        }
    }

    /// Takes a row of the file of this number.
    pub fn take(&mut self, file: u32, line: u64, sign_in: &SignIn<'_>) -> Result<(), String> {
        self.counts.read += 1;
        if !self.question.span.meets(sign_in.from, sign_in.until) {
            self.counts.beyond += 1;
            return Ok(());
        }
        let application = Name::of(sign_in.client_id);
        let known = self.logs.applications.find(&application);
        if known.is_none() && !self.is_by_our_key(sign_in) {
            self.counts.others += 1;
            return Ok(());
        }
        let row = self.row(file, line, application, sign_in).map_err(|error| error.to_string())?;
        match sign_in.summed {
            Some(count) => {
                self.summed.push(Summed { row, until: sign_in.until.as_microsecond(), count });
            }
            None => self.rows.push(row),
        }
        if self.rows.len() + self.summed.len() > MAX_SIGN_INS {
            return Err(format!(
                "these are more than {MAX_SIGN_INS} sign-ins; ask for less by --since and --until, or by fewer files"
            ));
        }
        Ok(())
    }

    fn is_by_our_key(&self, sign_in: &SignIn<'_>) -> bool {
        let by_thumbprint = sign_in.thumbprint.and_then(|told| self.logs.keys.by_thumbprint(told));
        by_thumbprint.or_else(|| self.logs.keys.by_key_id(sign_in.key_id?)).is_some()
    }

    fn row(
        &mut self,
        file: u32,
        line: u64,
        application: Name,
        sign_in: &SignIn<'_>,
    ) -> Result<Row, super::names::TooMany> {
        let tenant = sign_in.tenant.map(Name::of).or_else(|| self.tenant.clone());
        let tenant = tenant.map_or(Ok(UNTOLD), |tenant| self.logs.tenants.number(tenant))?;
        let spot = (tenant, self.logs.applications.number(application)?);
        let entry = self.spots.entry(spot);
        let spot = entry.index() as Number;
        entry.or_insert((file, line));
        if self.spots.len() > MAX_DIFFERENT {
            return Err(super::names::TooMany);
        }
        let address = sign_in.address.map(|address| self.addresses.number(address));
        let resource = sign_in.resource.map(|name| self.resources.number(name.to_ascii_lowercase().into()));
        Ok(Row {
            time: sign_in.from.as_microsecond(),
            id: sign_in.id.or(sign_in.token).map_or(0, hash),
            spot,
            credential: self.credentials.number((sign_in.thumbprint, sign_in.key_id, sign_in.method))?,
            address: address.transpose()?.unwrap_or(UNTOLD),
            resource: resource.transpose()?.unwrap_or(UNTOLD),
            error: sign_in.error,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            file,
        })
    }

    pub(super) fn address(&self, row: &Row) -> Option<IpAddr> {
        (row.address != UNTOLD).then(|| *self.addresses.name(row.address))
    }
}

/// Ids are compared within one application and tenant, where their hashes suffice.
fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.to_ascii_lowercase().hash(&mut hasher);
    hasher.finish().max(1)
}
