//! Callers: which service gets assertions of which connectors. Whoever no rule names gets nothing.

use crate::name::Name;
use crate::peer::Peer;
use crate::rate::Rate;
use crate::report::Report;
use crate::tenant::{ClientId, TenantId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A service that may ask for assertions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// The user that it runs as, by name or number. All of user, group and unit that are given must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group that it runs as, by name or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The systemd unit that it runs in, directly under system.slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The connectors that it may use.
    #[schemars(length(min = 1))]
    pub connectors: Vec<Name>,
    /// The only tenants that it may ask for. Without it, all of the connector's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<TenantId>>,
    /// The only client ids that it may ask for. Without it, all of the connector's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ids: Option<Vec<ClientId>>,
    /// How many assertions it may ask for, as "50/s" or "600/m". Without it, as many as the tokens sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

impl Caller {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        let Self { user, group, unit, .. } = self;
        Peer { user: user.as_deref(), group: group.as_deref(), unit: unit.as_deref() }.check(report);
        report.expect_all("connectors", &self.connectors, |report, connector| {
            report.connector_exists(connector)
        });
        if let Some(tenants) = &self.tenants {
            report.expect_all("tenants", tenants, |_, _| Ok(()));
        }
        if let Some(client_ids) = &self.client_ids {
            report.expect_all("client_ids", client_ids, |_, _| Ok(()));
        }
    }
}
