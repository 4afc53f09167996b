//! Certificates in the state directory: a copy of what the token holds, by connector, token and digest.
//!
//! Written whole or not at all: a temporary file, fsync, rename, fsync of the folder. A new certificate stands beside
//! the old one until the ledger names it, so that a kill in between leaves the one that is named.

use std::collections::BTreeSet;
use std::fs::{DirEntry, File, OpenOptions, read_dir, remove_file, rename};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use token::Sha256;
use tokio::task::spawn_blocking;

use crate::front::CERTIFICATES;
use crate::spine::draft::SigningKey;

/// How the files end.
const ENDING: &str = ".der";
/// How many certificates of one key are looked at: there is one, or two where an installation was cut short.
const MAX_KEPT: usize = 64;

/// The kept certificates of one connector on one token.
#[derive(Clone)]
pub(crate) struct Store {
    folder: PathBuf,
    /// Names are [a-z0-9-]: they cannot leave the folder, and the dots keep the parts apart.
    prefix: String,
}

impl Store {
    /// The certificates of a key's connector on its token.
    pub(crate) fn of(state: &Path, key: &SigningKey) -> Self {
        Self::for_key(state, key.connector.as_str(), key.token.as_str())
    }

    /// The certificates of a connector on a token.
    pub(crate) fn for_key(state: &Path, connector: &str, token: &str) -> Self {
        Self { folder: state.join(CERTIFICATES), prefix: format!("{connector}.{token}.") }
    }

    /// For which connectors, on which tokens, a certificate is kept.
    pub(crate) fn all(state: &Path) -> io::Result<BTreeSet<(String, String)>> {
        let named = |entry: io::Result<DirEntry>| {
            let name = entry?.file_name();
            let mut parts = name.to_str().unwrap_or_default().split('.');
            Ok(match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
                (Some(connector), Some(token), Some(_), Some("der"), None) => {
                    Some((connector.to_owned(), token.to_owned()))
                }
                _ => None,
            })
        };
        read_dir(state.join(CERTIFICATES))?.filter_map(|entry| named(entry).transpose()).collect()
    }

    /// The kept certificate with this digest, DER; none if there is none or it cannot be read.
    pub(crate) async fn read(&self, sha256: Sha256) -> Option<Vec<u8>> {
        let store = self.clone();
        spawn_blocking(move || store.read_now(sha256)).await.ok()?
    }

    /// The same, for whoever may wait.
    pub(crate) fn read_now(&self, sha256: Sha256) -> Option<Vec<u8>> {
        std::fs::read(self.path(sha256)).ok()
    }

    /// Every kept certificate, whatever the ledger names.
    pub(crate) async fn kept(&self) -> io::Result<Vec<Vec<u8>>> {
        let store = self.clone();
        spawn_blocking(move || store.read_all()).await?
    }

    /// Keeps a certificate beside those that are there.
    pub(crate) async fn write(&self, certificate: &[u8]) -> io::Result<()> {
        let (store, certificate) = (self.clone(), certificate.to_vec());
        spawn_blocking(move || store.write_whole(&certificate)).await?
    }

    /// Removes one, once the ledger names another, or where its token refused one that was just made. Any other that the ledger
    /// never named stays: customers may hold it.
    pub(crate) async fn remove(&self, sha256: Sha256) -> io::Result<()> {
        let path = self.path(sha256);
        match spawn_blocking(move || remove_file(path)).await? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn write_whole(&self, certificate: &[u8]) -> io::Result<()> {
        let path = self.path(Sha256::of(certificate));
        let temporary = path.with_extension("tmp");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(certificate)?;
        file.sync_all()?;
        rename(&temporary, &path)?;
        File::open(&self.folder)?.sync_all()
    }

    fn read_all(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut kept = Vec::new();
        for entry in read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = |name: &str| name.starts_with(&self.prefix) && name.ends_with(ENDING);
            if name.to_str().is_some_and(is_ours) && kept.len() < MAX_KEPT {
                kept.push(std::fs::read(entry.path())?);
            }
        }
        Ok(kept)
    }

    fn path(&self, sha256: Sha256) -> PathBuf {
        self.folder.join(format!("{}{sha256}{ENDING}", self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_certificate_stays_until_the_ledger_names_the_next() {
        let state = tempfile::tempdir().unwrap();
        std::fs::create_dir(state.path().join(CERTIFICATES)).unwrap();
        let folder = state.path().join(CERTIFICATES);
        let [ours, others] =
            ["de.a.", "de.ab."].map(|prefix| Store { folder: folder.clone(), prefix: prefix.into() });
        let [old, new] = [b"old", b"new"].map(|der| Sha256::of(der));
        ours.write(b"old").await.unwrap();
        others.write(b"old").await.unwrap();
        ours.write(b"new").await.unwrap();
        assert_eq!(ours.read(old).await.as_deref(), Some(b"old".as_slice()));
        ours.write(b"nobody named it").await.unwrap();
        for _ in 0..2 {
            ours.remove(old).await.unwrap();
        }
        assert_eq!(ours.read(old).await, None);
        assert!(ours.read(Sha256::of(b"nobody named it")).await.is_some());
        ours.remove(Sha256::of(b"nobody named it")).await.unwrap();
        assert_eq!(ours.read(new).await.as_deref(), Some(b"new".as_slice()));
        assert!(others.read(old).await.is_some());
        assert_eq!(ours.kept().await.unwrap(), [b"new".to_vec()]);
        std::fs::write(folder.join("de.c.cut-short.tmp"), "").unwrap();
        let kept = [("de", "a"), ("de", "ab")].map(|(of, on)| (of.to_owned(), on.to_owned()));
        assert_eq!(Store::all(state.path()).unwrap(), kept.into());
    }
}
