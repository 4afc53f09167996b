//! A sign-in, parsed: what a row says, in types. A row that says what cannot be is a fault, not a row less.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use quoted::Quoted;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use uuid::Uuid;

use super::field::{Column, Field};
use super::raw::{Raw, Scalar, Value, Within};
use super::{Fault, when};

/// How much time a row that sums up may cover where it names no end: a summary of Graph's is of a day at most.
pub const SUMMED_SPAN: SignedDuration = SignedDuration::from_hours(24);
/// How an error is counted that is told in words only.
const SOME_ERROR: u32 = u32::MAX;
/// The longest id of a tenant, an application or a resource, in bytes.
const MAX_ID_BYTES: usize = 256;

/// One sign-in, or several that a row sums up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn<'a> {
    /// When; of several, the earliest that one may have been.
    pub from: Timestamp,
    /// The same; of several, the latest.
    pub until: Timestamp,
    /// How many, where the row sums up.
    pub summed: Option<u64>,
    /// The customer's tenant, where the row tells it.
    pub tenant: Option<&'a str>,
    /// The application.
    pub client_id: &'a str,
    /// The certificate's thumbprint, where it is told.
    pub thumbprint: Option<Thumbprint>,
    /// The credential's keyId, where it is told.
    pub key_id: Option<Uuid>,
    /// The kind of credential.
    pub method: Method,
    /// From where, where it is told.
    pub address: Option<IpAddr>,
    /// How it ended: 0 is well.
    pub error: u32,
    /// The resource that the token is for.
    pub resource: Option<&'a str>,
    /// The row's own id.
    pub id: Option<&'a str>,
    /// The token's.
    pub token: Option<&'a str>,
}

/// A certificate's digest, as it is told: SHA-1 or SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Thumbprint {
    /// SHA-1, as Entra's portal shows it.
    Sha1([u8; 20]),
    /// SHA-256.
    Sha256([u8; 32]),
}

/// What an application signed in with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// It is not told.
    #[default]
    Untold,
    /// A certificate or an assertion: what the agent signs.
    Assertion,
    /// A client secret.
    Secret,
    /// Another issuer's assertion.
    Federated,
    /// Something else.
    Other,
}

/// Who gets each sign-in, with its line.
type Sink<'s> = Box<dyn FnMut(u64, &SignIn<'_>) -> Result<(), String> + 's>;

/// Makes sign-ins of rows and hands them on.
pub(super) struct Rows<'s> {
    sink: Sink<'s>,
}

impl<'s> Rows<'s> {
    pub(super) fn new(sink: impl FnMut(u64, &SignIn<'_>) -> Result<(), String> + 's) -> Self {
        Self { sink: Box::new(sink) }
    }

    /// A row that is an object of JSON.
    pub(super) fn object(&mut self, line: u64, bytes: &[u8]) -> Result<(), Fault> {
        let mut raw = Raw::default();
        let mut json = serde_json::Deserializer::from_str(utf8(line, bytes)?);
        let read = raw.object(Within::Row).deserialize(&mut json).and_then(|()| json.end());
        read.map_err(|error| Fault::json(line, &error))?;
        self.take(line, &raw)
    }

    /// A row that is an array of JSON, in the order of columns.
    pub(super) fn array(&mut self, line: u64, columns: &[Column], bytes: &[u8]) -> Result<(), Fault> {
        let mut raw = Raw::default();
        let mut json = serde_json::Deserializer::from_str(utf8(line, bytes)?);
        let read = json.deserialize_seq(Cells { columns, raw: &mut raw }).and_then(|()| json.end());
        read.map_err(|error| Fault::json(line, &error))?;
        self.take(line, &raw)
    }

    /// A row that is cells of a table, each with its field.
    pub(super) fn cells<'c>(
        &mut self,
        line: u64,
        cells: impl Iterator<Item = Result<(Field, u8, &'c str), Fault>>,
    ) -> Result<(), Fault> {
        let mut raw = Raw::default();
        for cell in cells {
            let (field, weight, text) = cell?;
            raw.put(field, weight, Value::Text(Cow::Borrowed(text.trim())));
        }
        self.take(line, &raw)
    }

    fn take(&mut self, line: u64, raw: &Raw<'_>) -> Result<(), Fault> {
        let is_others = |category: &str| !category.eq_ignore_ascii_case("ServicePrincipalSignInLogs");
        if raw.is_others || raw.text(Field::Category).is_some_and(is_others) {
            return Ok(());
        }
        let sign_in = SignIn::of(raw).map_err(|what| Fault::at(line, what))?;
        (self.sink)(line, &sign_in).map_err(|what| Fault::at(line, what))
    }
}

/// A row is looked through once, in place of each of its texts.
fn utf8(line: u64, bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::at(line, "the row is not UTF-8"))
}

struct Cells<'c, 'r, 'a> {
    columns: &'c [Column],
    raw: &'r mut Raw<'a>,
}

impl<'a> Visitor<'a> for Cells<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a row of as many cells as the table has columns")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<(), S::Error> {
        let mut columns = self.columns.iter();
        while let Some(Scalar(value)) = list.next_element()? {
            let column = columns.next().ok_or_else(|| serde::de::Error::custom("a cell without a column"))?;
            if let (Some((field, weight)), Some(value)) = (column, value) {
                self.raw.put(*field, *weight, value);
            }
        }
        Ok(())
    }
}

impl<'a> SignIn<'a> {
    fn of(raw: &'a Raw<'_>) -> Result<Self, String> {
        let summed = number(raw, Field::Count, "how many sign-ins a row sums up")?;
        let (from, until) = span(raw, summed.is_some())?;
        let tells_tenant = raw.is_record || summed.is_some();
        let also = raw.text(Field::TenantOrWorkspace).filter(|_| tells_tenant);
        Ok(Self {
            from,
            until,
            summed,
            tenant: short(raw.text(Field::Tenant).or(also))?,
            client_id: short(raw.text(Field::Application))?.ok_or("no application (appId) is told here")?,
            thumbprint: raw.text(Field::Thumbprint).map(Thumbprint::parse).transpose()?,
            key_id: raw.text(Field::KeyId).map(key_id).transpose()?,
            method: Method::of(raw.text(Field::Method)),
            address: raw.text(Field::Address).map(address).transpose()?,
            error: error(raw)?,
            resource: short(raw.text(Field::Resource))?,
            id: short(raw.text(Field::Id))?,
            token: short(raw.text(Field::Token))?,
        })
    }
}

/// From when to when; a row of one sign-in has one time.
fn span(raw: &Raw<'_>, is_summed: bool) -> Result<(Timestamp, Timestamp), String> {
    let [time, first, last] = [Field::Time, Field::First, Field::Last].map(|field| time(raw, field));
    let (time, first, last) = (time?, first?, last?);
    let some = time.or(first).ok_or("no time of sign-in (createdDateTime, TimeGenerated) is told here")?;
    if !is_summed {
        return Ok((some, some));
    }
    let shifted = |from: Timestamp, by| from.checked_add(by).unwrap_or(from);
    let from = first.unwrap_or_else(|| shifted(some, -SUMMED_SPAN));
    let until = last.unwrap_or_else(|| shifted(first.unwrap_or(some), SUMMED_SPAN));
    if until < from { Err("the last sign-in is before the first".to_owned()) } else { Ok((from, until)) }
}

fn time(raw: &Raw<'_>, field: Field) -> Result<Option<Timestamp>, String> {
    let Some(text) = raw.text(field) else { return Ok(None) };
    when::parse(text).map(Some).ok_or_else(|| format!("{} is no time that is known here", Quoted(text)))
}

fn short(text: Option<&str>) -> Result<Option<&str>, String> {
    match text {
        Some(text) if text.len() > MAX_ID_BYTES => Err(format!("the id {} is too long", Quoted(text))),
        text => Ok(text),
    }
}

fn number(raw: &Raw<'_>, field: Field, what: &str) -> Result<Option<u64>, String> {
    let parsed = match raw.get(field) {
        None => return Ok(None),
        Some(Value::Number(number)) => u64::try_from(*number).ok(),
        Some(Value::Text(text)) => text.parse().ok(),
    };
    parsed.map(Some).ok_or_else(|| format!("{what} is no number"))
}

fn error(raw: &Raw<'_>) -> Result<u32, String> {
    match raw.get(Field::Error) {
        Some(Value::Text(text)) if text.eq_ignore_ascii_case("success") => Ok(0),
        // "Failure", "Interrupted": words that name no number.
        Some(Value::Text(text)) if !text.bytes().any(|byte| byte.is_ascii_digit()) => Ok(SOME_ERROR),
        Some(_) => Ok(number(raw, Field::Error, "the error code")?
            .and_then(|code| u32::try_from(code).ok())
            .unwrap_or(SOME_ERROR)),
        None => Err("how the sign-in ended (status.errorCode, ResultType) is not told here".to_owned()),
    }
}

fn key_id(text: &str) -> Result<Uuid, String> {
    Uuid::try_parse(text).map_err(|_| format!("the keyId {} is no GUID", Quoted(text)))
}

/// An address, or one with a port.
fn address(text: &str) -> Result<IpAddr, String> {
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let address = bare().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    let address = address.ok_or_else(|| format!("{} is no address", Quoted(text)))?;
    Ok(address.to_canonical())
}

impl Thumbprint {
    /// Reads hexadecimal digits of either case, with or without colons, or base64.
    pub fn parse(text: &str) -> Result<Self, String> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let hex = || base16ct::mixed::decode_vec(&digits).ok();
        let bare = text.trim_end_matches('=');
        let base64 = || URL_SAFE_NO_PAD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok();
        [hex(), base64()]
            .into_iter()
            .flatten()
            .find_map(Self::of)
            .ok_or_else(|| format!("the thumbprint {} is neither SHA-1 nor SHA-256", Quoted(text)))
    }

    fn of(bytes: Vec<u8>) -> Option<Self> {
        let sha1 = <[u8; 20]>::try_from(bytes.as_slice()).map(Self::Sha1);
        sha1.or_else(|_| <[u8; 32]>::try_from(bytes.as_slice()).map(Self::Sha256)).ok()
    }
}

impl Method {
    fn of(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::Untold };
        match text.to_ascii_lowercase().as_str() {
            "" | "none" | "unknownfuturevalue" => Self::Untold,
            "certificate" | "clientassertion" => Self::Assertion,
            "clientsecret" => Self::Secret,
            "federatedidentitycredential" => Self::Federated,
            _ => Self::Other,
        }
    }
}
