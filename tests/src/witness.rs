//! A log whose checkpoints a test signs, and a witness that runs: the real log's files, and the real program.
//!
//! The log's key is the test's, so that it can sign what no honest log would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ledger::{
    AddCheckpoint, Checkpoint, Entry, Kind, Ledger, Note, Reader, Signature, SignatureType, TreeHead, Vkey,
};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::http::Reply;
use crate::installed::binary;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// A key that signs a log's checkpoints.
pub struct LogKey {
    pair: Ed25519KeyPair,
    pub vkey: Vkey,
}

impl LogKey {
    pub fn new(origin: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(origin, SignatureType::Ed25519, pair.public_key().as_ref()).unwrap();
        Self { pair, vkey }
    }

    /// The log's word for any head.
    pub fn checkpoint(&self, head: TreeHead) -> Note {
        let text = Checkpoint::new(self.vkey.name(), head).unwrap().to_string();
        let signature = Signature::new(&self.vkey, self.pair.sign(text.as_bytes()).as_ref());
        let mut note = Note::new(text).unwrap();
        note.add(signature).unwrap();
        note
    }
}

/// A log on disk.
pub struct Log {
    pub dir: TempDir,
    pub reader: Reader,
}

impl Log {
    /// Of so many entries, which say `word`: two of different words are two histories.
    pub fn of(size: u64, word: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        for number in 0..size {
            let (tell, entry) = (tell.clone(), Entry::new(Kind::Intent).jti(format!("{word}-{number}")));
            ledger.record(entry, move |result| tell.send(result.map(|entry| entry.index())).unwrap());
            told.recv().unwrap().unwrap();
        }
        drop(ledger);
        let reader = Reader::open(dir.path()).unwrap();
        Self { dir, reader }
    }

    pub fn head(&self, size: u64) -> TreeHead {
        self.reader.head_at(size).unwrap()
    }

    /// What is sent to a witness that has `old` entries.
    pub fn request(&self, key: &LogKey, old: u64, new: u64) -> String {
        let proof = self.reader.consistency(old, new).unwrap();
        AddCheckpoint::new(old, proof, key.checkpoint(self.head(new))).unwrap().to_string()
    }
}

/// `kunci witness`, in a folder of its own.
pub struct Witness {
    pub folder: TempDir,
    pub vkey: Vkey,
    run: Option<Running>,
}

struct Running {
    child: Child,
    address: SocketAddr,
}

impl Witness {
    /// Makes a key; serves nothing yet.
    pub fn init(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let done = Self::command(&folder.path().join("w"), &["init", name]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let vkey = String::from_utf8(done.stdout).unwrap().trim_end().parse().unwrap();
        Self { folder, vkey, run: None }
    }

    /// A witness of these logs that serves.
    pub fn of(name: &str, keys: &[&LogKey]) -> Self {
        let mut witness = Self::init(name);
        let lines: String = keys.iter().map(|key| format!("{}\n", key.vkey)).collect();
        std::fs::write(witness.folder.path().join("logs"), lines).unwrap();
        witness.start();
        witness
    }

    /// `kunci witness …` in this folder.
    pub fn command(dir: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(binary("kunci")).arg("witness").args(arguments);
        command.arg("--dir").arg(dir).stdin(Stdio::null());
        command
    }

    /// Its folder.
    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    /// `kunci witness serve` with its arguments.
    pub fn serve(&self) -> Command {
        let logs = self.folder.path().join("logs");
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--logs", logs.to_str().unwrap()];
        Self::command(&self.dir(), &arguments)
    }

    /// Starts the server, and waits until it says where.
    pub fn start(&mut self) {
        let errors = std::fs::File::options().create(true).append(true).open(self.folder.path().join("err"));
        let command = self.serve().stdout(Stdio::piped()).stderr(errors.unwrap()).spawn();
        let mut child = command.unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.unwrap_or_else(|| panic!("{line:?} {}", self.errors())).parse().unwrap();
        self.run = Some(Running { child, address });
    }

    /// What it told its operator.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("err")).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.run.as_ref().unwrap().child.id()
    }

    pub fn address(&self) -> SocketAddr {
        self.run.as_ref().unwrap().address
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address())
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        let mut run = self.run.take().unwrap();
        let _ = run.child.kill();
        run.child.wait().unwrap();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.run.take().unwrap().child.wait().unwrap()
    }

    /// Sends a request's body.
    pub fn add(&self, body: &str) -> Reply {
        add(self.address(), body).unwrap()
    }

    /// What those who monitor see.
    pub fn monitored(&self, key: &LogKey) -> Reply {
        let log = ledger::hex(&Sha256::digest(key.vkey.name()));
        ask(
            self.address(),
            &format!("GET /{log}/checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"),
        )
        .unwrap()
    }

    /// The size that those who monitor see.
    pub fn size(&self, key: &LogKey) -> u64 {
        let reply = self.monitored(key).ok();
        let note = Note::parse(&reply.body).unwrap();
        let times = note.verify([&key.vkey, &self.vkey]).unwrap();
        assert_eq!(times.len(), 2, "both signed it");
        Checkpoint::parse(note.text()).unwrap().head().size
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(run) = &mut self.run {
            let _ = run.child.kill();
            let _ = run.child.wait();
        }
    }
}

/// Sends a body to a witness, which may be killed meanwhile.
pub fn add(address: SocketAddr, body: &str) -> std::io::Result<Reply> {
    let length = body.len();
    ask(
        address,
        &format!(
            "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
}

/// Sends a request and reads its whole answer.
pub fn ask(address: SocketAddr, request: &str) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER))?;
    // Who is turned away has an answer before all is sent.
    let sent = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    match Reply::parse(&bytes) {
        Some((reply, _)) => Ok(reply),
        None => Err(sent.and(read).err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into())),
    }
}
