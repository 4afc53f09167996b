//! What is configured: tokens, connectors, callers, admins.
//!
//! [`Config::load`] reads one TOML file and answers with a whole configuration or with every problem it found,
//! each with its file, line and what to do. Nothing here opens a socket or a token, and no PIN is ever read: a
//! [`PinSource`] only opens the file that holds one.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admin;
mod agent;
mod alone;
mod arguments;
mod caller;
mod cka_id;
mod config;
mod connector;
mod document;
mod draft;
mod duration;
mod example;
mod flaw;
mod guid;
mod ledger;
pub mod login;
mod machine;
mod management_key;
mod mode;
mod name;
mod peer;
mod pin;
mod piv;
mod problem;
mod rate;
mod report;
mod schema;
mod secret_source;
mod section;
mod serde_errors;
mod tenant;
mod tenants;
mod token;
mod trusted;
mod uri;

pub use admin::{Admin, Verb};
pub use agent::Agent;
pub use arguments::{Arguments, Role};
pub use caller::Caller;
pub use cka_id::CkaId;
pub use config::Config;
pub use connector::{Algorithm, Connector, KeyType, MAX_AUDIENCE_BYTES};
pub use example::example;
pub use flaw::Flaw;
pub use ledger::Ledger;
pub use management_key::ManagementKey;
pub use mode::Mode;
pub use name::Name;
pub use pin::{PinError, PinFile, PinIdentity, PinSource};
pub use piv::{PinPolicy, PivSlot, TouchPolicy};
pub use problem::{Fault, Problem, Problems};
pub use rate::Rate;
pub use schema::schema;
pub use tenant::{ClientId, TenantId};
pub use tenants::{Known, Row, Tenants, TenantsFile};
pub use token::{Reach, Token, TokenKind};
pub use trusted::{check_folder, check_module, open_secret, read as read_trusted};
pub use uri::Pkcs11Uri;
