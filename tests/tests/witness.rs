//! `kunci witness`: signs that a log only grows, keeps what it signed before it says so, and never signs two histories.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::thread;

use ledger::{AddCheckpoint, Note, Root, Signature, TreeHead};
use rustix::process::Signal;
use tests::strace::Strace;
use tests::wait::until_true;
use tests::witness::{Log, LogKey, Witness, add, ask};

const ORIGIN: &str = "vendor.example/kunci";

#[test]
fn the_key_is_its_owners_alone_and_never_overwritten() {
    let witness = Witness::init("w.example/1");
    let path = witness.dir().join("key");
    let key = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(witness.dir()).unwrap().mode() & 0o7777, 0o700);
    let again = Witness::command(&witness.dir(), &["init", "w.example/1"]).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap().trim_end(), witness.vkey.to_string());
    let other = Witness::command(&witness.dir(), &["init", "w.example/2"]).output().unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&other.stderr).contains("is the key of \"w.example/1\""));
    assert_eq!(fs::read(&path).unwrap(), key, "not a byte was changed");
    assert_eq!(fs::read_dir(witness.dir()).unwrap().count(), 1, "and nothing is left beside it");
}

#[test]
fn a_key_that_others_could_read_or_exchange_is_not_used() {
    let log = LogKey::new(ORIGIN);
    let witness = Witness::init("w.example/1");
    fs::write(witness.folder.path().join("logs"), log.vkey.to_string()).unwrap();
    let refused = |what: &str| {
        let done = witness.serve().output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(what), "{said}");
    };
    let mode = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let key = witness.dir().join("key");
    mode(&key, 0o640);
    refused("its mode is 0640, which lets others read it");
    mode(&key, 0o600);
    mode(&witness.dir(), 0o777);
    refused("so others could put another in its place");
    let done = Witness::command(&witness.dir(), &["init", "w.example/1"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2), "init looks at the folder, too");
    mode(&witness.dir(), 0o700);
    fs::write(&key, &fs::read(&key).unwrap()[..40]).unwrap();
    refused("is no key");
    fs::remove_file(&key).unwrap();
    refused("This witness has no key");
}

#[test]
fn each_refusal_has_its_status_in_the_order_of_the_specification() {
    let (key, stranger, log) = (LogKey::new(ORIGIN), LogKey::new("else.example/log"), Log::of(9, "a"));
    let forger = LogKey::new(ORIGIN);
    let witness = Witness::of("w.example/1", &[&key]);
    let status = |body: &str| witness.add(body).status;
    assert_eq!(status("old 0\n\nnothing\n"), 400, "malformed");
    // Of a log that nobody knows, everything else may be wrong.
    assert_eq!(status(&log.request(&stranger, 3, 5)), 404);
    // No trusted key; then the size does not count.
    assert_eq!(status(&log.request(&forger, 3, 5)), 403);
    let mut note = key.checkpoint(log.head(5));
    let forged = log.request(&key, 0, 5).replace("\n5\n", "\n6\n");
    assert_eq!(status(&forged), 403, "a signature of a trusted key that is bad");
    note.add(Signature::new(&forger.vkey, [1; 64])).unwrap();
    let with_others = AddCheckpoint::new(0, Vec::new(), note).unwrap();
    // The old size is larger, and is not the stored one either.
    let larger = AddCheckpoint::new(7, Vec::new(), key.checkpoint(log.head(5))).unwrap();
    assert_eq!(status(&larger.to_string()), 400);
    let conflict = witness.add(&log.request(&key, 3, 5));
    assert_eq!((conflict.status, conflict.body.as_slice()), (409, b"0\n".as_slice()));
    assert_eq!(conflict.header("content-type"), Some("text/x.tlog.size"));
    let nothing = TreeHead { size: 0, root: Root([7; 32]) };
    assert_eq!(status(&AddCheckpoint::new(0, Vec::new(), key.checkpoint(nothing)).unwrap().to_string()), 422);
    let with_proof = AddCheckpoint::new(0, vec![[7; 32]], key.checkpoint(log.head(5))).unwrap();
    assert_eq!(status(&with_proof.to_string()), 422, "a proof from nothing");
    assert_eq!(witness.monitored(&key).status, 404, "nothing of all that was kept");
    // And the one that is right, with a signature that nobody asked for.
    let done = witness.add(&with_others.to_string()).ok();
    let line = String::from_utf8(done.body).unwrap();
    let mut cosigned = key.checkpoint(log.head(5));
    cosigned.add(line.trim_end().parse().unwrap()).unwrap();
    let signers = cosigned.verify([&witness.vkey]).unwrap();
    assert!(signers[0].time.unwrap() > 1_700_000_000);
    let kept = Note::parse(&witness.monitored(&key).ok().body).unwrap();
    assert_eq!(kept, cosigned, "what nobody verified is not published");
    // After that: a wrong proof, a missing one, two roots.
    let proof = log.reader.consistency(5, 9).unwrap();
    let wrong = AddCheckpoint::new(5, [&proof[1..], &proof[..1]].concat(), key.checkpoint(log.head(9)));
    assert_eq!(status(&wrong.unwrap().to_string()), 422);
    let two_roots = TreeHead { size: 5, root: Root([7; 32]) };
    let fork = AddCheckpoint::new(5, Vec::new(), key.checkpoint(two_roots)).unwrap().to_string();
    assert_eq!(status(&fork), 422);
    assert_eq!(witness.size(&key), 5);
    until_true("the operator is told of the fork", || witness.errors().contains("of 5 entries"));
    assert_eq!(status(&log.request(&key, 5, 9)), 200);
    assert_eq!(status(&log.request(&key, 9, 9)), 200, "the same again, to be fresh");
    assert_eq!(status(&log.request(&key, 5, 7)), 409, "no way back");
    assert_eq!(witness.size(&key), 9);
}

#[test]
fn a_fork_leaves_its_evidence_and_the_first_is_kept() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    witness.add(&log.request(&key, 0, 5)).ok();
    let fork = |byte| {
        let head = TreeHead { size: 5, root: Root([byte; 32]) };
        let note = key.checkpoint(head);
        let refused = witness.add(&AddCheckpoint::new(5, Vec::new(), note.clone()).unwrap().to_string());
        assert_eq!(refused.status, 422);
        note
    };
    let first = fork(1);
    fork(2);
    assert_eq!(witness.size(&key), 5, "the witness keeps to its history");
    // What is kept of the log is another checkpoint then, and the evidence is still whole.
    witness.add(&log.request(&key, 5, 9)).ok();
    let evidence = |word: &str| {
        let mut files = fs::read_dir(witness.dir()).unwrap().map(|entry| entry.unwrap().path());
        let file = files.find(|path| path.extension().is_some_and(|extension| extension == word));
        let note = Note::parse(&fs::read(file.unwrap()).unwrap()).unwrap();
        assert!(note.verify([&key.vkey]).is_ok());
        note
    };
    assert_eq!(evidence("fork"), first);
    assert_eq!(evidence("fork-kept").text(), key.checkpoint(log.head(5)).text());
}

/// It is signed by the log, and is no checkpoint of any log.
#[test]
fn a_root_of_nothing_is_no_fork_and_takes_no_place_of_one() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let request = |old, head| AddCheckpoint::new(old, Vec::new(), key.checkpoint(head)).unwrap().to_string();
    let nothing = request(0, TreeHead { size: 0, root: Root([7; 32]) });
    assert_eq!(witness.add(&nothing).status, 422);
    witness.add(&request(0, TreeHead::empty())).ok();
    assert_eq!(witness.add(&nothing).status, 422, "an empty log that is kept is not contradicted, either");
    witness.add(&log.request(&key, 0, 5)).ok();
    assert_eq!(witness.add(&request(5, TreeHead { size: 5, root: Root([7; 32]) })).status, 422);
    until_true("the operator is told of the fork", || witness.errors().contains("of 5 entries"));
    assert_eq!(witness.errors().matches("FORK").count(), 1, "{}", witness.errors());
}

#[test]
fn evidence_that_the_disk_does_not_confirm_ends_it_too() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    witness.add(&log.request(&key, 0, 5)).ok();
    let inject = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"];
    let strace = Strace::attach(witness.pid(), &witness.folder.path().join("calls"), &inject);
    let fork = key.checkpoint(TreeHead { size: 5, root: Root([7; 32]) });
    let refused = add(witness.address(), &AddCheckpoint::new(5, Vec::new(), fork).unwrap().to_string());
    assert!(refused.map_or(true, |reply| reply.status == 422));
    strace.until_ended(witness.pid());
    assert_eq!(witness.wait().code(), Some(3));
    assert!(witness.errors().contains("the disk did not confirm"), "{}", witness.errors());
}

#[test]
fn of_forks_at_the_same_moment_one_wins() {
    let (key, logs) = (LogKey::new(ORIGIN), [Log::of(8, "a"), Log::of(8, "b")]);
    let witness = Witness::of("w.example/1", &[&key]);
    let address = witness.address();
    let bodies: Vec<_> =
        (0..16).map(|number| logs[number % 2].request(&key, 0, 4 + number as u64 / 4)).collect();
    let asked: Vec<_> =
        bodies.into_iter().map(|body| thread::spawn(move || add(address, &body).unwrap())).collect();
    let statuses: Vec<_> = asked.into_iter().map(|asked| asked.join().unwrap().status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    let kept = Note::parse(&witness.monitored(&key).ok().body).unwrap();
    let size = witness.size(&key);
    // Only the winner's history goes on.
    let (mine, other): (Vec<_>, Vec<_>) =
        logs.iter().partition(|log| kept.text() == key.checkpoint(log.head(size)).text());
    assert_eq!(witness.add(&other[0].request(&key, size, 8)).status, 422);
    assert_eq!(witness.add(&mine[0].request(&key, size, 8)).status, 200);
}

#[test]
fn a_restarted_witness_goes_on_where_it_was() {
    let (key, other, log, fork) =
        (LogKey::new(ORIGIN), LogKey::new("b/log"), Log::of(9, "a"), Log::of(9, "b"));
    let mut witness = Witness::of("w.example/1", &[&key, &other]);
    witness.add(&log.request(&key, 0, 5)).ok();
    witness.add(&fork.request(&other, 0, 7)).ok();
    witness.kill();
    witness.start();
    assert_eq!((witness.size(&key), witness.size(&other)), (5, 7));
    assert_eq!(witness.add(&fork.request(&key, 5, 9)).status, 422);
    assert_eq!(witness.add(&log.request(&key, 0, 9)).status, 409);
    witness.add(&log.request(&key, 5, 9)).ok();
    let second = witness.serve().output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another witness works with"));
    witness.kill();
    let kept = fs::read_dir(witness.dir()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.file_name().unwrap().len() == 64).collect();
    fs::write(&kept[0], "x").unwrap();
    let damaged = witness.serve().output().unwrap();
    assert_eq!(damaged.status.code(), Some(2), "what was signed is not known any more");
    assert!(String::from_utf8_lossy(&damaged.stderr).contains("is damaged"));
}

#[test]
fn killed_at_any_time_it_has_kept_what_it_answered() {
    let (key, log, fork) = (LogKey::new(ORIGIN), Log::of(300, "a"), Log::of(300, "b"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    let mut told = 0;
    for round in 0..20u64 {
        let (address, pid) = (witness.address(), witness.pid());
        let (tell, told_now) = std::sync::mpsc::channel();
        let killer = thread::spawn(move || {
            // After so many answers, and a little later each time: amid what is asked next.
            (0..round % 3).for_each(|_| told_now.recv().unwrap());
            thread::sleep(std::time::Duration::from_micros(100 * round));
            tests::agent::kill(pid, Signal::KILL);
            told_now
        });
        let mut size = told;
        while size < 300
            && add(address, &log.request(&key, size, size + 1)).is_ok_and(|reply| reply.status == 200)
        {
            size += 1;
            // Who was killed already needs no word.
            let _ = tell.send(());
        }
        drop(tell);
        let _ended = killer.join().unwrap();
        witness.wait();
        witness.start();
        let kept = if witness.monitored(&key).status == 200 { witness.size(&key) } else { 0 };
        assert!(kept == size || kept == size + 1, "{size} was answered, {kept} is kept");
        told = kept;
        if told > 0 {
            assert_eq!(witness.add(&fork.request(&key, told, 300)).status, 422);
        }
    }
    assert!(told >= 19, "each round kept what it was asked before the kill: {told}");
}

/// The store's calls of one request, in order: the new file's content, its name, then the name is made durable, and only
/// then the answer leaves.
#[test]
fn an_answer_leaves_after_the_disk_confirmed_the_new_name() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let calls = "trace=fdatasync,fsync,rename,renameat,renameat2,write,writev,sendto";
    let strace = Strace::attach(witness.pid(), &witness.folder.path().join("calls"), &["-e", calls]);
    witness.add(&log.request(&key, 0, 5)).ok();
    let lines = strace.lines();
    let at = |what: &str| {
        lines.iter().position(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {lines:#?}"))
    };
    let order = [at("fdatasync("), at("rename"), at("fsync("), at("HTTP/1.1 200")];
    // Of a call that another thread's interrupts, the end is a line of its own.
    assert!(
        order.is_sorted() && lines[order[2]..order[3]].iter().any(|line| line.contains("= 0")),
        "{lines:#?}"
    );
}

#[test]
fn killed_between_keeping_and_answering_it_knows_what_it_kept() {
    let (key, log, fork) = (LogKey::new(ORIGIN), Log::of(9, "a"), Log::of(9, "b"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    let inject = ["-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=1"];
    let strace = Strace::attach(witness.pid(), &witness.folder.path().join("calls"), &inject);
    assert!(add(witness.address(), &log.request(&key, 0, 5)).is_err(), "no answer left");
    strace.until_ended(witness.pid());
    witness.wait();
    witness.start();
    assert_eq!(witness.size(&key), 5);
    assert_eq!(witness.add(&fork.request(&key, 0, 9)).status, 409);
    witness.add(&log.request(&key, 5, 9)).ok();
}

#[test]
fn a_full_disk_keeps_and_signs_nothing_and_the_next_request_is_taken() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    witness.add(&log.request(&key, 0, 5)).ok();
    let inject = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=ENOSPC:when=1"];
    let strace = Strace::attach(witness.pid(), &witness.folder.path().join("calls"), &inject);
    let refused = witness.add(&log.request(&key, 5, 9));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")));
    assert!(!String::from_utf8_lossy(&refused.body).contains('\u{2014}'), "no signature leaves");
    assert_eq!(witness.size(&key), 5);
    assert_eq!(fs::read_dir(witness.dir()).unwrap().count(), 3, "lock, key and what is kept; no half file");
    drop(strace);
    witness.add(&log.request(&key, 5, 9)).ok();
    until_true("the operator is told", || witness.errors().contains("No space left"));
}

#[test]
fn a_disk_that_does_not_confirm_ends_it_and_a_start_makes_sure() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(9, "a"));
    let mut witness = Witness::of("w.example/1", &[&key]);
    witness.add(&log.request(&key, 0, 5)).ok();
    let inject = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1"];
    let strace = Strace::attach(witness.pid(), &witness.folder.path().join("calls"), &inject);
    let refused = add(witness.address(), &log.request(&key, 5, 9));
    assert!(refused.map_or(true, |reply| reply.status == 503), "no signature leaves");
    strace.until_ended(witness.pid());
    assert_eq!(witness.wait().code(), Some(3));
    assert!(witness.errors().contains("the disk did not confirm"), "{}", witness.errors());
    let (before, path) = {
        let files = fs::read_dir(witness.dir()).unwrap().map(|entry| entry.unwrap().path());
        let path = files.into_iter().find(|path| path.file_name().unwrap().len() == 64).unwrap();
        (fs::metadata(&path).unwrap().ino(), path)
    };
    witness.start();
    assert_ne!(fs::metadata(path).unwrap().ino(), before, "what was read is written anew");
    witness.add(&log.request(&key, witness.size(&key), 9)).ok();
}

#[test]
fn bodies_heads_and_connections_are_bounded() {
    let (key, log) = (LogKey::new(ORIGIN), Log::of(5, "a"));
    let witness = Witness::of("w.example/1", &[&key]);
    let head = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n";
    let announced = ask(witness.address(), &format!("{head}Content-Length: 65537\r\n\r\n")).unwrap();
    assert_eq!(announced.status, 413);
    let chunk = format!("{:x}\r\n{}\r\n", 65537, "x".repeat(65537));
    let endless =
        ask(witness.address(), &format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}")).unwrap();
    assert_eq!(endless.status, 413);
    let long = ask(witness.address(), &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(32 << 10))).unwrap();
    assert!([414, 431].contains(&long.status), "{}", long.status);
    assert_eq!(
        ask(witness.address(), "GET /add-checkpoint HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap().status,
        405
    );
    assert_eq!(ask(witness.address(), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap().status, 404);
    // Silent ones take all the places; each is given up after a while, and who waits is served.
    let mut silent: Vec<_> = (0..128).map(|_| TcpStream::connect(witness.address()).unwrap()).collect();
    silent.iter_mut().for_each(|stream| stream.write_all(b"POST /add-").unwrap());
    witness.add(&log.request(&key, 0, 5)).ok();
    let mut left = Vec::new();
    silent[0].read_to_end(&mut left).unwrap();
    let descriptors = fs::read_dir(format!("/proc/{}/fd", witness.pid())).unwrap().count();
    assert!(descriptors < 160, "{descriptors}");
}

#[test]
fn a_list_of_logs_that_cannot_be_read_is_named_with_its_line() {
    let witness = Witness::init("w.example/1");
    let logs = witness.folder.path().join("logs");
    let refused = |text: &str| {
        fs::write(&logs, text).unwrap();
        let done = witness.serve().output().unwrap();
        assert_eq!(done.status.code(), Some(2));
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    assert!(refused("# mine\nnot-a-key\n").contains("line 2: it is not NAME+ID+KEY"));
    assert!(refused("").contains("it names no log"));
    assert!(refused(&witness.vkey.to_string()).contains("line 1: this is the key of a witness"));
}
