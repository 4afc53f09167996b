//! Real clients and a real judge: MSAL and azure-identity sign in to oidc-provider with the agent's assertions.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::Kind;
use serde_json::Value;
use tests::judge::{Judge, Registered};
use tests::rig::TENANT;
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// A tenant that the judge serves and the assertions are not for.
const OTHER_TENANT: &str = "fabrikam.example";
/// How long the assertions live that a file keeps fresh.
const REFRESHED: &str = "8s";
/// A quarter of that, in seconds, and how much less it may seem: `exp` is a whole second, and a file's times are coarse.
const QUARTER: f64 = 8.0 / 4.0;
const COARSE: f64 = 0.3;

/// A connector, and the client id that signs in by it.
#[derive(Clone, Copy)]
struct Case {
    connector: &'static str,
    client_id: &'static str,
    key: &'static str,
    algorithm: &'static str,
}

const PS256: Case = Case {
    connector: "ps",
    client_id: "9a1f0c52-0000-4f0e-8a27-6f6f5f0d9a01",
    key: "rsa-2048",
    algorithm: "PS256",
};
const RS256: Case = Case {
    connector: "rs",
    client_id: "9a1f0c52-0000-4f0e-8a27-6f6f5f0d9a02",
    key: "rsa-3072",
    algorithm: "RS256",
};
const ES256: Case = Case {
    connector: "es",
    client_id: "9a1f0c52-0000-4f0e-8a27-6f6f5f0d9a03",
    key: "p-256",
    algorithm: "ES256",
};

/// An installation whose connectors have the judge for their authority, with the agent running.
struct Site {
    cases: Vec<Case>,
    agent: Agent,
    judge: Judge,
    rig: Rig,
}

#[test]
fn msal_gets_an_access_token_with_every_algorithm() {
    every_algorithm("msal_client.py", &[]);
}

#[test]
fn msal_gets_one_from_any_openid_provider_too() {
    every_algorithm("msal_client.py", &["--oidc"]);
}

#[test]
fn azure_identity_gets_an_access_token_with_every_algorithm() {
    every_algorithm("azure_identity_client.py", &[]);
}

#[test]
fn jwcrypto_and_joserfc_accept_every_algorithm() {
    let site = Site::new(&[PS256, RS256, ES256], "5m");
    for case in &site.cases {
        let assertion = site.assertion(case);
        let certificate = site.certificate(case.connector);
        let mut arguments = vec!["--assertion", assertion.to_str().unwrap()];
        let audience = site.judge.endpoint(TENANT);
        arguments.extend(["--certificate", certificate.to_str().unwrap(), "--algorithm", case.algorithm]);
        arguments.extend(["--client-id", case.client_id, "--audience", &audience]);
        let claims = site.judge.client("judge_jws.py", &arguments).granted();
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
        fs::write(&assertion, forged(&fs::read_to_string(&assertion).unwrap())).unwrap();
        assert!(!site.judge.client("judge_jws.py", &arguments).yes, "a changed assertion is refused");
    }
}

#[test]
fn the_server_refuses_an_assertion_that_is_for_another_tenant() {
    let site = Site::new(&[PS256], "5m");
    let assertion = site.assertion(&site.cases[0]);
    let reason = site.post(&assertion, OTHER_TENANT).refused();
    assert!(reason.starts_with("audience (aud) must equal"), "{reason}");
    // Which was the only thing wrong with it.
    site.post(&assertion, TENANT).granted();
}

#[test]
fn the_server_takes_an_assertion_once_and_refuses_it_replayed() {
    let site = Site::new(&[RS256], "5m");
    let assertion = site.assertion(&site.cases[0]);
    site.post(&assertion, TENANT).granted();
    assert_eq!(site.post(&assertion, TENANT).refused(), "client assertion tokens must only be used once");
    site.post(&site.assertion(&site.cases[0]), TENANT).granted();
}

#[test]
fn the_server_refuses_an_assertion_that_has_expired() {
    let site = Site::new(&[ES256], "1s");
    let assertion = site.assertion(&site.cases[0]);
    let expires = claims(&fs::read_to_string(&assertion).unwrap())["exp"].as_u64().unwrap();
    until_true("the assertion expires", || now() >= expires);
    assert_eq!(site.post(&assertion, TENANT).refused(), "jwt expired");
}

#[test]
fn the_server_refuses_an_assertion_of_a_key_that_it_does_not_know() {
    let site = Site::new(&[PS256, RS256], "5m");
    let [ours, other] = [0, 1].map(|at| &site.cases[at]);
    let certificate = site.certificate(other.connector);
    site.judge.know(&[Registered { client_id: ours.client_id, certificate, algorithm: ours.algorithm }]);
    let reason = site.post(&site.assertion(ours), TENANT).refused();
    assert_eq!(reason, "signature verification failed");
}

#[test]
fn a_refreshed_file_always_holds_a_fresh_assertion_that_workload_identity_signs_in_with() {
    let site = Site::new(&[PS256, RS256, ES256], REFRESHED);
    for case in &site.cases {
        let file = site.rig.at(case.connector);
        let mut keeper = site.keeper(case, &file);
        let seen = until("the first assertion", || look(&file));
        site.sign_in_by(&file, case);
        // Once more, with what took its place.
        let mut seen = next(&file, &seen);
        site.sign_in_by(&file, case);
        let mut pauses = Vec::new();
        // A machine that stands still makes a pause longer, never shorter: one of them is as it should be.
        until_true("it is rewritten in time", || {
            let newer = next(&file, &seen);
            assert_ne!(newer.jti, seen.jti);
            let pause = newer.written - seen.written;
            assert!(pause > QUARTER - COARSE, "rewritten after {pause} s, a quarter is {QUARTER} s");
            seen = newer;
            pauses.push(pause);
            pauses.len() > 1 && pause < QUARTER + COARSE
        });
        println!("{}: rewritten after {pauses:?} s", case.algorithm);
        assert!(keeper.try_wait().unwrap().is_none(), "it goes on");
        tests::agent::kill(keeper.id(), rustix::process::Signal::TERM);
        assert!(keeper.wait().unwrap().success());
    }
}

/// A file at one moment: which file it is, when it was written, and whose assertion is in it.
struct Seen {
    inode: u64,
    written: f64,
    jti: String,
}

/// Looks at the file, if it is there: it is whole, ours alone, and not expired.
fn look(file: &Path) -> Option<Seen> {
    let meta = fs::metadata(file).ok()?;
    assert_eq!(meta.mode() & 0o777, 0o600);
    let claims = claims(&fs::read_to_string(file).unwrap());
    assert!(claims["exp"].as_u64().unwrap() > now(), "an expired assertion lay in the file");
    #[allow(clippy::cast_precision_loss)]
    let written = meta.mtime() as f64 + meta.mtime_nsec() as f64 / 1e9;
    Some(Seen { inode: meta.ino(), written, jti: claims["jti"].as_str().unwrap().to_owned() })
}

/// The next file in its place; every look on the way finds a good one.
fn next(file: &Path, last: &Seen) -> Seen {
    until("the file is replaced", || look(file).filter(|seen| seen.inode != last.inode))
}

fn every_algorithm(script: &str, more: &[&str]) {
    let mut site = Site::new(&[PS256, RS256, ES256], "5m");
    for at in 0..site.cases.len() {
        let case = &site.cases[at];
        let socket = site.agent.socket().to_str().unwrap();
        let mut arguments = vec!["--socket", socket, "--connector", case.connector, "--tenant", TENANT];
        arguments.extend(["--client-id", case.client_id, "--authority", site.judge.authority()]);
        let claims = site.judge.client(script, &[&arguments, more].concat()).granted();
        assert_eq!((&claims["sub"], &claims["aud"]), (&case.client_id.into(), &"api://kunci-judge".into()));
        let verdict = site.judge.verdict();
        assert_eq!((&verdict["event"], &verdict["alg"]), (&"granted".into(), &case.algorithm.into()));
        let recorded = |entry: &ledger::Entry| {
            entry.kind == Kind::Intent && entry.jti.as_deref() == verdict["jti"].as_str()
        };
        assert_eq!(
            site.rig.entries().into_iter().filter(recorded).count(),
            1,
            "what was accepted is recorded"
        );
    }
}

impl Site {
    fn new(cases: &[Case], lifetime: &str) -> Self {
        let rig = Rig::bare();
        let judge = Judge::start(&rig.at("judge"));
        let rows: String = cases.iter().map(|case| format!("{TENANT},{},\n", case.client_id)).collect();
        rig.private("tenants.csv", &format!("tenant,client_id,object_id\n{rows}"));
        let rig = rig.rules(&rules(cases, judge.authority(), lifetime)).provisioned();
        let agent = rig.start();
        let site = Self { cases: cases.to_vec(), agent, judge, rig };
        let known = |case: &Case| Registered {
            client_id: case.client_id,
            certificate: site.certificate(case.connector),
            algorithm: case.algorithm,
        };
        site.judge.know(&site.cases.iter().map(known).collect::<Vec<_>>());
        site
    }

    fn certificate(&self, connector: &str) -> PathBuf {
        let path = self.rig.at(&format!("{connector}.pem"));
        fs::write(&path, self.rig.kunci_ok(&["cert", connector])).unwrap();
        path
    }

    /// A fresh assertion in a file, by the command line.
    fn assertion(&self, case: &Case) -> PathBuf {
        let path = self.rig.at(&format!("{}.jwt", case.connector));
        let pair = ["--tenant", TENANT, "--client-id", case.client_id, "--output", path.to_str().unwrap()];
        self.rig.kunci_ok(&[&["assertion", case.connector], pair.as_slice()].concat());
        path
    }

    fn keeper(&self, case: &Case, file: &Path) -> Child {
        let mut keeper = self.rig.command(&["assertion", case.connector, "--refresh", "--output"]);
        keeper.arg(file).args(["--tenant", TENANT, "--client-id", case.client_id]);
        keeper.stdin(Stdio::null()).spawn().unwrap()
    }

    /// WorkloadIdentityCredential gets an access token with what is in the file.
    fn sign_in_by(&self, file: &Path, case: &Case) {
        let mut arguments = vec!["--tenant", TENANT, "--client-id", case.client_id];
        arguments.extend(["--authority", self.judge.authority(), "--token-file", file.to_str().unwrap()]);
        let claims = self.judge.client("workload_identity_client.py", &arguments).granted();
        assert_eq!(claims["sub"], case.client_id);
    }

    fn post(&self, assertion: &Path, tenant: &str) -> tests::judge::Verdict {
        let endpoint = self.judge.endpoint(tenant);
        self.judge
            .client("negative.py", &["--endpoint", &endpoint, "--assertion", assertion.to_str().unwrap()])
    }
}

fn rules(cases: &[Case], authority: &str, lifetime: &str) -> String {
    let names: Vec<&str> = cases.iter().map(|case| case.connector).collect();
    let all = tests::rig::ALL;
    let mut text =
        format!("[callers.rig]\nuser = ME\nconnectors = {names:?}\n[admins.rig]\nuser = ME\nmay = {all}\n");
    for Case { connector, key, algorithm, .. } in cases {
        text += &format!(
            "[connectors.{connector}]\nregion = {connector:?}\ntokens = [\"soft\"]\nkey = {key:?}\nalgorithm = {algorithm:?}\n\
             authority = {authority:?}\nlifetime = {lifetime:?}\ntenants = \"tenants.csv\"\n"
        );
    }
    text
}

fn claims(assertion: &str) -> Value {
    let parts: Vec<&str> = assertion.trim().split('.').collect();
    assert_eq!(parts.len(), 3, "not a whole assertion: {assertion}");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

/// The same assertion with one letter of its claims changed.
fn forged(assertion: &str) -> String {
    let (header, rest) = assertion.split_once('.').unwrap();
    let claims = claims(assertion).to_string().replace(TENANT, OTHER_TENANT);
    let signature = rest.rsplit_once('.').unwrap().1;
    format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
