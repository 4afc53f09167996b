//! Why policy says no. The reason is counted in the ledger; the text tells the caller what to ask its operator for.
//!
//! A connector that is not granted and one that does not exist get the same answer.

use std::time::Duration;

use api::Problem;
use hsm_config::Verb;

/// A refusal by policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No rule grants this peer the connector, or there is none of this name.
    Connector,
    /// The rule or the tenants file does not name the tenant.
    Tenant,
    /// The rule or the tenants file does not name the client id at this tenant.
    ClientId,
    /// The tenants file does not name the application's object id.
    ObjectId,
    /// The connector's tenants cannot be read, so nobody knows.
    Unreadable,
    /// The rule's rate is spent; there is more after this time.
    Rate(Duration),
    /// No admin rule grants the verb.
    Verb(Verb),
    /// The peer is no admin.
    Admin,
}

impl Refusal {
    /// The tenants cannot be read: nothing is granted, and the operator is told why.
    pub(super) fn unreadable(error: std::io::Error) -> Self {
        tracing::error!(%error, "a connector's tenants cannot be read");
        Self::Unreadable
    }

    /// The stable code, also the ledger's reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connector => "connector-not-granted",
            Self::Tenant => "tenant-not-granted",
            Self::ClientId => "client-id-not-granted",
            Self::ObjectId => "object-id-not-granted",
            Self::Unreadable => "tenants-unreadable",
            Self::Rate(_) => "rate-exceeded",
            Self::Verb(_) => "verb-not-granted",
            Self::Admin => "not-an-admin",
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        let forbidden = |title: &str, detail: String| Self::forbidden(code, title, detail);
        match refusal {
            Refusal::Connector => forbidden(
                "No rule grants you this connector",
                "Ask the operator for a [callers] rule that names your user, group or unit and this connector.".into(),
            ),
            Refusal::Tenant => forbidden(
                "No rule grants you this tenant",
                "The tenant must stand in the connector's tenants file and in your rule, where it lists tenants.".into(),
            ),
            Refusal::ClientId => forbidden(
                "No rule grants you this client id",
                "Tenant and client id must stand in one line of the connector's tenants file, and in your rule.".into(),
            ),
            Refusal::ObjectId => forbidden(
                "The connector does not serve this application",
                "The object id must stand in a line of the connector's tenants file. Add it, then run `kunci reload`.".into(),
            ),
            Refusal::Unreadable => Self::unavailable(
                code,
                "The connector's tenants cannot be read",
                "Try again. If it stays so, tell the operator: `kunci reload` reads them anew.",
            ),
            Refusal::Rate(wait) => {
                let detail = "Your rule's rate is spent. Wait as long as Retry-After says.";
                let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
                Self::new(status, code, "Too many requests", detail).retry_after(seconds)
            }
            Refusal::Verb(verb) => forbidden(
                "No rule grants you this",
                format!("Ask the operator for an [admins] rule that names you and {:?}.", verb.as_str()),
            ),
            Refusal::Admin => {
                forbidden("You are no admin", "Ask the operator for an [admins] rule that names you.".into())
            }
        }
    }
}
