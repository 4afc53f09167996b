//! What becomes of a token's keys when its host comes, changes or goes: surveyed at every (re)connect, and active only
//! if they are exactly the pinned ones.

use std::sync::Arc;
use std::time::Duration;

use hsm_config::{Connector, Name};
use ledger::{Entry, Kind};
use token::control::{HostState, label};
use token::lane::{Done, SURVEY_KEYS, Work};
use token::{KeyRef, Sha256};

use super::outlook::Subject;
use super::{Front, told};
use crate::keys::certificates::Store;
use crate::keys::connectors::{ActiveKey, Standing};
use crate::keys::lifecycle::Key;
use crate::keys::places;
use crate::keys::posture;
use crate::keys::readiness::{Dates, EligibleKey, Reason, pinned, unpinned};
use crate::tokens::{AskError, Survey};

/// How many keys of Kunci's one token is heard out on: more than any site has connectors, fewer than cost memory.
const MAX_KEYS: usize = 4096;
/// The first and the longest wait before a token is surveyed again.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(3);

/// Notes the certificates' dates of all keys that the ledger knows, before any token is there: they pass without it.
pub(super) async fn remember(front: &Front) {
    for (name, connector) in front.policy().connectors() {
        for token in &connector.tokens {
            let current =
                front.with_lifecycle(|lifecycle| lifecycle.current(name.as_str(), token.as_str()).cloned());
            let Some(key) = current else { continue };
            let standing = Standing { dates: dates(front, &key).await, ..Standing::away(token) };
            front.connectors.set(name.clone(), token.clone(), standing);
        }
    }
}

/// Takes a host's new state; a host that is ready is surveyed.
pub(super) fn host(front: &Arc<Front>, token: Name, generation: u64, state: HostState) {
    let ready = matches!(state, HostState::Ready { .. });
    match &state {
        HostState::Ready { .. } | HostState::Starting => tracing::info!(%token, ?state, "token"),
        _ => tracing::warn!(%token, ?state, "token"),
    }
    front.tokens.host_changed(&token, generation, state);
    if !ready {
        front.connectors.token_away(&token);
        return front.tokens.news(&token);
    }
    if front.tokens.to_survey(&token, generation) {
        let front = front.clone();
        tokio::spawn(async move { survey_until_whole(&front, &token, generation).await });
    }
}

/// Surveys a token, and again as long as it is served and a pinned key does not show on it as it should, or it does not
/// tell: a call that failed once, or a key that was not found once, would else stop a connector for good. There is one such
/// task for each host process, however often that says that it is ready.
async fn survey_until_whole(front: &Front, token: &Name, generation: u64) {
    let (mut wait, mut done) = (FIRST_WAIT, 0);
    while let Some(due) = front.tokens.survey_due(token, generation, done) {
        match survey(front, token).await {
            Ok(_) if !front.connectors.misses_a_key(token) => done = due,
            Ok(_) => tracing::debug!(%token, "the token does not show every pinned key"),
            Err(error) => tracing::error!(%token, %error, "the token cannot be surveyed"),
        }
        tokio::time::sleep(wait).await;
        wait = if done == due { FIRST_WAIT } else { LAST_WAIT.min(wait * 2) };
    }
}

/// Surveys a token and activates its pinned keys.
pub(crate) async fn survey(front: &Front, token: &Name) -> Result<Survey, AskError> {
    let connectors: Vec<Name> = front.policy().connectors().map(|(name, _)| name.clone()).collect();
    let pins: Vec<_> = connectors.iter().map(|connector| pin(front, connector, token)).collect();
    let mut survey = read(front, token, |from| Work::Survey { from }).await?;
    name(front, token, &mut survey);
    // Of a key that was made meanwhile the survey knows nothing: it would count as missing.
    let is_of_before =
        |(connector, before): &(&Name, &Option<KeyRef>)| pin(front, connector, token) == **before;
    for (connector, _) in connectors.iter().zip(&pins).filter(is_of_before) {
        activate(front, connector, token, &survey).await;
    }
    // Last, so that whoever sees the survey sees what became of the keys.
    front.tokens.surveyed(token, survey.clone());
    for (connector, _) in connectors.iter().zip(&pins).filter(|of| !is_of_before(of)) {
        let found = search(front, connector, token).await?;
        front.tokens.searched(token, &label(connector), &found);
    }
    told::tell(front, |subject| match subject {
        Subject::Agent => true,
        Subject::Key(_, at) => at == token,
        Subject::Log | Subject::Connector(_) | Subject::Token(_) => false,
    });
    Ok(survey)
}

/// The key that the log has for a connector on a token.
fn pin(front: &Front, connector: &Name, token: &Name) -> Option<KeyRef> {
    front.with_lifecycle(|lifecycle| lifecycle.current(connector.as_str(), token.as_str())?.pin())
}

/// What a token holds of one connector, for whoever is about to change that: a survey costs a look at every key there.
pub(crate) async fn search(front: &Front, connector: &Name, token: &Name) -> Result<Survey, AskError> {
    let work = |from| Work::Search { connector: connector.clone(), from };
    let mut found = read(front, token, work).await?;
    name(front, token, &mut found);
    activate(front, connector, token, &found).await;
    Ok(found)
}

/// Gives keys the names that the log has for them, and takes back what only looks like a flaw.
pub(crate) fn name(front: &Front, token: &Name, survey: &mut Survey) {
    front.with_lifecycle(|lifecycle| {
        places::name(lifecycle, token, &mut survey.keys);
        posture::acquit(&mut survey.keys, token, lifecycle);
    });
}

/// Reads a whole survey, in as many answers as it takes.
pub(crate) async fn read(
    front: &Front,
    token: &Name,
    work: impl Fn(u32) -> Work,
) -> Result<Survey, AskError> {
    let mut keys = Vec::new();
    // Asked for before the first question: where the host changes meanwhile, the answers are nobody's.
    let generation = front.tokens.generation(token).ok_or(AskError::Gone)?;
    loop {
        let from = u32::try_from(keys.len()).map_err(|_| AskError::Unexpected)?;
        let Done::Survey(report, more) = front.tokens.ask(token, work(from)).await? else {
            return Err(AskError::Unexpected);
        };
        let last = more.len() < SURVEY_KEYS;
        keys.extend(more);
        if last || keys.len() >= MAX_KEYS {
            return Ok(Survey { generation, token: report, keys });
        }
    }
}

/// The connector's pinned key, if it is on the token and fit to sign, and what excuses it is on record.
pub(crate) async fn eligible(
    front: &Front,
    (name, connector): (&Name, &Connector),
    token: &Name,
    key: &Key,
    survey: &Survey,
) -> Result<EligibleKey, Reason> {
    let eligible = pinned((name, connector), token, key, survey, &front.key_policy(connector, token))?;
    let record = |entry| front.journal.record(entry);
    let recorded =
        front.exceptions.record(Some(name), token, eligible.key.pin.id, &eligible.excused, record).await;
    recorded.map(|()| eligible).map_err(|error| {
        tracing::error!(connector = %name, %token, %error, "an exception cannot be recorded, so it is not in force");
        Reason::Unrecorded(token.clone())
    })
}

/// Activates one connector's key on a surveyed token, or says why not.
pub(crate) async fn activate(front: &Front, name: &Name, token: &Name, survey: &Survey) {
    let rules = front.policy();
    let Some(connector) = rules.connector(name).filter(|connector| connector.tokens.contains(token)) else {
        return;
    };
    let current =
        || front.with_lifecycle(|lifecycle| lifecycle.current(name.as_str(), token.as_str()).cloned());
    let mut key = current();
    let standing = loop {
        let standing = look(front, (name, connector), token, key.as_ref(), survey).await;
        // A certificate may have been installed while this one was read.
        let now = current();
        if now == key {
            break standing;
        }
        key = now;
    };
    // A token that went meanwhile has no key that is active, and another host's word is not about this one's.
    if !front.tokens.serves(token, survey.generation) {
        return;
    }
    if let Err(why) = &standing.key {
        tracing::debug!(connector = %name, %token, code = why.code(), "the key does not sign: {why}");
        // Once for each finding, however often it is found.
        if front.connectors.standing(name, token).key.err().as_ref() != Some(why) {
            alarm(front, name, token, why);
        }
    }
    front.connectors.set(name.clone(), token.clone(), standing);
    front.tokens.news(token);
}

/// What becomes of a connector's key on a surveyed token.
async fn look(
    front: &Front,
    connector: (&Name, &Connector),
    token: &Name,
    key: Option<&Key>,
    survey: &Survey,
) -> Standing {
    let Some(key) = key else {
        return Standing { key: Err(without(front, connector.0, token, survey)), dates: None };
    };
    let active = match eligible(front, connector, token, key, survey).await {
        Ok(eligible) => certified(front, eligible, key).await,
        Err(why) => Err(why),
    };
    match active {
        Ok(active) => Standing { dates: Some(active.dates), key: Ok(Arc::new(active)) },
        Err(why) => Standing { key: Err(why), dates: dates(front, key).await },
    }
}

/// Why the log has no key for the connector on the token.
fn without(front: &Front, name: &Name, token: &Name, survey: &Survey) -> Reason {
    let kept = front.kept.contains(&(name.to_string(), token.to_string()));
    front.with_lifecycle(|lifecycle| unpinned(name, token, survey, lifecycle, kept))
}

/// When the certificate of a key that may not sign is good, where there is a copy of it.
async fn dates(front: &Front, key: &Key) -> Option<Dates> {
    let (store, recorded) =
        (Store::for_key(&front.agent.state_dir, &key.connector, &key.token), key.certificate_sha256?);
    let kept = store.read(recorded).await.filter(|kept| Sha256::of(kept) == recorded)?;
    Dates::of(&kept)
}

/// The certificate that the ledger names, from the state directory, else from the token.
async fn certified(front: &Front, eligible: EligibleKey, key: &Key) -> Result<ActiveKey, Reason> {
    let signing = &eligible.key;
    let uncertified = || Reason::Uncertified(signing.connector.clone());
    let recorded = key.certificate_sha256.ok_or_else(uncertified)?;
    if let Some(kept) = Store::of(&front.agent.state_dir, signing).read(recorded).await
        && let Ok(active) = ActiveKey::new(eligible.clone(), kept, recorded)
    {
        return Ok(active);
    }
    let lost = || Reason::CertificateLost(signing.connector.clone());
    let told = match front.tokens.ask(&signing.token, Work::Certificates { key: signing.pin }).await {
        Ok(Done::Certificates(told)) => told,
        _ => return Err(lost()),
    };
    let certificate = told.into_iter().find(|certificate| Sha256::of(certificate) == recorded);
    ActiveKey::new(eligible.clone(), certificate.ok_or_else(lost)?, recorded)
}

/// A key that is not the pinned one is on record, not only in a log file.
fn alarm(front: &Front, connector: &Name, token: &Name, why: &Reason) {
    if matches!(why, Reason::Mismatch(_) | Reason::Missing(_) | Reason::Unfit(..)) {
        let entry =
            Entry::new(Kind::Posture).connector(connector.as_str()).token(token.as_str()).reason(why.code());
        front.journal.record_detached(entry);
    }
}
