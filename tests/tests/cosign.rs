//! `kunci log cosign`: a real log and real witnesses, and witnesses that lie, are slow or dead: they delay nothing but a
//! quorum that needs them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use ledger::{Checkpoint, Entry, Kind, Ledger, Note, Policy, Reader, SignedCheckpoint};
use tempfile::TempDir;
use tests::installed::binary;
use tests::liar::{answer, liar, relayed};
use tests::tls::{Tls, certificates};
use tests::wait::{until, until_true};
use tests::witness::{Log, LogKey, Witness};

const ORIGIN: &str = "vendor.example/kunci";

/// Whoever carries a log's checkpoints around.
struct Cosigner {
    folder: TempDir,
}

impl Cosigner {
    fn new(key: &LogKey, witnesses: &[(&Witness, String)], needed: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut policy = format!("log {}\n", key.vkey);
        for (number, (witness, url)) in witnesses.iter().enumerate() {
            policy += &format!("witness w{number} {} {url}\n", witness.vkey);
        }
        let names: String = (0..witnesses.len()).map(|number| format!(" w{number}")).collect();
        policy += &format!("group all-of-them {needed}{names}\nquorum all-of-them\n");
        fs::write(folder.path().join("policy"), policy).unwrap();
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, log: &Log) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(binary("kunci")).args(["log", "cosign"]);
        command.arg("--log").arg(log.dir.path()).arg("--checkpoint").arg(self.at("checkpoint"));
        command.arg("--policy").arg(self.at("policy")).arg("--output").arg(self.at("cosigned"));
        command
            .stdin(Stdio::null())
            .env_remove("http_proxy")
            .env_remove("https_proxy")
            .env_remove("all_proxy");
        command.env_remove("HTTP_PROXY").env_remove("HTTPS_PROXY").env_remove("ALL_PROXY");
        command
    }

    /// The log says how far it goes, as a whole file at once.
    fn sign(&self, key: &LogKey, log: &Log, size: u64) {
        fs::write(self.at("next"), key.checkpoint(log.head(size)).to_string()).unwrap();
        fs::rename(self.at("next"), self.at("checkpoint")).unwrap();
    }

    fn follow(&self, log: &Log) -> Following {
        let errors = fs::File::options().create(true).append(true).open(self.at("err")).unwrap();
        Following(self.command(log).arg("--follow").stderr(errors).spawn().unwrap())
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.at("err")).unwrap()
    }

    fn reaches(&self, size: u64) {
        until(&format!("{size} entries are cosigned"), || self.published().filter(|(now, _)| *now == size));
    }

    fn once(&self, log: &Log) -> Output {
        self.command(log).output().unwrap()
    }

    /// The size of what is published, which the policy must endorse.
    fn published(&self) -> Option<(u64, usize)> {
        let bytes = fs::read(self.at("cosigned")).ok()?;
        let signed = SignedCheckpoint::parse(&bytes).unwrap();
        let policy = Policy::parse(&fs::read(self.at("policy")).unwrap()).unwrap();
        let endorsed = policy.endorse(&signed, &[]).unwrap();
        Some((signed.head().size, endorsed.witnesses.len()))
    }
}

/// A running `cosign --follow`.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_checkpoint_gets_its_cosignatures_and_the_next_one_goes_on_from_there() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(300, "a"));
    let witnesses = [Witness::of("w.example/1", &[&key]), Witness::of("w.example/2", &[&key])];
    let cosigner =
        Cosigner::new(&key, &[(&witnesses[0], witnesses[0].url()), (&witnesses[1], witnesses[1].url())], 2);
    cosigner.sign(&key, &log, 5);
    let done = cosigner.once(&log);
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(done.stdout, fs::read(cosigner.at("cosigned")).unwrap());
    assert_eq!(cosigner.published(), Some((5, 2)));
    cosigner.sign(&key, &log, 300);
    assert!(cosigner.once(&log).status.success());
    assert_eq!(cosigner.published(), Some((300, 2)));
    assert_eq!((witnesses[0].size(&key), witnesses[1].size(&key)), (300, 300));
    let sizes: serde_json::Value =
        serde_json::from_slice(&fs::read(cosigner.at("cosigned.sizes")).unwrap()).unwrap();
    assert_eq!(sizes[witnesses[0].url()], 300);
}

#[test]
fn sizes_that_were_lost_or_are_wrong_cost_one_question_more() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let cosigner = Cosigner::new(&key, &[(&witness, witness.url())], 1);
    for (size, sizes) in [(3, "{}"), (5, "nonsense"), (9, r#"{"URL": 7}"#)] {
        fs::write(cosigner.at("cosigned.sizes"), sizes.replace("URL", &witness.url())).unwrap();
        cosigner.sign(&key, &log, size);
        let done = cosigner.once(&log);
        assert!(done.status.success(), "{}", said(&done));
        assert_eq!(witness.size(&key), size);
    }
}

#[test]
fn a_split_view_shown_to_two_witnesses_is_found() {
    let (key, log, other) = (LogKey::new(ORIGIN), Log::of(9, "a"), Log::of(9, "b"));
    let witnesses = [Witness::of("w.example/1", &[&key]), Witness::of("w.example/2", &[&key])];
    // The second was shown another history.
    witnesses[1].add(&other.request(&key, 0, 5)).ok();
    let cosigner =
        Cosigner::new(&key, &[(&witnesses[0], witnesses[0].url()), (&witnesses[1], witnesses[1].url())], 2);
    for size in [5, 9] {
        cosigner.sign(&key, &log, size);
        let done = cosigner.once(&log);
        assert_eq!(done.status.code(), Some(1));
        let said = said(&done);
        assert!(said.contains("ANOTHER HISTORY") && said.contains(&witnesses[1].url()), "{said}");
        assert_eq!(cosigner.published(), None, "no quorum, nothing published");
    }
    assert_eq!(witnesses[1].size(&key), 5);
    until_true("the operator is told", || witnesses[1].errors().contains("FORK"));
}

#[test]
fn a_log_that_was_set_back_is_told() {
    let (key, log, short) = (LogKey::new(ORIGIN), Log::of(9, "a"), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    witness.add(&log.request(&key, 0, 9)).ok();
    let cosigner = Cosigner::new(&key, &[(&witness, witness.url())], 1);
    cosigner.sign(&key, &short, 5);
    let done = cosigner.once(&short);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("at 9 entries, and here are 5: the log was SET BACK"), "{}", said(&done));
}

/// Each is beside a good witness, which is enough.
#[test]
fn a_witness_that_lies_counts_for_nothing_and_delays_nothing() {
    let (key, log, stranger) = (LogKey::new(ORIGIN), Log::of(9, "a"), LogKey::new("else.example/log"));
    let good = Witness::of("w.example/good", &[&key]);
    let (named, else_) =
        (Witness::init("w.example/named"), Witness::of("w.example/named", &[&key, &stranger]));
    let relay = else_.address();
    let checkpoint = key.checkpoint(log.head(9));
    let zero =
        format!("\u{2014} w.example/named {}\n", base64(&[named.vkey.id().as_slice(), &[0; 72]].concat()));
    let liars: Vec<(&str, String, &str)> = vec![
        (
            "another key of that name",
            relayed(Arc::new(Mutex::new(relay))),
            "none of the known keys signed it",
        ),
        (
            "time 0, no signature",
            liar(move |_, stream| answer(stream, "200 OK", "text/plain", &zero)),
            "is not what it should be",
        ),
        ("nothing", liar(|_, stream| answer(stream, "200 OK", "text/plain", "\n")), "a line is no signature"),
        (
            "another size",
            liar(|_, stream| answer(stream, "409 Conflict", "text/x.tlog.size", "4711\n")),
            "SET BACK",
        ),
        (
            "a conflict without a size",
            liar(|_, stream| answer(stream, "409 Conflict", "text/plain", "no")),
            "another root",
        ),
        (
            "ever another size",
            liar(|_, stream| answer(stream, "409 Conflict", "text/x.tlog.size", "3\n")),
            "changes while it is asked",
        ),
        (
            "a redirect",
            liar(|_, stream| {
                answer(stream, "307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/", "text/plain", "")
            }),
            "it redirects",
        ),
        (
            "a log that it does not know",
            liar(|_, stream| answer(stream, "404 Not Found", "text/plain", "a\u{1b}[2Jb")),
            "does not know this log",
        ),
        ("busy", liar(|_, stream| answer(stream, "429 Too Many", "text/plain", "later")), "status 429"),
    ];
    for (what, url, why) in liars {
        let cosigner = Cosigner::new(&key, &[(&good, good.url()), (&named, url)], 1);
        cosigner.sign(&key, &log, 9);
        let done = cosigner.once(&log);
        assert!(done.status.success(), "{what}: {}", said(&done));
        assert_eq!(cosigner.published(), Some((9, 1)), "{what}");
        // Alone, it is no quorum, and what it did is told.
        fs::remove_file(cosigner.at("cosigned")).unwrap();
        let policy = fs::read_to_string(cosigner.at("policy")).unwrap();
        fs::write(cosigner.at("policy"), policy.replace("all-of-them 1 w0 w1", "all-of-them 2 w0 w1"))
            .unwrap();
        let done = cosigner.once(&log);
        assert_eq!(done.status.code(), Some(1), "{what}");
        assert!(said(&done).contains(why) && !said(&done).contains('\u{1b}'), "{what}: {}", said(&done));
        assert_eq!(cosigner.published(), None, "{what}");
    }
    assert_eq!(Checkpoint::parse(checkpoint.text()).unwrap().head(), log.head(9));
}

#[test]
fn one_that_never_answers_or_never_ends_delays_nothing_but_its_own_cosignature() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let (good, named) = (Witness::of("w.example/good", &[&key]), Witness::init("w.example/named"));
    let silent = liar(|_, stream| {
        let _ = stream.read(&mut [0; 1]);
    });
    let endless = liar(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let dead = "http://127.0.0.1:9/".to_owned();
    for (url, is_silent) in [(silent, true), (endless, false), (dead, false)] {
        let cosigner = Cosigner::new(&key, &[(&good, good.url()), (&named, url.clone())], 1);
        cosigner.sign(&key, &log, 9);
        let done = cosigner.once(&log);
        assert!(done.status.success(), "{url}");
        // A silent one is given up and told some time: it was still waited for when the command ended.
        assert!(!is_silent || !said(&done).contains("no answer"), "{}", said(&done));
        assert_eq!(cosigner.published(), Some((9, 1)));
    }
}

#[test]
fn it_follows_the_log_over_restarts_of_a_witness_and_its_own() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(40, "a"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    let relay = Arc::new(Mutex::new(witness.address()));
    let url = relayed(relay.clone());
    let cosigner = Cosigner::new(&key, &[(&witness, url)], 1);
    let follow = || cosigner.follow(&log);
    let following = follow();
    let reaches = |size| cosigner.reaches(size);
    // It waits for a first checkpoint.
    until_true("it says that there is none", || !fs::read(cosigner.at("err")).unwrap().is_empty());
    for size in [1, 2, 10] {
        cosigner.sign(&key, &log, size);
        reaches(size);
    }
    witness.kill();
    cosigner.sign(&key, &log, 20);
    until_true("it says that there is no answer", || cosigner.errors().contains("no answer"));
    // It is away for longer than a checkpoint is pursued, and the log is quiet.
    until_true("the checkpoint misses its quorum", || cosigner.errors().contains("20 entries has no quorum"));
    assert_eq!(cosigner.published().unwrap().0, 10);
    witness.start();
    *relay.lock().unwrap() = witness.address();
    reaches(20);
    assert_eq!(cosigner.errors().matches("has no quorum").count(), 1, "{}", cosigner.errors());
    drop(following);
    cosigner.sign(&key, &log, 40);
    let _following = follow();
    reaches(40);
    assert_eq!(witness.size(&key), 40);
}

/// Such a copy has what was published and no more.
#[test]
fn it_follows_a_published_copy_beyond_the_checkpoint_that_it_began_with() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(40, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let cosigner = Cosigner::new(&key, &[(&witness, witness.url())], 1);
    let (ledger, _) = Ledger::open(log.dir.path()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let publish = |size| {
        ledger.publish(key.checkpoint(log.head(size)).try_into().unwrap()).unwrap();
        for name in ["tile", "checkpoint"] {
            let from = log.dir.path().join(name);
            assert!(Command::new("cp").arg("-r").arg(from).arg(dir.path()).status().unwrap().success());
        }
        cosigner.sign(&key, &log, size);
    };
    publish(10);
    let copy = Log { reader: Reader::open(dir.path()).unwrap(), dir: tempfile::tempdir().unwrap() };
    fs::remove_dir(copy.dir.path()).unwrap();
    std::os::unix::fs::symlink(dir.path(), copy.dir.path()).unwrap();
    let _following = cosigner.follow(&copy);
    cosigner.reaches(10);
    publish(40);
    cosigner.reaches(40);
}

#[test]
fn what_cannot_be_written_for_a_while_loses_no_quorum_and_ends_nothing() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    let cosigner = Cosigner::new(&key, &[(&witness, witness.url())], 1);
    // No file takes a folder's name.
    fs::create_dir(cosigner.at("cosigned")).unwrap();
    fs::create_dir(cosigner.at("cosigned.sizes")).unwrap();
    cosigner.sign(&key, &log, 9);
    let _following = cosigner.follow(&log);
    until_true("both are told", || {
        let errors = cosigner.errors();
        errors.contains("cosigned.sizes\" cannot be written") && errors.contains("cosigned\":")
    });
    // Nobody could cosign it again.
    witness.kill();
    fs::remove_dir(cosigner.at("cosigned")).unwrap();
    cosigner.reaches(9);
}

#[test]
fn a_log_that_grows_while_a_witness_answers_was_not_set_back() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let named = Witness::init("w.example/1");
    let (ledger, _) = Ledger::open(log.dir.path()).unwrap();
    let url = liar(move |_, stream| {
        while ledger.size() < 9 {
            let (tell, told) = std::sync::mpsc::channel();
            ledger.record(Entry::new(Kind::Intent), move |result| tell.send(result.is_ok()).unwrap());
            assert!(told.recv().unwrap());
        }
        answer(stream, "409 Conflict", "text/x.tlog.size", "9\n");
    });
    let cosigner = Cosigner::new(&key, &[(&named, url)], 1);
    cosigner.sign(&key, &log, 5);
    let done = cosigner.once(&log);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("sign a newer checkpoint, of 9 entries"), "{}", said(&done));
}

#[test]
fn tls_is_verified_under_the_systems_roots_and_those_that_are_named() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let tls = Tls::before(witness.address(), folder.path());
    let named = Cosigner::new(&key, &[(&witness, tls.url.clone())], 1);
    named.sign(&key, &log, 5);
    let untrusted = named.once(&log);
    assert_eq!(untrusted.status.code(), Some(1));
    assert!(said(&untrusted).contains("UnknownIssuer"), "{}", said(&untrusted));
    let done = named.command(&log).arg("--ca").arg(folder.path().join("ca.pem")).output().unwrap();
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(named.published(), Some((5, 1)));
    let empty = named.command(&log).arg("--ca").arg(named.at("policy")).output().unwrap();
    assert_eq!(empty.status.code(), Some(2));
    assert!(said(&empty).contains("has no certificate"));
}

#[test]
fn what_cannot_be_read_or_is_of_another_log_is_refused_before_anybody_is_asked() {
    let (key, other, log) = (LogKey::new(ORIGIN), LogKey::new(ORIGIN), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let cosigner = Cosigner::new(&key, &[(&witness, witness.url())], 1);
    assert_eq!(cosigner.once(&log).status.code(), Some(2), "no checkpoint");
    cosigner.sign(&other, &log, 5);
    let done = cosigner.once(&log);
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("is not of a log of the policy"), "{}", said(&done));
    fs::write(cosigner.at("policy"), "quorum nobody\n").unwrap();
    assert!(said(&cosigner.once(&log)).contains("line 1"));
    assert_eq!(witness.monitored(&key).status, 404);
    let note = Note::parse(&fs::read(cosigner.at("checkpoint")).unwrap()).unwrap();
    assert!(note.verify([&other.vkey]).is_ok());
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}
