//! What a card keeps when it is pulled: PINs, the management key, what is known of each slot, Yubico's own objects.
//!
//! One JSON file, replaced by rename whenever something changes. It holds test secrets only; private keys of slots are
//! in the image of the PIV application.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::authority::{Attester, Authority};
use crate::keys::Key;
use crate::management::ManagementKey;
use crate::options::{Firmware, Options};
use crate::pin::Secret;

/// What is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) pin: Secret,
    pub(crate) puk: Secret,
    pub(crate) management: ManagementKey,
    pub(crate) keys: BTreeMap<u8, Key>,
    /// Standard objects that were written; the PIV application has them.
    pub(crate) objects: BTreeSet<u8>,
    /// Objects that only a YubiKey has, by the last two bytes of their tags.
    pub(crate) own_objects: BTreeMap<u16, Vec<u8>>,
    /// The attestation key (PKCS#8) and, in `own_objects`, its certificate.
    pub(crate) attester: Attester,
}

impl Kept {
    fn new(firmware: Firmware, attester: Attester) -> Self {
        Self {
            pin: Secret::pin(),
            puk: Secret::puk(),
            management: ManagementKey::factory(firmware),
            keys: BTreeMap::new(),
            objects: BTreeSet::new(),
            own_objects: attester.objects(),
            attester,
        }
    }

    /// As it left the factory.
    pub(crate) fn reset(&mut self, firmware: Firmware) {
        *self = Self::new(firmware, self.attester.clone());
    }
}

/// The card's state: what it keeps, and which device it is.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) serial: u32,
    pub(crate) firmware: Firmware,
    path: PathBuf,
    kept: Arc<Mutex<Kept>>,
}

impl State {
    /// Reads what this folder keeps, or makes a new card.
    pub(crate) fn open(folder: &Path, options: &Options, authority: &Authority) -> io::Result<Self> {
        let path = folder.join("card.json");
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Kept::new(options.firmware, authority.attester(options.firmware)?)
            }
            Err(error) => return Err(error),
        };
        let kept = Arc::new(Mutex::new(kept));
        let state = Self { serial: options.serial, firmware: options.firmware, path, kept };
        state.change(|_| ())?;
        Ok(state)
    }

    /// Looks at what is kept.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.lock())
    }

    /// Changes what is kept, and keeps it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> io::Result<T> {
        let mut kept = self.lock();
        let result = change(&mut kept);
        let temporary = self.path.with_extension("new");
        fs::write(&temporary, serde_json::to_vec(&*kept)?)?;
        fs::rename(&temporary, &self.path)?;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
