//! What to look for in the log, from the command line.

use audit::Query;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hsm_config::login;
use ledger::{Kind, Timestamp};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use super::{logs, when};

/// The kinds of entries, as the log writes them.
const KINDS: [&str; 6] = ["intent", "void", "refusal", "lifecycle", "posture", "probe"];

/// What entries have to say.
#[derive(Args, Debug)]
pub(crate) struct Filter {
    #[command(flatten)]
    pub(super) logs: logs::Named,
    /// The connector
    #[arg(long)]
    connector: Option<String>,
    /// The tenant
    #[arg(long)]
    tenant: Option<String>,
    /// The client id
    #[arg(long)]
    client_id: Option<String>,
    /// The assertion's id
    #[arg(long)]
    jti: Option<String>,
    /// What kind of entry
    #[arg(long, value_parser = PossibleValuesParser::new(KINDS).try_map(|text| kind(&text)))]
    kind: Option<Kind>,
    /// Not before this time: RFC 3339, 2026-11-30, today, yesterday, or 2h, 3d, 90m ago; UTC, as the log is
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<Timestamp>,
    /// The key's CKA_ID, hex
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// The caller's user, by name or number
    #[arg(long, value_name = "USER", value_parser = user)]
    uid: Option<u32>,
}

impl Filter {
    pub(super) fn query(&self) -> Query {
        Query {
            connector: self.connector.clone(),
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            jti: self.jti.clone(),
            kind: self.kind,
            since: self.since,
            until: self.until,
            key: self.key.as_ref().map(|key| key.to_ascii_lowercase()),
            uid: self.uid,
        }
    }
}

/// A user of this machine, or a number: the log may be another machine's, whose users are nobody's to create here.
fn user(text: &str) -> Result<u32, String> {
    login::user(text).map_err(|fault| format!("{}; give the user's number, as the log has it", fault.what))
}

/// A kind as the log writes it.
fn kind(text: &str) -> Result<Kind, Error> {
    Kind::deserialize(text.into_deserializer())
}
