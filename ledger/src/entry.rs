//! One ledger entry: a JSON object whose fields stand in the order of docs/log-format.md.
//!
//! The fields are public; the setters are for callers who compose one. Nothing here is checked against policy: an
//! entry says what the agent decided. Unknown fields are tolerated on reading, so that an older auditor reads a newer log.

use jiff::Timestamp;
use quoted::Quoted;
use serde::{Deserialize, Serialize};

use crate::{Kind, text, timestamp};

/// The only version of the entry format.
pub(crate) const VERSION: u8 = 1;

/// Who asked, in the kernel's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The peer's uid.
    pub uid: u32,
    /// The peer's systemd unit, where its cgroup names one.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub unit: Option<String>,
}

/// One entry, before or after it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Always 1.
    pub v: u8,
    /// When the writer appended it; stamped by the writer, whatever stood there.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp")]
    pub time: Option<Timestamp>,
    /// What happened.
    pub kind: Kind,
    /// The connector's name.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub connector: Option<String>,
    /// The key's CKA_ID in lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub key: Option<String>,
    /// The token's name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub token: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// The tenant asked for.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub tenant: Option<String>,
    /// The client id asked for.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub client_id: Option<String>,
    /// The assertion's audience.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write_aud")]
    pub aud: Option<String>,
    /// The assertion's id.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub jti: Option<String>,
    /// When the assertion expires, in seconds since 1970 (RFC 7519 NumericDate).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// SHA-256 of the signing input in lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub digest: Option<String>,
    /// In a void: the index of the intent that never left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voids: Option<u64>,
    /// Why: an admin's words, or a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write_reason")]
    pub reason: Option<String>,
    /// What was signed: assertion, proof, certificate or request.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub message: Option<String>,
    /// In a proof's intent: the application that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub object_id: Option<String>,
    /// In a lifecycle entry: the state that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub state: Option<String>,
    /// SHA-256 of the key's SubjectPublicKeyInfo in lower-case hex: the pin.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub spki_sha256: Option<String>,
    /// SHA-256 of the certificate's DER in lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub certificate_sha256: Option<String>,
    /// SHA-1 of the certificate's DER in lower-case hex: the thumbprint by which Entra's sign-in logs name it. Nothing rests on it.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub certificate_sha1: Option<String>,
    /// The token's or the certificate's serial number.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub serial: Option<String>,
    /// In a refusal: how many it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// In a refusal that may stand for more than one user: `unnamed` for those whom no rule names, `several` for others.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub callers: Option<String>,
    /// The keyId by which an application names a published credential, as Entra's sign-in logs do.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write")]
    pub credential_key_id: Option<String>,
    /// In the `generated` entry of the ledger's own key: what verifies its checkpoints (C2SP signed-note).
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "text::write_vkey")]
    pub vkey: Option<String>,
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadEntry {
    #[error("not an entry: {0}")]
    Json(String),
    #[error("entry version {0}, and only 1 is known")]
    Version(u8),
}

impl Entry {
    /// An entry that says only its kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            v: VERSION,
            time: None,
            kind,
            connector: None,
            key: None,
            token: None,
            caller: None,
            tenant: None,
            client_id: None,
            aud: None,
            jti: None,
            exp: None,
            digest: None,
            voids: None,
            reason: None,
            message: None,
            object_id: None,
            state: None,
            spki_sha256: None,
            certificate_sha256: None,
            certificate_sha1: None,
            serial: None,
            count: None,
            callers: None,
            credential_key_id: None,
            vkey: None,
        }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BadEntry> {
        // serde takes an array, too, and counts its members by their place, where other readers of the log see nothing.
        if !bytes.starts_with(b"{") {
            return Err(BadEntry::Json("it is no object".to_owned()));
        }
        // serde repeats what it could not read.
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|e| BadEntry::Json(Quoted(e.to_string()).to_string()))?;
        if entry.v == VERSION { Ok(entry) } else { Err(BadEntry::Version(entry.v)) }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $kind:ty => |$value:ident| $store:expr;)*) => {
        impl Entry {
            $($(#[$doc])* pub fn $name(mut self, $value: $kind) -> Self {
                self.$name = Some($store);
                self
            })*
        }
    };
}

setters! {
    /// Sets the connector's name.
    connector: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the key's CKA_ID, lower-case hex.
    key: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the token's name.
    token: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets who asked.
    caller: Caller => |value| {
        Caller { unit: value.unit.map(|unit| text::owned(unit, text::MAX_TEXT_BYTES)), ..value }
    };
    /// Sets the tenant.
    tenant: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the client id.
    client_id: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the audience.
    aud: impl Into<String> => |value| text::owned(value.into(), text::MAX_AUD_BYTES);
    /// Sets the assertion's id.
    jti: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the expiry, in seconds since 1970.
    exp: i64 => |value| value;
    /// Sets SHA-256 of the signing input, lower-case hex.
    digest: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the index of the intent that never left.
    voids: u64 => |value| value;
    /// Sets the reason.
    reason: impl Into<String> => |value| text::owned(value.into(), text::MAX_REASON_BYTES);
    /// Sets which kind of message was signed.
    message: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the application that a proof is for.
    object_id: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the state that was reached.
    state: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
    spki_sha256: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets SHA-256 of the certificate, lower-case hex.
    certificate_sha256: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets SHA-1 of the certificate, lower-case hex.
    certificate_sha1: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the serial number.
    serial: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets how many refusals this entry stands for.
    count: u64 => |value| value;
    /// Sets for whom a refusal stands that may be several users'.
    callers: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets the keyId by which an application names a published credential.
    credential_key_id: impl Into<String> => |value| text::owned(value.into(), text::MAX_TEXT_BYTES);
    /// Sets what verifies the checkpoints of the ledger's own key.
    vkey: impl Into<String> => |value| text::owned(value.into(), text::MAX_VKEY_BYTES);
}

#[cfg(test)]
mod tests;
