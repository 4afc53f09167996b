//! What to look for in the log, from the command line.

use clap::Args;
use ledger::{Kind, Query, Timestamp};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

use super::Place;

/// What entries have to say.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
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
    /// intent, void, refusal, lifecycle, posture or probe
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// Not before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// The key's CKA_ID, hex
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// The caller's uid
    #[arg(long)]
    uid: Option<u32>,
}

impl Arguments {
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

/// A kind as the log writes it.
fn kind(text: &str) -> Result<Kind, Error> {
    Kind::deserialize(text.into_deserializer())
}
