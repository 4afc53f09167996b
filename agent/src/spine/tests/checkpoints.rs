//! The log's checkpoints by a host that the test plays: one that lies gets nothing shown, one that cannot is not asked each second,
//! and one that is slow because the supervisor's disk is lives on. Time passes by the test's word.

use std::sync::Arc;
use std::time::Duration;

use ledger::{Entry, Kind, Note, SignatureType, Vkey};
use token::Sha256;
use token::control::{LEDGER_LABEL, RULING_LIMIT};
use token::lane::{Done, LedgerWork};
use token::message::{Checkpoint, TreeHead};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, advance, pause, resume};

use super::host::{Does, Host};
use super::in_time::until;
use super::key::Key;
use super::log::Log;
use super::rig::Rig;
use super::site::{ORIGIN, SITE, name, tenants};
use crate::checkpoints::signer;
use crate::front::outlook;
use crate::ipc::link::Signed;
use crate::keys::readiness::Reason;
use crate::spine::policy::Policy;

/// The longest wait after a try that failed, and longer.
const LONG: Duration = Duration::from_secs(40);

/// A front whose log has a key of its own on the token one, and what its host was asked for that.
struct Keyed {
    rig: Rig,
    key: Arc<Key>,
    vkey: Vkey,
    asked: mpsc::UnboundedReceiver<LedgerWork>,
    asks: mpsc::UnboundedSender<LedgerWork>,
}

impl Keyed {
    /// The key is on record, and the supervisor knows it; no host is there.
    async fn new() -> Self {
        Self::configured(|site| site).await
    }

    async fn configured(change: impl FnOnce(String) -> String) -> Self {
        let line = format!("origin = \"{ORIGIN}\"");
        let rig = Rig::configured(|site| change(site.replace(&line, &format!("{line}\ntoken = \"one\""))));
        let key = Arc::new(Key::new());
        let vkey = Vkey::new(ORIGIN, SignatureType::EcdsaP256, key.public.spki()).unwrap();
        let (asks, asked) = mpsc::unbounded_channel();
        let keyed = Self { rig, key, vkey, asked, asks };
        keyed.born().await;
        keyed
    }

    async fn born(&self) {
        let (key, front) = (&self.key, &self.rig.front);
        let spki_sha256 = key.public.sha256();
        let entry = Entry::new(Kind::Lifecycle).token("one").key(key.id.to_string()).state("generated");
        let entry = entry.spki_sha256(spki_sha256.to_string()).vkey(self.vkey.to_string());
        front.record_lifecycle(entry).await.unwrap();
        front.checkpoints.hears(signed(TreeHead::empty(), spki_sha256));
    }

    /// A host that holds the key, and does this with the next checkpoints.
    fn host(&self, script: impl IntoIterator<Item = Does>) -> Host {
        let (mut host, _) = Host::of("de", &self.key, script);
        host.shown.keys[0].label = LEDGER_LABEL.into();
        host.ledger = Some(self.asks.clone());
        host
    }

    /// Signs checkpoints in a task, as a front does.
    fn signing(&self) -> JoinHandle<()> {
        tokio::spawn(signer::run(self.rig.front.clone()))
    }

    /// The next checkpoint that the host is asked for, however long that takes.
    async fn next(&mut self) -> Checkpoint {
        for _ in 0..LONG.as_secs() {
            while let Ok(work) = self.asked.try_recv() {
                if let LedgerWork::Sign { checkpoint, .. } = work {
                    return checkpoint;
                }
            }
            pass(Duration::from_secs(1)).await;
        }
        panic!("it is not asked");
    }

    /// How often the host was asked for anything since this was last called.
    fn questions(&mut self) -> usize {
        std::iter::from_fn(|| self.asked.try_recv().ok()).count()
    }

    async fn shown(&self) {
        until(|| self.rig.front.checkpoints.shown().is_some()).await;
    }

    /// Its signature of another checkpoint than it is asked for.
    fn signs(&self, next: TreeHead) -> Does {
        let checkpoint = Checkpoint { next, last: TreeHead::empty(), proof: Vec::new() };
        Does::Gives(self.key.sign_checkpoint(&checkpoint, ORIGIN))
    }
}

fn signed(last: TreeHead, key: Sha256) -> Signed {
    Signed { origin: ORIGIN.into(), last, at: 0, keys: vec![key] }
}

/// So much time passes at once; what came before it and of it is done when this returns.
async fn pass(time: Duration) {
    rest().await;
    pause();
    advance(time).await;
    resume();
    rest().await;
}

/// Whatever can go on without time does.
async fn rest() {
    for _ in 0..64 {
        yield_now().await;
    }
}

#[tokio::test]
async fn what_a_lying_host_calls_a_checkpoint_is_never_shown_and_its_wrong_signature_is_on_record_once() {
    let mut keyed = Keyed::new().await;
    let journal = &keyed.rig.front.journal;
    let size = journal.size();
    let root = TreeHead::from(journal.growth_since(0).await.unwrap().to).root;
    let lies = [
        Does::SignsBy(Arc::new(Key::new())),
        keyed.signs(TreeHead { size: size + 1, root }),
        keyed.signs(TreeHead { size, root: Sha256::of(b"another") }),
        keyed.signs(TreeHead::empty()),
        Does::Gives(vec![0x5a; 64]),
        Does::Gives(Vec::new()),
        Does::Says(Done::Nothing),
    ];
    let count = lies.len();
    let host = keyed.host(lies);
    keyed.rig.serve("one", host).await;
    let signing = keyed.signing();
    for lie in 0..count {
        keyed.next().await;
        assert!(keyed.rig.front.checkpoints.shown().is_none(), "a lie before {lie} is shown");
    }
    keyed.next().await;
    assert!(keyed.rig.front.checkpoints.shown().is_none() && keyed.rig.front.checkpoints.failure().is_some());
    keyed.shown().await;
    let note = Note::parse(&keyed.rig.front.checkpoints.shown().unwrap().note).unwrap();
    note.verify([&keyed.vkey]).unwrap();
    signing.abort();
    let log = Log::of(&keyed.rig).await;
    let postures: Vec<_> = log.postures().iter().map(|entry| entry.reason.clone().unwrap()).collect();
    assert_eq!(postures, ["wrong-signature"]);
}

#[tokio::test]
async fn a_log_that_does_not_grow_gets_a_fresh_checkpoint_after_ten_minutes_and_none_before() {
    let mut keyed = Keyed::new().await;
    let host = keyed.host([]);
    keyed.rig.serve("one", host).await;
    let _signing = keyed.signing();
    let first = keyed.next().await;
    keyed.shown().await;
    let shown = keyed.rig.front.checkpoints.shown().unwrap();
    keyed.questions();
    for _ in 0..9 {
        pass(Duration::from_secs(60)).await;
        assert_eq!(keyed.questions(), 0);
    }
    pass(Duration::from_secs(60)).await;
    assert_eq!(keyed.next().await.next, first.next);
    until(|| keyed.rig.front.checkpoints.shown().unwrap().at > shown.at).await;
    assert_eq!(keyed.rig.front.checkpoints.shown().unwrap().size, shown.size);
}

#[tokio::test]
async fn an_unfit_key_is_not_looked_for_each_second_but_at_once_by_a_new_host_or_configuration() {
    let mut keyed = Keyed::new().await;
    let mut host = keyed.host([]);
    host.shown.keys[0].flaws.push(hsm_config::Flaw::Extractable);
    keyed.rig.serve("one", host).await;
    let _signing = keyed.signing();
    for _ in 0..180 {
        pass(Duration::from_secs(1)).await;
    }
    // After 0, 1, 3, 7, 15, 31 and 61 s and so on.
    let questions = keyed.questions();
    assert!((5..=12).contains(&questions), "{questions} questions in three minutes");
    let resolved = keyed.rig.resolved(SITE);
    keyed.rig.front.set_policy(Policy::new(&resolved, tenants(&resolved.config)));
    pass(Duration::from_secs(1)).await;
    until(|| !keyed.asked.is_empty()).await;
    keyed.questions();
    let host = keyed.host([]);
    keyed.rig.serve("one", host).await;
    pass(Duration::from_secs(1)).await;
    keyed.shown().await;
}

#[tokio::test]
async fn a_host_whose_supervisor_has_a_slow_disk_is_waited_for_as_long_as_it_waits_itself() {
    let mut keyed = Keyed::configured(|site| site.replace("lanes = 1", "lanes = 1\ndeadline = \"1s\"")).await;
    let (go_on, word) = oneshot::channel();
    let host = keyed.host([Does::Later(word, Box::new(Does::Signs))]);
    keyed.rig.serve("one", host).await;
    let _signing = keyed.signing();
    keyed.next().await;
    // It has been asked for up to a second already.
    pass(RULING_LIMIT - Duration::from_secs(1)).await;
    assert_eq!(keyed.rig.killed(), []);
    go_on.send(()).unwrap();
    keyed.shown().await;
}

#[tokio::test]
async fn a_host_that_takes_longer_than_that_has_to_go() {
    let mut keyed = Keyed::new().await;
    let host = keyed.host([Does::Hangs]);
    keyed.rig.serve("one", host).await;
    let _signing = keyed.signing();
    keyed.next().await;
    pass(RULING_LIMIT + Duration::from_secs(11)).await;
    assert_eq!(keyed.rig.next_killed().await, name("one"));
}

#[tokio::test]
async fn a_key_that_was_just_made_is_not_late_on_an_agent_that_has_run_for_long() {
    let keyed = Keyed::new().await;
    let front = &keyed.rig.front;
    pass(Duration::from_secs(3600)).await;
    assert!(matches!(outlook::log(front), Some(Reason::CheckpointStale(..))), "it could have been signed");
    front.checkpoints.hears(signed(TreeHead { size: 1, root: Sha256::of(b"1") }, keyed.key.public.sha256()));
    assert!(matches!(outlook::log(front), Some(Reason::CheckpointStale(..))), "no new key");
    let mut known = signed(TreeHead::empty(), keyed.key.public.sha256());
    known.keys.push(Key::new().public.sha256());
    front.checkpoints.hears(known);
    assert_eq!(outlook::log(front), None);
}

#[tokio::test]
async fn the_last_thing_that_a_front_does_is_a_checkpoint_of_what_was_logged_last() {
    let mut keyed = Keyed::new().await;
    let host = keyed.host([]);
    keyed.rig.serve("one", host).await;
    let signing = keyed.signing();
    keyed.shown().await;
    let _ = keyed.rig.front.journal.record(Entry::new(Kind::Probe)).await.unwrap();
    keyed.rig.front.shutdown.drain(&keyed.rig.front.gates).await;
    signer::finish(&keyed.rig.front, signing).await;
    let shown = keyed.rig.front.checkpoints.shown().unwrap();
    assert_eq!(shown.size, keyed.rig.front.journal.size());
    // With nothing new there is nothing to sign.
    keyed.questions();
    signer::finish(&keyed.rig.front, tokio::spawn(async {})).await;
    assert_eq!(keyed.questions(), 0);
}

/// Tokio's clock stands still but for what somebody waits for.
#[tokio::test]
async fn a_stop_waits_for_no_checkpoint_of_a_token_that_is_gone_and_not_long_for_one_that_hangs() {
    let mut keyed = Keyed::new().await;
    pause();
    let began = Instant::now();
    signer::finish(&keyed.rig.front, tokio::spawn(async {})).await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    resume();
    let host = keyed.host([Does::Hangs]);
    keyed.rig.serve("one", host).await;
    pause();
    let began = Instant::now();
    signer::finish(&keyed.rig.front, tokio::spawn(async {})).await;
    let took = began.elapsed();
    assert!(took <= Duration::from_millis(2100), "{took:?}");
}
