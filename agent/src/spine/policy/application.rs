//! Which application a key-roll proof may be for: one that stands in the connector's tenants file, and no other.
//!
//! An [`Application`] is built by [`Policy::application`] alone.

use api::Problem;
use hsm_config::Name;

use super::{Policy, Refusal};

/// The length of an object id as text, in bytes: a GUID with its dashes and without braces.
const GUID_LEN: usize = 36;

/// An application's object id, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectId(String);

/// The text is no GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object id is not a GUID")]
pub struct NotAnObjectId;

/// An application that a connector serves, by its tenants file.
#[derive(Debug)]
pub struct Application {
    object_id: ObjectId,
    tenant: String,
}

impl ObjectId {
    /// Parses a GUID of 36 characters.
    pub fn parse(text: &str) -> Result<Self, NotAnObjectId> {
        let guid = uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == GUID_LEN);
        guid.map(|guid| Self(guid.hyphenated().to_string())).ok_or(NotAnObjectId)
    }
}

impl Policy {
    /// The connector's application with this object id, or that there is none.
    pub fn application(&self, connector: &Name, id: &ObjectId) -> Result<Application, Refusal> {
        let served = self.connectors.get(connector).ok_or(Refusal::Connector)?;
        let row = served.tenants.find_object(&id.0).map_err(Refusal::unreadable)?.ok_or(Refusal::ObjectId)?;
        Ok(Application { object_id: id.clone(), tenant: row.tenant().to_owned() })
    }
}

impl Application {
    /// Its object id.
    pub fn object_id(&self) -> &str {
        &self.object_id.0
    }

    /// The tenant of its row.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }
}

impl From<NotAnObjectId> for Problem {
    fn from(_: NotAnObjectId) -> Self {
        let detail = "Give the application's object id as a GUID; it is not the client id.";
        Self::input("invalid-object-id", "The object id is not a GUID", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_id_is_a_guid_in_one_form_only() {
        let guid = "7d1f2a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
        assert_eq!(ObjectId::parse(&guid.to_uppercase()), ObjectId::parse(guid));
        let simple = guid.replace('-', "");
        for text in ["", "app", &simple, &format!("{{{guid}}}"), &format!("urn:uuid:{guid}")] {
            assert_eq!(ObjectId::parse(text), Err(NotAnObjectId), "{text}");
        }
    }
}
