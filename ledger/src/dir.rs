//! The ledger's directory, opened once; everything else is relative to its descriptor.
//!
//! The process may be confined to this directory after it was opened. Links are never followed, and the system calls
//! are few: openat, mkdirat, renameat, unlinkat, fstat, fchmod, pread, pwrite, ftruncate, fallocate, flock, fsync, fdatasync, getdents.

use std::{os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{self, AtFlags, Mode, OFlags},
    io::{Errno, Result, retry_on_intr},
};

use crate::{
    error::Failed,
    frame::{Frames, MAX_FRAME},
};

/// The largest file that is read whole, in bytes: a bundle of the longest entries has a quarter of it.
const MAX_FILE_BYTES: i64 = 64 << 20;

const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);
const PRIVATE_FOLDER: Mode = Mode::RWXU;
/// What is read at first of a frame, in bytes: most are shorter, and a page is read anyway.
const USUAL_FRAME: usize = 1024;
const ALWAYS: OFlags = OFlags::CLOEXEC.union(OFlags::NOFOLLOW);

#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl Dir {
    /// Opens the directory, making it when it is not there.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        match fs::mkdir(path, PRIVATE_FOLDER) {
            Ok(()) | Err(Errno::EXIST) => Self::open(path),
            Err(errno) => Err(errno),
        }
    }

    pub(crate) fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        fs::open(path, flags, Mode::empty()).map(Self)
    }

    pub(crate) fn again(&self) -> Result<Self> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0).map(Self)
    }

    /// Takes the directory away from group and others.
    pub(crate) fn make_private(&self) -> Result<()> {
        let mode = Mode::from_raw_mode(fs::fstat(&self.0)?.st_mode);
        if mode.intersects(Mode::RWXG | Mode::RWXO) { fs::fchmod(&self.0, PRIVATE_FOLDER) } else { Ok(()) }
    }

    pub(crate) fn make_folder(&self, path: &str) -> Result<()> {
        match fs::mkdirat(&self.0, path, PRIVATE_FOLDER) {
            Err(Errno::EXIST) => Ok(()),
            other => other,
        }
    }

    /// Makes the folders above a tile path; the ones of the fixed layout are there already.
    pub(crate) fn make_parents(&self, path: &str) -> Result<()> {
        for (end, _) in path.match_indices('/').skip(1) {
            self.make_folder(&path[..end])?;
        }
        Ok(())
    }

    pub(crate) fn read_write(&self, path: &str) -> Result<OwnedFd> {
        fs::openat(&self.0, path, ALWAYS | OFlags::RDWR | OFlags::CREATE, PRIVATE)
    }

    /// The whole file, or nothing where there is none.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match fs::openat(&self.0, path, ALWAYS | OFlags::RDONLY, Mode::empty()) {
            Ok(file) if fs::fstat(&file)?.st_size > MAX_FILE_BYTES => Err(Errno::FBIG),
            Ok(file) => read_all(&file).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// The frames' bodies that begin at these bytes of a file, or nothing where there is no file.
    pub(crate) fn frames_at(&self, path: &str, offsets: &[u32]) -> Result<Option<Vec<Option<Vec<u8>>>>> {
        match fs::openat(&self.0, path, ALWAYS | OFlags::RDONLY, Mode::empty()) {
            Ok(file) => {
                offsets.iter().map(|at| frame_at(&file, u64::from(*at))).collect::<Result<_>>().map(Some)
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    pub(crate) fn exists(&self, path: &str) -> Result<bool> {
        match fs::statat(&self.0, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    /// Whether an open file is the one with this name.
    pub(crate) fn is_at(&self, file: &OwnedFd, path: &str) -> Result<bool> {
        let named = match fs::statat(&self.0, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => named,
            Err(Errno::NOENT) => return Ok(false),
            Err(errno) => return Err(errno),
        };
        let open = fs::fstat(file)?;
        Ok((named.st_dev, named.st_ino) == (open.st_dev, open.st_ino))
    }

    /// Writes a new file and gives it its final name only once the disk has confirmed it whole. To do so again after a
    /// failure is another new file, so that it may succeed: nothing rests on pages that the kernel may have given up.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let temporary = format!("{path}.tmp");
        self.remove(&temporary)?;
        let done = self.write_new(&temporary, bytes).and_then(|()| self.rename(&temporary, path));
        if done.is_err() {
            // On a full disk what it took is somebody else's room.
            let _ = self.remove(&temporary);
        }
        done
    }

    fn write_new(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let flags = ALWAYS | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = fs::openat(&self.0, path, flags, PRIVATE)?;
        write_all(&file, bytes, 0)?;
        fs::fdatasync(&file)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<()> {
        fs::renameat(&self.0, from, &self.0, to)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<()> {
        match fs::unlinkat(&self.0, path, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Removes a folder of files, where there is one.
    pub(crate) fn remove_folder(&self, path: &str) -> Result<()> {
        let names = match self.names(path) {
            Err(Errno::NOENT) => return Ok(()),
            names => names?,
        };
        let files = names.iter().filter(|name| !matches!(name.as_str(), "." | ".."));
        files.map(|name| format!("{path}/{name}")).try_for_each(|file| self.remove(&file))?;
        fs::unlinkat(&self.0, path, AtFlags::REMOVEDIR)
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync_folder(&self, path: &str) -> std::result::Result<(), Failed> {
        fs::fsync(self.folder(path)?).map_err(Failed::Unconfirmed)
    }

    pub(crate) fn names(&self, path: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::Dir::new(self.folder(path)?)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    fn folder(&self, path: &str) -> Result<OwnedFd> {
        fs::openat(&self.0, path, ALWAYS | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
    }
}

pub(crate) fn read_all(file: &OwnedFd) -> Result<Vec<u8>> {
    let size = usize::try_from(fs::fstat(file)?.st_size).map_err(|_| Errno::FBIG)?;
    read_at(file, 0, size)
}

/// So many bytes from there on, or as many as there are.
fn read_at(file: &OwnedFd, offset: u64, size: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; size];
    let mut got = 0;
    while got < size {
        match retry_on_intr(|| rustix::io::pread(file, &mut bytes[got..], offset + got as u64))? {
            0 => break,
            more => got += more,
        }
    }
    bytes.truncate(got);
    Ok(bytes)
}

fn frame_at(file: &OwnedFd, offset: u64) -> Result<Option<Vec<u8>>> {
    let first = read_at(file, offset, USUAL_FRAME)?;
    if let Some(frame) = Frames::new(&first).next() {
        return Ok(Some(frame.body.to_vec()));
    }
    let all = read_at(file, offset, MAX_FRAME)?;
    Ok(Frames::new(&all).next().map(|frame| frame.body.to_vec()))
}

pub(crate) fn write_all(file: &OwnedFd, mut bytes: &[u8], mut offset: u64) -> Result<()> {
    while !bytes.is_empty() {
        let written = retry_on_intr(|| rustix::io::pwrite(file, bytes, offset))?;
        if written == 0 {
            return Err(Errno::IO);
        }
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}
