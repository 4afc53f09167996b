//! Which of the logs' tenants a row's is: the same, one that the logs call by a domain name, or one that no row tells.
//!
//! An export names tenants by their ids. Where all that is known of an application, from rows and logs, is one id, a domain
//! name in the logs is another name of it; where there are several, nobody can tell, and it stays a tenant of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use quoted::Quoted;

use super::gathered::{SignIns, UNTOLD};
use super::names::{Name, Number};

/// Which pair stands for which.
pub(super) struct Resolved {
    /// Of each spot.
    pub(super) of_spot: Vec<Number>,
    /// Of each pair of the logs.
    pub(super) of_pair: Vec<Number>,
    /// What else the logs call a pair's tenant.
    pub(super) also: BTreeMap<Number, Vec<Number>>,
    /// Applications whose tenants the logs call by names that stand for nobody knows which of several.
    pub(super) doubtful: BTreeSet<Number>,
}

/// A row that could be of several tenants.
#[derive(Debug)]
pub struct Ambiguous {
    /// The number of its file.
    pub file: u32,
    /// Its line.
    pub line: u64,
    /// Why, and what to do.
    pub what: String,
}

/// An application's tenants.
#[derive(Default)]
struct Tenants {
    ids: BTreeSet<Number>,
    domains: BTreeSet<Number>,
}

pub(super) fn resolve(sign_ins: &mut SignIns) -> Result<Resolved, Ambiguous> {
    let by_application = by_application(sign_ins);
    let mut resolved = Resolved {
        of_spot: Vec::with_capacity(sign_ins.spots.len()),
        of_pair: (0..sign_ins.logs.pairs.len() as Number).collect(),
        also: BTreeMap::new(),
        doubtful: BTreeSet::new(),
    };
    let mut only = HashMap::new();
    for (application, tenants) in &by_application {
        match (tenants.ids.first(), tenants.ids.len(), tenants.domains.len()) {
            (Some(id), 1, _) => {
                let whole = pair(sign_ins, (*id, *application))?;
                for domain in &tenants.domains {
                    let named = pair(sign_ins, (*domain, *application))?;
                    resolved.set(named, whole);
                }
                resolved.also.insert(whole, tenants.domains.iter().copied().collect());
                only.insert(*application, whole);
            }
            (None, _, 1) => {
                let domain = tenants.domains.iter().next().copied().unwrap_or(UNTOLD);
                only.insert(*application, pair(sign_ins, (domain, *application))?);
            }
            (Some(_), _, 1..) => {
                resolved.doubtful.insert(*application);
            }
            _ => {}
        }
    }
    let spots: Vec<_> = sign_ins.spots.iter().map(|(spot, place)| (*spot, *place)).collect();
    for ((tenant, application), place) in spots {
        let found = match (tenant, only.get(&application)) {
            (UNTOLD, Some(only)) => *only,
            (UNTOLD, None) if by_application.contains_key(&application) => {
                return Err(ambiguous(sign_ins, application, place));
            }
            // One of the logs' keys, for an application that is in no log, in a tenant that nobody tells.
            (UNTOLD, None) => {
                let nameless =
                    sign_ins.logs.tenants.number(Name::Word("".into())).map_err(too_many(place))?;
                pair(sign_ins, (nameless, application))?
            }
            told => pair(sign_ins, (told.0, application))?,
        };
        resolved.of_spot.push(resolved.of_pair.get(found as usize).copied().unwrap_or(found));
    }
    Ok(resolved)
}

impl Resolved {
    fn set(&mut self, pair: Number, whole: Number) {
        if let Some(place) = self.of_pair.get_mut(pair as usize) {
            *place = whole;
        }
    }
}

fn by_application(sign_ins: &SignIns) -> BTreeMap<Number, Tenants> {
    let mut found: BTreeMap<Number, Tenants> = BTreeMap::new();
    let told = sign_ins.spots.keys().copied().filter(|(tenant, _)| *tenant != UNTOLD);
    for (tenant, application) in sign_ins.logs.pairs.iter().copied().chain(told) {
        let tenants = found.entry(application).or_default();
        match sign_ins.logs.tenants.name(tenant) {
            Name::Id(_) => tenants.ids.insert(tenant),
            Name::Word(_) => tenants.domains.insert(tenant),
        };
    }
    found
}

fn pair(sign_ins: &mut SignIns, pair: (Number, Number)) -> Result<Number, Ambiguous> {
    sign_ins.logs.pairs.number(pair).map_err(too_many((0, 1)))
}

fn too_many((file, line): (u32, u64)) -> impl Fn(super::names::TooMany) -> Ambiguous {
    move |error| Ambiguous { file, line, what: error.to_string() }
}

fn ambiguous(sign_ins: &SignIns, application: Number, (file, line): (u32, u64)) -> Ambiguous {
    let name = Quoted(sign_ins.logs.applications.name(application).to_string());
    let what = format!(
        "the row tells no tenant, and the application {name} is of several; name the tenant whose export this is by --tenant"
    );
    Ambiguous { file, line, what }
}
