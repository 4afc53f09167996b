//! A front from its parts, with a real ledger in a folder of its own, real rules, and hosts on the far ends of its lanes.
//! Requests go through the router that serves the sockets.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use api::path::{ASSERTIONS, PROOFS};
use axum::body::Body;
use axum::http::Request;
use hsm_config::Name;
use ledger::{Entry, Kind, Ledger};
use serde_json::{Value, json};
use tempfile::TempDir;
use token::control::HostState;
use token::{Sha256, seqpacket};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::host::{Asked, Does, Host};
use super::in_time::{in_time, until};
use super::key::Key;
use super::site::{CLIENT_ID, OBJECT_ID, SITE, TENANT, name, resolved, tenants};
use super::told::Told;
use crate::front::parts::Parts;
use crate::front::reload::Tables;
use crate::front::{CERTIFICATES, Front, words};
use crate::http::{Surface, router};
use crate::ipc::link::{FromFront, Resolved, ToFront};
use crate::ipc::peer::Peer;

/// A front and who asks it.
pub(super) struct Rig {
    pub(super) front: Arc<Front>,
    /// What it said to its supervisor.
    words: UnboundedReceiver<FromFront>,
    peer: Arc<Peer>,
    generations: u64,
    state: TempDir,
}

impl Rig {
    /// A front that has no host yet, and whose log knows no key.
    pub(super) fn new() -> Self {
        Self::configured(str::to_owned)
    }

    /// The same, with the configuration changed.
    pub(super) fn configured(change: impl FnOnce(&str) -> String) -> Self {
        Self::built(&change(SITE), |_| {}, |_| {})
    }

    /// The same, with whom its rules mean and its parts changed.
    pub(super) fn built(
        text: &str,
        mean: impl FnOnce(&mut Resolved),
        change: impl FnOnce(&mut Parts<'_>),
    ) -> Self {
        let state = tempfile::tempdir().unwrap();
        std::fs::create_dir(state.path().join(CERTIFICATES)).unwrap();
        let mut resolved = resolved(text, state.path());
        mean(&mut resolved);
        let (send, words) = unbounded_channel();
        let mut parts = Parts {
            resolved: &resolved,
            tenants: tenants(&resolved.config),
            ledger: Ledger::open(&state.path().join("log")).unwrap(),
            checkpoints: (None, None),
            kept: Default::default(),
            words: send,
        };
        change(&mut parts);
        let front = Arc::new(Front::new(parts));
        Self { front, words, peer: Arc::new(ourselves()), generations: 0, state }
    }

    /// A front with a key of the connector de on the token one, and a host that does this with the first questions.
    pub(super) async fn of(script: impl IntoIterator<Item = Does>) -> (Self, Asked) {
        let mut rig = Self::new();
        let asked = rig.provisioned("de", "one", script).await;
        (rig, asked)
    }

    /// A new key of the connector on the token, pinned and certified, and a host that holds it.
    pub(super) async fn provisioned(
        &mut self,
        connector: &str,
        token: &str,
        script: impl IntoIterator<Item = Does>,
    ) -> Asked {
        let key = Arc::new(Key::new());
        self.pin(connector, token, &key).await;
        let (host, asked) = Host::of(connector, &key, script);
        self.serve(token, host).await;
        asked
    }

    /// Puts a key and its certificate on record.
    pub(super) async fn pin(&self, connector: &str, token: &str, key: &Key) {
        self.generated(connector, token, key).await;
        let entry = Entry::new(Kind::Lifecycle).connector(connector).token(token).key(key.id.to_string());
        let certificate = Sha256::of(&key.certificate).to_string();
        self.front.record_lifecycle(entry.state("certified").certificate_sha256(certificate)).await.unwrap();
    }

    /// Puts a key on record.
    pub(super) async fn generated(&self, connector: &str, token: &str, key: &Key) {
        let entry = Entry::new(Kind::Lifecycle).connector(connector).token(token).key(key.id.to_string());
        let public = key.public.sha256().to_string();
        self.front.record_lifecycle(entry.state("generated").spki_sha256(public)).await.unwrap();
    }

    /// A new host of a token, in place of the one before, surveyed.
    pub(super) async fn serve(&mut self, token: &str, host: Host) {
        self.lanes(token, host);
        self.becomes(token, HostState::Ready { serial: "1".into() });
        let name = name(token);
        until(|| self.front.tokens.survey(&name).is_some()).await;
    }

    /// The lanes of a new host, which has not said yet that it serves.
    pub(super) fn lanes(&mut self, token: &str, host: Host) {
        let (lane, far) = seqpacket::pair().unwrap();
        Arc::new(host).serve(far);
        self.generations += 1;
        self.hears(ToFront::Lanes { token: name(token), generation: self.generations }, vec![lane]);
    }

    /// The state of the last host, by the supervisor's word.
    pub(super) fn becomes(&self, token: &str, state: HostState) {
        self.hears(ToFront::Host { token: name(token), generation: self.generations, state }, Vec::new());
    }

    fn hears(&self, word: ToFront, fds: Vec<OwnedFd>) {
        words::heed(&self.front, &mut Tables::default(), word, fds).unwrap();
    }

    /// The next token whose host has to go, once the front says so.
    pub(super) async fn next_killed(&mut self) -> Name {
        loop {
            if let FromFront::Kill { token, .. } = in_time(self.words.recv()).await.unwrap() {
                return token;
            }
        }
    }

    /// The hosts that have to go, by what the front said so far.
    pub(super) fn killed(&mut self) -> Vec<(Name, u64)> {
        let killed = |word| match word {
            FromFront::Kill { token, generation } => Some((token, generation)),
            _ => None,
        };
        std::iter::from_fn(|| self.words.try_recv().ok()).filter_map(killed).collect()
    }

    /// Waits until so many requests wait for the token one, in front of it or for its next host.
    pub(super) async fn waiting(&self, requests: usize) {
        until(|| self.front.tokens.pace(&name("one")).unwrap().1 >= requests).await;
    }

    /// Asks for an assertion of the tenant's.
    pub(super) async fn ask(&self, connector: &str) -> Told {
        self.asking(connector).await.unwrap()
    }

    /// The same, while the test goes on.
    pub(super) fn asking(&self, connector: &str) -> JoinHandle<Told> {
        let body = json!({ "tenant": TENANT, "client_id": CLIENT_ID });
        tokio::spawn(self.post(
            Surface::Agent,
            &ASSERTIONS.replace("{connector}", connector),
            &body.to_string(),
        ))
    }

    /// Asks for an assertion with this body.
    pub(super) async fn ask_with(&self, connector: &str, body: &Value) -> Told {
        self.post(Surface::Agent, &ASSERTIONS.replace("{connector}", connector), &body.to_string()).await
    }

    /// Asks for a proof for the tenant's application.
    pub(super) async fn prove(&self, connector: &str) -> Told {
        self.prove_with(connector, &json!({ "object_id": OBJECT_ID, "reason": "yearly roll" })).await
    }

    /// Asks for a proof with this body.
    pub(super) async fn prove_with(&self, connector: &str, body: &Value) -> Told {
        self.post(Surface::Admin, &PROOFS.replace("{connector}", connector), &body.to_string()).await
    }

    /// Posts anything anywhere.
    pub(super) fn post(
        &self,
        surface: Surface,
        path: &str,
        body: &str,
    ) -> impl Future<Output = Told> + Send + use<> {
        let mut request = Request::post(path).body(Body::from(body.to_owned())).unwrap();
        request.extensions_mut().insert(self.peer.clone());
        let router = router(self.front.clone(), surface);
        async move {
            Told::of(in_time(router.oneshot(request)).await.unwrap_or_else(|never| match never {})).await
        }
    }

    /// Another configuration, to be put in force.
    pub(super) fn resolved(&self, text: &str) -> Resolved {
        resolved(text, self.state())
    }

    /// The state directory.
    pub(super) fn state(&self) -> &Path {
        self.state.path()
    }
}

fn ourselves() -> Peer {
    let (one, _other) = UnixStream::pair().unwrap();
    Peer::of(&one).unwrap()
}
