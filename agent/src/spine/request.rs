//! A caller's request for an assertion: parsed, bounded, typed. Nothing here says who asks or whether they may.
//!
//! A [`Request`] is only built by [`Request::parse`]:
//! ```
//! # use agent::spine::request::{Request, RequestError};
//! # use hsm_config::{ClientId, Name, TenantId};
//! fn stage(connector: Name, tenant: TenantId, client_id: ClientId, body: &[u8]) -> Result<Request, RequestError> {
//!     Request::parse(connector.as_str(), body)
//! }
//! ```
//! and by nothing else:
//! ```compile_fail,E0451
//! # use agent::spine::request::{Request, RequestError};
//! # use hsm_config::{ClientId, Name, TenantId};
//! fn stage(connector: Name, tenant: TenantId, client_id: ClientId, body: &[u8]) -> Result<Request, RequestError> {
//!     Ok(Request { connector, tenant, client_id })
//! }
//! ```

use api::{AssertionRequest, Problem};
use hsm_config::{ClientId, Name, TenantId};

use super::object;

/// A well-formed request.
#[derive(Debug)]
pub struct Request {
    connector: Name,
    tenant: TenantId,
    client_id: ClientId,
}

/// A request that is not well-formed.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The path holds no connector's name.
    #[error("the connector in the path is not a name")]
    Connector,
    /// The body is not the JSON object that is asked for.
    #[error("the body is not {{\"tenant\", \"client_id\"}}: {0}")]
    Body(String),
    /// The tenant is not one.
    #[error("tenant: {0}")]
    Tenant(String),
    /// The client id is not one.
    #[error("client_id: {0}")]
    ClientId(String),
}

impl Request {
    /// Parses a connector's name from the path and the body.
    pub fn parse(connector: &str, body: &[u8]) -> Result<Self, RequestError> {
        let connector = connector.parse::<Name>().map_err(|_| RequestError::Connector)?;
        let body: AssertionRequest =
            object::parse(body).map_err(|error| RequestError::Body(error.to_string()))?;
        let tenant = TenantId::parse(&body.tenant).map_err(|fault| RequestError::Tenant(fault.what))?;
        let client_id =
            ClientId::parse(&body.client_id).map_err(|fault| RequestError::ClientId(fault.what))?;
        Ok(Self { connector, tenant, client_id })
    }

    /// The connector asked for.
    pub fn connector(&self) -> &Name {
        &self.connector
    }

    /// The tenant asked for.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The client id asked for.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let code = match error {
            RequestError::Connector => "invalid-connector",
            RequestError::Body(_) => "invalid-body",
            RequestError::Tenant(_) => "invalid-tenant",
            RequestError::ClientId(_) => "invalid-client-id",
        };
        Self::input(code, "The request is not well-formed", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_exactly_a_tenant_and_a_client_id_is_refused() {
        let cases: [(&str, &[u8]); 9] = [
            ("De", br#"{"tenant":"t","client_id":"c"}"#),
            ("de", b""),
            ("de", br#"{"tenant":"t"}"#),
            ("de", br#"{"tenant":"t","client_id":"c","jti":"mine"}"#),
            ("de", br#"{"tenant":"common","client_id":"c"}"#),
            ("de", br#"{"tenant":"a/../b","client_id":"c"}"#),
            ("de", br#"{"tenant":"t","client_id":""}"#),
            ("de", br#"{"tenant":"t","client_id":"c"} {}"#),
            ("de", br#"["t","c"]"#),
        ];
        for (connector, body) in cases {
            assert!(Request::parse(connector, body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
