//! A value handed to another of our processes in a memfd that nobody can change: for what may be longer than a frame.
//!
//! The reader takes whatever length it has: it comes from the supervisor only, on a socket pair.

use std::fs::File;
use std::io::{self, BufReader, Seek, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use serde::{Serialize, de::DeserializeOwned};

/// Writes a value, as JSON, where nobody can change it.
pub fn seal(value: &impl Serialize) -> io::Result<OwnedFd> {
    let mut file = memory()?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.rewind()?;
    Ok(shut(file)?.into())
}

/// An empty file in memory.
pub fn memory() -> io::Result<File> {
    Ok(memfd_create("kunci", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into())
}

/// Keeps everybody from changing it from now on, ourselves too.
pub fn shut(file: File) -> io::Result<File> {
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(file)
}

/// Reads such a value.
pub fn open<T: DeserializeOwned>(memfd: OwnedFd) -> io::Result<T> {
    let mut file = File::from(memfd);
    file.rewind()?;
    Ok(serde_json::from_reader(BufReader::new(file))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_longer_than_a_frame_arrives_whole_and_cannot_be_changed() {
        let value = vec!["connector".to_owned(); 100_000];
        let memfd = seal(&value).unwrap();
        assert!(rustix::io::pwrite(&memfd, b"x", 0).is_err());
        assert!(rustix::fs::ftruncate(&memfd, 0).is_err());
        assert_eq!(open::<Vec<String>>(memfd).unwrap(), value);
    }
}
