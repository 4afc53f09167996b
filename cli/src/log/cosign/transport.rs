//! HTTP to witnesses: bounded in time and bytes, no redirects, proxies by environment, TLS under the system's roots and those
//! that are named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ledger::{AddCheckpoint, Policy};
use quoted::Quoted;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::bounded;
use crate::failure::Failure;

/// How long one answer may take, from the name's look-up to the last byte.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 64 << 10;
/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The longest file of certificates, in bytes.
const MAX_CA: usize = 1 << 20;
/// The type of a body that is a size (C2SP tlog-witness).
const SIZE: &str = "text/x.tlog.size";

/// The way to all witnesses.
#[derive(Clone)]
pub(super) struct Transport(Agent);

/// An answer, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether it says that its body is a size.
    pub(super) is_size: bool,
    pub(super) body: Vec<u8>,
}

/// Why there is none.
#[derive(Debug)]
pub(super) struct NoAnswer(pub(super) String);

impl Transport {
    /// Looks for roots only where a witness of the policy is asked by TLS.
    pub(super) fn new(policy: &Policy, ca: Option<&Path>) -> Result<Self, Failure> {
        let is_tls = policy
            .witnesses()
            .iter()
            .any(|one| one.url.as_deref().is_some_and(|url| !url.starts_with("http://")));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = if is_tls || ca.is_some() { roots(ca)? } else { Vec::new() };
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        let config = Agent::config_builder()
            .tls_config(tls.root_certs(RootCerts::new_with_certs(&roots)).build())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(ANSWER))
            .max_response_header_size(MAX_HEAD)
            .user_agent(concat!("kunci/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self(config.new_agent()))
    }

    /// Sends a request to the witness at a URL.
    pub(super) fn send(&self, url: &str, request: &AddCheckpoint) -> Result<Answer, NoAnswer> {
        let no_answer = |error: ureq::Error| NoAnswer(Quoted(&error.to_string()).to_string());
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let mut answer = self.0.post(url).send(request.to_string()).map_err(no_answer)?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let is_size = kind.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == SIZE));
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(no_answer)?;
        Ok(Answer { status, is_size, body })
    }
}

fn roots(ca: Option<&Path>) -> Result<Vec<Certificate<'static>>, Failure> {
    // What of the system's cannot be read is missing where it is needed, and that is told then.
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<_> = system.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let Some(path) = ca else { return Ok(roots) };
    let before = roots.len();
    let bytes = bounded::read(path, MAX_CA)?;
    roots.extend(parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(root)) => Some(root),
        _ => None,
    }));
    if roots.len() > before {
        return Ok(roots);
    }
    let title = format!("{} has no certificate", Quoted::path(path));
    Err(Failure::usage("malformed", title, "Give the certificates of the authority in PEM."))
}
