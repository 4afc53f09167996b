//! Disks for tests: small ones, ones that fill, ones that turn read-only, ones whose backing store is full below the file
//! system. They are mounted, so these tests need root.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::wait::until_true;

/// So much of a thin disk is backed from the start: the file system's own blocks and its journal, without which it would
/// turn read-only in place of losing what is written to files.
const OWN: &str = "6MiB";
/// Keeps those blocks at the disk's beginning.
const COMPACT: [&str; 8] = ["-b", "4096", "-N", "4096", "-J", "size=4", "-E", "packed_meta_blocks=1"];

/// The image of a thin disk, in what is below it.
const IMAGE: &str = "image";

/// A disk at a folder, unmounted when it is dropped.
pub struct Disk {
    at: PathBuf,
    below: Option<Below>,
}

/// What a thin disk stands on.
struct Below {
    /// The file system that holds its image.
    folder: PathBuf,
    /// The loop device of the image, attached as long as the disk is there: one that mount(8) finds by itself is let go and
    /// taken again behind a test's back.
    device: String,
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

    /// An ext4 file system of so many MiB in a sparse file, in a memory of fewer at the folder `below`. [`Disk::fill`] takes
    /// what is left of that: the file system still has room and takes every write, and only write-back fails.
    pub fn thin(at: &Path, mebibytes: u64, below: &Path, backing: &str) -> Self {
        run("mount", &["-t", "tmpfs", "-o", &format!("size={backing}"), "tmpfs", below.to_str().unwrap()]);
        let image = below.join(IMAGE);
        fs::File::create(&image).unwrap().set_len(mebibytes << 20).unwrap();
        let image = image.to_str().unwrap();
        run("mkfs.ext4", &[&["-q", "-m", "0"], &COMPACT[..], &[image]].concat());
        run("fallocate", &["-l", OWN, image]);
        let device = run("losetup", &["--find", "--show", image]).trim().to_owned();
        let disk = Self { at: at.to_owned(), below: Some(Below { folder: below.to_owned(), device }) };
        disk.mount_thin();
        run("chmod", &["0700", at.to_str().unwrap()]);
        disk
    }

    /// What is read from now on comes from the disk, as after a power cut: pages that write-back lost are gone. No process
    /// may have a file of it open.
    pub fn forget_pages(&self) {
        until_true("the disk can be unmounted", || {
            Command::new("umount").arg(&self.at).output().unwrap().status.success()
        });
        self.mount_thin();
    }

    fn mount_thin(&self) {
        let device = &self.below.as_ref().expect("a thin disk").device;
        run("mount", &["-o", "errors=continue", device, self.at.to_str().unwrap()]);
    }

    /// The file system in a file, as it is.
    pub fn image(at: &Path, image: &Path) -> Self {
        Self::mounted(&["-o", "loop,errors=remount-ro", image.to_str().unwrap()], at)
    }

    fn mounted(arguments: &[&str], at: &Path) -> Self {
        run("mount", &[arguments, &[at.to_str().unwrap()]].concat());
        Self { at: at.to_owned(), below: None }
    }

    /// Takes all that is left of it, or of what is below it.
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
        self.below.as_ref().map_or(&self.at, |below| &below.folder).join("filler")
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
        if let Some(Below { folder, device }) = &self.below {
            let _ = Command::new("losetup").arg("-d").arg(device).status();
            let _ = Command::new("umount").arg("-l").arg(folder).status();
        }
    }
}

/// Runs a program that needs root, fails loudly without it, and gives what it printed.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    assert!(rustix::process::geteuid().is_root(), "{program} needs root: run this test as root");
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
