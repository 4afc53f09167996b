//! Connectors: one regional certificate and key, the tenants that it opens, and the kind of assertion it signs.
//!
//! The audience is a template, filled with an authority and a tenant that are both checked. It must be an https
//! URL, so no connector can be made to compose the proof of a Graph key roll, whose audience is a bare GUID.

use crate::duration;
use crate::flaw::Flaw;
use crate::name::Name;
use crate::problem::Fault;
use crate::report::Report;
use crate::tenant::{MAX_TENANT_BYTES, TenantId, excerpt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// How long an assertion may live.
const LIFETIME: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(600);
/// The longest authority and the longest audience template, in bytes.
const MAX_URL_BYTES: usize = 512;
/// The longest audience, in bytes, with the longest tenant filled in: the ledger keeps so much of it.
pub const MAX_AUDIENCE_BYTES: usize = 512;
/// The longest region, in bytes.
const MAX_REGION_BYTES: usize = 128;
/// The longest common name of a certificate, in characters (RFC 5280, appendix A.1, ub-common-name).
const MAX_COMMON_NAME: usize = 64;
/// The hosts of Microsoft Entra, which refuse certificates with EC keys.
const ENTRA: [&str; 3] =
    ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// A connector: one region's certificate and key, and what may be signed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// The region, as people call it.
    pub region: String,
    /// The tokens that serve it. More than one: an independent key and certificate on each, all used.
    #[schemars(length(min = 1))]
    pub tokens: Vec<Name>,
    /// The kind of key: rsa-2048, rsa-3072, rsa-4096 or p-256.
    pub key: KeyType,
    /// The signature: PS256, RS256 or ES256. Microsoft Entra takes RSA keys only.
    pub algorithm: Algorithm,
    /// The authority that assertions are for: an https URL without a trailing slash.
    #[serde(default = "default_authority")]
    pub authority: String,
    /// The audience, made from {authority} and {tenant}.
    #[serde(default = "default_audience")]
    pub audience: String,
    /// How long an assertion lives, 1s to 10m.
    #[serde(default = "default_lifetime", with = "duration")]
    #[schemars(with = "String")]
    pub lifetime: Duration,
    /// The tenants that it opens: a CSV file, tenant,client_id,object_id, beside this file. Reloaded without a restart.
    pub tenants: PathBuf,
    /// Requirements that its keys may fail and sign all the same, each by its code. `kunci token check` names them.
    #[serde(default)]
    pub exceptions: Vec<Flaw>,
}

/// The kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum KeyType {
    /// RSA, 2048 bits.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA, 3072 bits.
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    /// RSA, 4096 bits.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// NIST P-256.
    #[serde(rename = "p-256")]
    P256,
    /// Ed25519: the ledger's, and no connector's.
    #[serde(rename = "ed25519")]
    #[schemars(skip)]
    Ed25519,
}

/// How a key signs (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519: checkpoints only, and no connector's.
    #[schemars(skip)]
    EdDSA,
}

fn default_authority() -> String {
    "https://login.microsoftonline.com".into()
}

fn default_audience() -> String {
    "{authority}/{tenant}/oauth2/v2.0/token".into()
}

fn default_lifetime() -> Duration {
    Duration::from_secs(300)
}

impl Connector {
    /// The common name of its certificates and requests.
    pub fn common_name(&self, name: &Name) -> String {
        format!("{} ({name})", self.region)
    }

    /// Refuses a name and a region that make no certificate which others take.
    pub(crate) fn check_common_name(&self, name: &Name) -> Result<(), Fault> {
        let common_name = self.common_name(name);
        let length = common_name.chars().count();
        if length <= MAX_COMMON_NAME {
            return Ok(());
        }
        let what = format!(
            "the certificate would be for {}, a common name of {length} characters, and {MAX_COMMON_NAME} is the most",
            excerpt(&common_name)
        );
        Err(Fault::value(what, "write the region shorter, or the connector's name"))
    }

    /// The audience of an assertion for this tenant.
    pub fn audience_for(&self, tenant: &TenantId) -> String {
        self.audience.replace("{authority}", &self.authority).replace("{tenant}", tenant.as_str())
    }

    pub(crate) fn check(&self, report: &mut Report<'_>) {
        report.expect("region", self.check_region());
        report.expect_all("tokens", &self.tokens, |report, token| report.token_exists(token));
        report.expect("algorithm", self.check_algorithm());
        report.expect("key", self.check_entra());
        report.expect("authority", self.check_authority());
        report.expect("audience", self.check_audience());
        report.expect("lifetime", duration::within(self.lifetime, &LIFETIME));
        report.expect("tenants", self.check_tenants());
        Flaw::check_exceptions(&self.exceptions, report);
    }

    fn check_region(&self) -> Result<(), Fault> {
        if (1..=MAX_REGION_BYTES).contains(&self.region.trim().len())
            && !self.region.contains(char::is_control)
        {
            return Ok(());
        }
        Err(Fault::value(
            "this is not a region's name",
            format!("write 1 to {MAX_REGION_BYTES} bytes, as \"Germany\""),
        ))
    }

    fn check_algorithm(&self) -> Result<(), Fault> {
        if self.key.makes(self.algorithm) && self.algorithm != Algorithm::EdDSA {
            return Ok(());
        }
        let what = format!("a key of kind {} cannot sign {}", self.key, self.algorithm);
        Err(Fault::new("key-algorithm", what, "use PS256 or RS256 with an rsa-… key, ES256 with p-256"))
    }

    fn check_entra(&self) -> Result<(), Fault> {
        if self.key != KeyType::P256 || !self.is_entra() {
            return Ok(());
        }
        let what = "Microsoft Entra refuses certificates with EC keys (AADSTS5002738)";
        Err(Fault::new("entra-ec-key", what, "use key = \"rsa-3072\" and algorithm = \"PS256\""))
    }

    fn is_entra(&self) -> bool {
        let host = self.authority.strip_prefix("https://").unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        ENTRA.iter().any(|entra| host.eq_ignore_ascii_case(entra))
    }

    fn check_authority(&self) -> Result<(), Fault> {
        let rest = self.authority.strip_prefix("https://").unwrap_or_default();
        let host = rest.split('/').next().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b);
        let fits = !host.is_empty() && rest.bytes().all(plain) && self.authority.len() <= MAX_URL_BYTES;
        if fits && !rest.ends_with('/') {
            return Ok(());
        }
        let help = "write an https URL without a trailing slash, query or user, as \"https://login.microsoftonline.com\"";
        Err(Fault::value(format!("{:?} is not an authority", self.authority), help))
    }

    fn check_audience(&self) -> Result<(), Fault> {
        let filled = self.audience.replace("{authority}", "https://a").replace("{tenant}", "t");
        let plain = |b: u8| b.is_ascii_graphic() && !b"{}\"\\".contains(&b);
        let url = filled.strip_prefix("https://").is_some_and(|rest| !rest.is_empty());
        if !url || !filled.bytes().all(plain) || self.audience.len() > MAX_URL_BYTES {
            let help =
                "write an https URL, with {authority} and {tenant} where they belong and no other braces";
            return Err(Fault::value(format!("{:?} is not an audience", self.audience), help));
        }
        let longest = self
            .audience
            .replace("{authority}", &self.authority)
            .replace("{tenant}", &"t".repeat(MAX_TENANT_BYTES));
        if longest.len() > MAX_AUDIENCE_BYTES {
            let what =
                format!("the audience of a tenant with a long name is over {MAX_AUDIENCE_BYTES} bytes");
            return Err(Fault::value(what, "write a shorter audience or authority"));
        }
        if self.is_entra() && !self.audience.contains("{tenant}") {
            let what = "the audience names no tenant, so one assertion would do for all of them";
            return Err(Fault::value(what, format!("write {:?}", default_audience())));
        }
        Ok(())
    }

    fn check_tenants(&self) -> Result<(), Fault> {
        if self.tenants.file_name().is_some() {
            return Ok(());
        }
        Err(Fault::value("this is not the path of a file", "write a path like \"tenants/de.csv\""))
    }
}

impl KeyType {
    /// Whether a key of this kind can sign so.
    pub fn makes(self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                matches!(algorithm, Algorithm::PS256 | Algorithm::RS256)
            }
            Self::P256 => algorithm == Algorithm::ES256,
            Self::Ed25519 => algorithm == Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::P256 => "p-256",
            Self::Ed25519 => "ed25519",
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
