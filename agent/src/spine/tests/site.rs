//! What the tests of the spine are configured by, and whom its rules mean: ourselves.

use std::collections::BTreeMap;
use std::path::Path;

use hsm_config::{Config, Name, Tenants, TenantsFile};
use token::Sha256;

use crate::ipc::link::{Resolved, Who};

/// A tenant that every connector serves, with its application's ids.
pub(super) const TENANT: &str = "contoso.example";
pub(super) const CLIENT_ID: &str = "0b8c8b1e-6f0e-4d0e-9a55-1f4f0c0c5a01";
pub(super) const OBJECT_ID: &str = "8f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
/// Another one, with a client id of its own.
pub(super) const OTHER_TENANT: &str = "fabrikam.example";
pub(super) const OTHER_CLIENT_ID: &str = "0b8c8b1e-6f0e-4d0e-9a55-1f4f0c0c5a02";

/// The log's name.
pub(super) const ORIGIN: &str = "vendor.example/kunci";

/// What a front is configured by unless a test says otherwise.
pub(super) const SITE: &str = include_str!("site.toml");

/// A name of the configuration's.
pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The configuration, whose one user and one group are ours.
pub(super) fn resolved(text: &str, state: &Path) -> Resolved {
    let text = text.replace("RIG", state.to_str().unwrap());
    let config = Config::parse(&text, Path::new("/etc/kunci/kunci.toml")).unwrap();
    let ours = |user: &Option<String>, group: &Option<String>| Who {
        uid: user.as_ref().map(|_| rustix::process::geteuid().as_raw()),
        gid: group.as_ref().map(|_| rustix::process::getegid().as_raw()),
        unit: None,
    };
    let callers = config.callers.iter().map(|(name, rule)| (name.clone(), ours(&rule.user, &rule.group)));
    let admins = config.admins.iter().map(|(name, rule)| (name.clone(), ours(&rule.user, &rule.group)));
    Resolved {
        callers: callers.collect(),
        admins: admins.collect(),
        sha256: Sha256::of(text.as_bytes()),
        config,
    }
}

/// Every connector serves the same two tenants.
pub(super) fn tenants(config: &Config) -> BTreeMap<Name, Tenants> {
    let rows = format!(
        "tenant,client_id,object_id\n{TENANT},{CLIENT_ID},{OBJECT_ID}\n{OTHER_TENANT},{OTHER_CLIENT_ID},\n"
    );
    let table = || TenantsFile::read(rows.as_bytes(), Path::new("rows.csv")).unwrap().table().unwrap();
    config.connectors.keys().map(|name| (name.clone(), table())).collect()
}
