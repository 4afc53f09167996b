//! Disks for tests: small ones, ones that fill, ones that turn read-only. They are mounted, so these tests need root.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::wait::until_true;

/// A disk at a folder, unmounted when it is dropped.
pub struct Disk {
    at: PathBuf,
}

impl Disk {
    /// Memory of this size, such as `72m`.
    pub fn memory(at: &Path, size: &str) -> Self {
        let options = format!("size={size},mode=0700");
        Self::mounted(&["-t", "tmpfs", "-o", &options, "tmpfs"], at)
    }

    /// An ext4 file system in a file of so many MiB.
    pub fn ext4(at: &Path, image: &Path, mebibytes: u64) -> Self {
        fs::File::create(image).unwrap().set_len(mebibytes << 20).unwrap();
        run("mkfs.ext4", &["-q", "-m", "0", image.to_str().unwrap()]);
        let disk = Self::image(at, image);
        run("chmod", &["0700", at.to_str().unwrap()]);
        disk
    }

    /// The file system in a file, as it is.
    pub fn image(at: &Path, image: &Path) -> Self {
        Self::mounted(&["-o", "loop,errors=remount-ro", image.to_str().unwrap()], at)
    }

    fn mounted(arguments: &[&str], at: &Path) -> Self {
        run("mount", &[arguments, &[at.to_str().unwrap()]].concat());
        Self { at: at.to_owned() }
    }

    /// Takes all that is left of it.
    pub fn fill(&self) {
        let mut file = fs::File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 4096, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives back what [`Disk::fill`] took.
    pub fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Read-only under open files, as ext4 turns after a bad sector; for good.
    pub fn abort(&self) {
        // mount complains of what it was asked for.
        let _ = Command::new("mount").args(["-o", "remount,abort"]).arg(&self.at).output().unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Disk {
    /// Unmounts for good, once the processes that were killed have let go of their files.
    pub fn unmount(self) {
        until_true("the disk can be unmounted", || {
            Command::new("umount").arg(&self.at).output().unwrap().status.success()
        });
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

/// Runs a program that needs root, and fails loudly without it.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) {
    assert!(rustix::process::geteuid().is_root(), "{program} needs root: run this test as root");
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}
