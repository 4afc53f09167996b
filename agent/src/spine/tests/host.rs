//! The far end of a token's lanes: all of a host but its module. It reads real frames and answers by a script.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use rustix::net::{RecvFlags, SendFlags};
use token::lane::{
    Answer, Ask, Done, Fault, KeyReport, LedgerWork, MAX_ASK, TokenReport, Work, decode, encode,
};
use token::message::Assertion;
use token::{Message, seqpacket};
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::sync::{mpsc, oneshot};

use super::in_time::in_time;
use super::key::Key;
use super::site::ORIGIN;

/// What becomes of a question for a signature.
pub(super) enum Does {
    /// It is signed with the token's key.
    Signs,
    /// It is signed with another key.
    SignsBy(Arc<Key>),
    /// These bytes are called its signature.
    Gives(Vec<u8>),
    /// This is called done.
    Says(Done),
    /// It is refused, or fails.
    Fails(Fault),
    /// It is signed, under another question's number.
    Misnumbers,
    /// These bytes come back, whatever they are.
    Sends(Vec<u8>),
    /// Nothing comes back.
    Hangs,
    /// The lane ends.
    Leaves,
    /// What follows becomes of it, once the test says so.
    Later(oneshot::Receiver<()>, Box<Does>),
}

/// What a token shows: its report, the keys on it, and their certificates.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) token: TokenReport,
    pub(super) keys: Vec<KeyReport>,
    pub(super) certificates: Vec<Vec<u8>>,
}

/// A host: which key it signs with, what it shows, and what it does with the next questions; beyond those it signs.
pub(super) struct Host {
    key: Arc<Key>,
    pub(super) shown: Shown,
    script: Mutex<VecDeque<Does>>,
    asked: mpsc::UnboundedSender<Message>,
    /// Where it tells what it is asked of the log's own key, which it has then.
    pub(super) ledger: Option<mpsc::UnboundedSender<LedgerWork>>,
}

/// The messages that a host was asked to sign.
pub(super) struct Asked(mpsc::UnboundedReceiver<Message>);

impl Host {
    /// A host whose token holds the key for a connector, and its certificate.
    pub(super) fn of(
        connector: &str,
        key: &Arc<Key>,
        script: impl IntoIterator<Item = Does>,
    ) -> (Self, Asked) {
        let (asked, messages) = mpsc::unbounded_channel();
        let shown = Shown {
            token: TokenReport { label: "t".into(), serial: "1".into(), ..TokenReport::default() },
            keys: vec![report(connector, key)],
            certificates: vec![key.certificate.clone()],
        };
        let script = Mutex::new(script.into_iter().collect());
        (Self { key: key.clone(), shown, script, asked, ledger: None }, Asked(messages))
    }

    /// Serves one lane in a task, until either side ends it.
    pub(super) fn serve(self: &Arc<Self>, lane: OwnedFd) {
        let host = self.clone();
        tokio::spawn(async move { host.answer_all(lane).await });
    }

    async fn answer_all(&self, lane: OwnedFd) -> io::Result<()> {
        rustix::io::ioctl_fionbio(&lane, true)?;
        let (lane, mut buffer) = (UnixDatagram::from_std(lane.into())?, vec![0; MAX_ASK]);
        while let Some(ask) = next(&lane, &mut buffer).await? {
            let Some(does) = self.what(&ask.work) else { return Ok(()) };
            if let Some(frame) = self.frame(ask, does).await {
                seqpacket::send(&lane, &frame, &[], SendFlags::empty())?;
            }
        }
        Ok(())
    }

    /// What it does now with this; nothing where it leaves.
    fn what(&self, work: &Work) -> Option<Does> {
        let does = match work {
            Work::Sign { message, .. } => {
                let _ = self.asked.send(message.clone());
                self.script.lock().unwrap().pop_front().unwrap_or(Does::Signs)
            }
            Work::Survey { .. } => {
                Does::Says(Done::Survey(self.shown.token.clone(), self.shown.keys.clone()))
            }
            Work::Ledger(work) => self.of_the_log(work),
            Work::Certificates { .. } => Does::Says(Done::Certificates(self.shown.certificates.clone())),
            _ => Does::Hangs,
        };
        if matches!(does, Does::Leaves) { None } else { Some(does) }
    }

    fn of_the_log(&self, work: &LedgerWork) -> Does {
        let Some(asked) = &self.ledger else { return Does::Hangs };
        let _ = asked.send(work.clone());
        match work {
            LedgerWork::Search { .. } => {
                Does::Says(Done::Survey(self.shown.token.clone(), self.shown.keys.clone()))
            }
            LedgerWork::Sign { .. } => self.script.lock().unwrap().pop_front().unwrap_or(Does::Signs),
            _ => Does::Hangs,
        }
    }

    /// The frame that goes back; none where nothing does.
    async fn frame(&self, ask: Ask, does: Does) -> Option<Vec<u8>> {
        let Ask { mut id, work } = ask;
        let does = match does {
            Does::Later(word, does) => word.await.map(|()| *does).unwrap_or(Does::Hangs),
            does => does,
        };
        let outcome = match does {
            Does::Signs => Ok(signature(&self.key, &work)),
            Does::SignsBy(key) => Ok(signature(&key, &work)),
            Does::Gives(bytes) => Ok(Done::Signature(bytes)),
            Does::Says(done) => Ok(done),
            Does::Fails(fault) => Err(fault),
            Does::Misnumbers => {
                id += 1;
                Ok(signature(&self.key, &work))
            }
            Does::Sends(frame) => return Some(frame),
            Does::Hangs | Does::Leaves | Does::Later(..) => return None,
        };
        Some(encode(&Answer { id, outcome }).unwrap())
    }
}

impl Asked {
    /// The next message, once it is asked for.
    pub(super) async fn next(&mut self) -> Message {
        in_time(self.0.recv()).await.unwrap()
    }

    /// The assertions that were asked for and not looked at yet.
    pub(super) fn assertions(&mut self) -> Vec<Assertion> {
        let assertion = |message| match message {
            Message::Assertion(assertion) => assertion,
            other => panic!("{other:?}"),
        };
        self.rest().into_iter().map(assertion).collect()
    }

    /// All that were asked for and not looked at yet.
    pub(super) fn rest(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

/// A key without a flaw, as a survey tells of it.
pub(super) fn report(connector: &str, key: &Key) -> KeyReport {
    KeyReport {
        id: Some(key.id),
        label: format!("kunci:{connector}"),
        spki: key.public.spki().to_vec(),
        kind: Some(key.public.kind()),
        attributes: Default::default(),
        flaws: Vec::new(),
        certificate_sha256: None,
    }
}

fn signature(key: &Key, work: &Work) -> Done {
    Done::Signature(match work {
        Work::Sign { message, .. } => key.sign(message),
        Work::Ledger(LedgerWork::Sign { checkpoint, .. }) => key.sign_checkpoint(checkpoint, ORIGIN),
        _ => panic!("only signatures are scripted"),
    })
}

async fn next(lane: &UnixDatagram, buffer: &mut [u8]) -> io::Result<Option<Ask>> {
    loop {
        lane.readable().await?;
        let frame = lane.try_io(Interest::READABLE, || {
            seqpacket::receive(lane, buffer, &mut Vec::new(), RecvFlags::DONTWAIT).map(<[u8]>::len)
        });
        match frame {
            Ok(0) => return Ok(None),
            Ok(length) => return Ok(Some(decode(&buffer[..length]).unwrap())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
