//! A configuration beside what the log has of its keys, without an agent and without a token.
//!
//! The log names each key and its certificate by digest; what kind of key it is, the certificate's copy in the state directory
//! tells. What that makes of the configuration is the one judgement of [`readiness`](super::readiness).

use api::{Recorded, RecordedKey};
use hsm_config::{Config, Connector, Name};
use ledger::Reader;
use token::{PublicKey, Sha256};

use super::certificates::Store;
use super::lifecycle::{self, Lifecycle};
use super::readiness::{Dates, Key, Reason, makes, serves, told};
use crate::records::clock::Reading;

/// The log's folder in the state directory.
const LOG: &str = "log";

/// Holds a configuration against the log of its state directory, if there is one. Whoever asks has to be able to read it.
pub fn compare(config: &Config) -> Result<Option<Recorded>, ledger::Error> {
    let log = config.agent.state_dir.join(LOG);
    if matches!(log.try_exists(), Ok(false)) {
        return Ok(None);
    }
    let log = Reader::open(&log)?.lifecycle()?;
    let lifecycle = Lifecycle::fold(log.iter().map(|(index, entry)| (*index, entry)));
    let mut recorded = Recorded { serves: true, ..Recorded::default() };
    for (name, connector) in &config.connectors {
        let mut keys_serve = None;
        for token in &connector.tokens {
            let Some(key) = lifecycle.current(name.as_str(), token.as_str()) else { continue };
            let reasons = certificate(config, key).and_then(|der| judge((name, connector), token, &der));
            let Some(reasons) = reasons else {
                recorded.untold += 1;
                // Nobody knows that it does not.
                keys_serve = Some(true);
                continue;
            };
            recorded.keys += 1;
            keys_serve = Some(keys_serve.unwrap_or_default() | serves(&reasons));
            let (connector, token) = (name.to_string(), token.to_string());
            recorded.found.push(RecordedKey { connector, token, reasons: told(&reasons) });
        }
        recorded.serves &= keys_serve.unwrap_or(true);
    }
    Ok(Some(recorded))
}

fn judge((name, connector): (&Name, &Connector), token: &Name, certificate: &[u8]) -> Option<Vec<Reason>> {
    let kind = PublicKey::from_certificate(certificate).ok()?.kind();
    let fits = makes(kind, connector, token);
    let standing = fits.as_ref().map(|()| kind);
    let dates = Dates::of(certificate);
    let key = Key { name, token, connector, standing, dates, failing: None };
    Some(key.judge(Reading::now().seconds()))
}

/// The recorded certificate of the pinned key, where its copy is what it should be.
fn certificate(config: &Config, key: &lifecycle::Key) -> Option<Vec<u8>> {
    let recorded = key.certificate_sha256?;
    let store = Store::for_key(&config.agent.state_dir, &key.connector, &key.token);
    let der = store.read_now(recorded).filter(|der| Sha256::of(der) == recorded)?;
    let public = PublicKey::from_certificate(&der).ok()?;
    (Some(public.sha256()) == key.spki_sha256).then_some(der)
}
