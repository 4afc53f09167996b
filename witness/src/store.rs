//! What a witness signed last, of each log: one small file each, replaced as a whole.
//!
//! A checkpoint is durable before its cosignature is shown to anybody, by answer or by monitoring. A start writes anew what
//! it read: after a write that the disk did not confirm, what is read may not be on it. A second witness with the same
//! folder is refused; one with the same key and another folder would sign another history, and nothing here can see it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use ledger::{Checkpoint, MAX_NOTE_BYTES, Note, Signature, TreeHead, hex};
use quoted::Quoted;
use sha2::{Digest, Sha256};

use crate::logs::Logs;

/// Names in the folder.
const LOCK: &str = "lock";
/// Behind the log's name: the first checkpoint that contradicts the one that was kept, and that one.
const FORK: &str = "fork";
const FORK_KEPT: &str = "fork-kept";

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    checkpoint: Checkpoint,
    note: Note,
    /// Nothing after a start: it was made by an earlier process, maybe with another key.
    cosignature: Option<Signature>,
}

/// The folder, and what is kept of each log.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    logs: Vec<(String, Mutex<Option<Kept>>)>,
    /// Whether the disk failed to confirm a new name. Held while it is asked, so that nothing is believed after that.
    is_lost: Mutex<bool>,
    /// Held as long as we live.
    _lock: File,
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another witness works with this folder.
    #[error("another witness works with {}", Quoted::path(.folder))]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A file is not what was written. What was signed is not known any more.
    #[error("{} is damaged: {why}", Quoted::path(.file))]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The disk refused. Nothing has changed; the next request tries again.
    #[error("{}: {error}", Quoted::path(.file))]
    Refused {
        /// Which file.
        file: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// The disk did not confirm a file's new name, so that nobody knows what is there: start again.
    #[error("the disk did not confirm what was written to {}: {error}", Quoted::path(.file))]
    Unconfirmed {
        /// Which file.
        file: PathBuf,
        /// The system's answer.
        error: io::Error,
    },
    /// The disk did not confirm an earlier write; nothing is kept any more until a start.
    #[error("the disk did not confirm an earlier write")]
    Lost,
}

impl Kept {
    pub(crate) fn new(checkpoint: Checkpoint, note: Note, cosignature: Signature) -> Self {
        Self { checkpoint, note, cosignature: Some(cosignature) }
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        self.checkpoint.head()
    }

    /// The checkpoint with its log's signatures and the witness's.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The witness's own signature, of one that was signed by this process.
    pub fn cosignature(&self) -> Option<&Signature> {
        self.cosignature.as_ref()
    }

    fn parse(bytes: &[u8], origin: &str) -> Result<Self, String> {
        let note = Note::parse(bytes).map_err(|bad| bad.to_string())?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|bad| bad.to_string())?;
        match checkpoint.origin() == origin {
            true => Ok(Self { checkpoint, note, cosignature: None }),
            false => Err("it is a checkpoint of another log".to_owned()),
        }
    }
}

impl Store {
    /// Opens the folder, which must be there, and makes sure of what is kept of these logs.
    pub fn open(folder: &Path, logs: &Logs) -> Result<Self, StoreError> {
        let lock = lock(folder)?;
        let mut store =
            Self { folder: folder.to_owned(), logs: Vec::new(), is_lost: Mutex::default(), _lock: lock };
        for origin in logs.origins() {
            let kept = store.load(origin)?;
            store.logs.push((origin.to_owned(), Mutex::new(kept)));
        }
        Ok(store)
    }

    fn load(&self, origin: &str) -> Result<Option<Kept>, StoreError> {
        let path = self.path(origin);
        let bytes = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(data) if data.len() > MAX_NOTE_BYTES as u64 => {
                return Err(StoreError::Damaged { file: path, why: "it is too long".to_owned() });
            }
            _ => fs::read(&path).map_err(refused(&path))?,
        };
        let kept =
            Kept::parse(&bytes, origin).map_err(|why| StoreError::Damaged { file: path.clone(), why })?;
        self.replace(&path, &bytes)?;
        Ok(Some(kept))
    }

    /// Decides by what is kept of a log, and keeps what was decided: one step, durable when it returns. A log that the store
    /// was not opened with is as one of which nothing was ever kept, and never gets here.
    pub fn advance<R>(
        &self,
        origin: &str,
        decide: impl FnOnce(Option<&Kept>) -> Result<Kept, R>,
    ) -> Result<Result<Kept, R>, StoreError> {
        let Some(log) = self.log(origin) else {
            return Err(refused(&self.path(origin))(io::ErrorKind::NotFound.into()));
        };
        let mut last = log.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let next = match decide(last.as_ref()) {
            Ok(next) => next,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.replace(&self.path(origin), next.note.to_string().as_bytes())?;
        *last = Some(next.clone());
        Ok(Ok(next))
    }

    /// The newest checkpoint of the log whose origin has this SHA-256 in hexadecimal digits.
    pub fn newest(&self, name: &str) -> Option<Note> {
        let (_, kept) = self.logs.iter().find(|(origin, _)| file_name(origin) == name)?;
        kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).as_ref().map(|kept| kept.note.clone())
    }

    /// Keeps a checkpoint and the one that was kept and that it contradicts, unless such two are kept already: both are
    /// signed by the log, so that together they convince anybody, whatever is kept of the log later.
    pub fn keep_fork(&self, origin: &str, kept: &Note, evidence: &Note) -> Result<[PathBuf; 2], StoreError> {
        let _alone = self.log(origin).map(|log| log.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        let [fork, last] = [FORK, FORK_KEPT].map(|word| self.path(origin).with_extension(word));
        // Where the fork is there, the other is: it came first.
        if !fork.try_exists().map_err(refused(&fork))? {
            self.replace(&last, kept.to_string().as_bytes())?;
            self.replace(&fork, evidence.to_string().as_bytes())?;
        }
        Ok([fork, last])
    }

    fn log(&self, origin: &str) -> Option<&Mutex<Option<Kept>>> {
        self.logs.iter().find(|(other, _)| other == origin).map(|(_, kept)| kept)
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(file_name(origin))
    }

    /// A new file under a name of its own, whole on the disk, and only then with the final name, which is on the disk when
    /// this returns.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        if *self.is_lost() {
            return Err(StoreError::Lost);
        }
        let temporary = path.with_extension(if path.extension().is_some() { "fork-tmp" } else { "tmp" });
        let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
        if let Err(error) = written {
            // On a full disk what it took is somebody else's room.
            let _ = fs::remove_file(&temporary);
            return Err(refused(path)(error));
        }
        self.confirm(path)
    }

    /// Makes the names in the folder durable. The system tells of a failure once: whoever asks after that is told of success.
    fn confirm(&self, path: &Path) -> Result<(), StoreError> {
        let mut is_lost = self.is_lost();
        if *is_lost {
            return Err(StoreError::Lost);
        }
        let confirmed = File::open(&self.folder).and_then(|folder| folder.sync_all());
        *is_lost = confirmed.is_err();
        confirmed.map_err(|error| StoreError::Unconfirmed { file: path.to_owned(), error })
    }

    fn is_lost(&self) -> MutexGuard<'_, bool> {
        self.is_lost.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What a log's file is called, and its monitoring path (C2SP tlog-witness).
fn file_name(origin: &str) -> String {
    hex(&Sha256::digest(origin))
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let mut options = OpenOptions::new();
    let opened = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = opened.map_err(refused(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::Locked { folder: folder.to_owned() }),
        Err(fs::TryLockError::Error(error)) => Err(refused(&path)(error)),
    }
}

fn refused(file: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let file = file.to_owned();
    |error| StoreError::Refused { file, error }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}
