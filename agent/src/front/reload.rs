//! Configuration and tenants from descriptors, at the start and at a reload.
//!
//! New rules replace the old ones in one step, only once every new file was read whole; a request that is under way
//! keeps the grant that it has.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use hsm_config::{Name, Tenants};

use super::Front;
use crate::ipc::link::{Asked, Resolved};
use crate::spine::policy::Policy;

/// Tenants that the supervisor handed over and that are not yet in force.
#[derive(Default)]
pub(crate) struct Tables(BTreeMap<Name, File>);

/// A table of tenants is not as the supervisor wrote it.
#[derive(Debug, thiserror::Error)]
#[error("the tenants of connector {connector} cannot be taken over: {source}")]
pub struct NotOpened {
    connector: Name,
    source: io::Error,
}

impl Tables {
    pub(super) fn keep(&mut self, connector: Name, fds: Vec<OwnedFd>) -> io::Result<()> {
        let [file] =
            <[OwnedFd; 1]>::try_from(fds).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.0.insert(connector, file.into());
        Ok(())
    }

    /// Looks at every row once. A table that is not sound is never in force.
    pub(super) fn open(&mut self) -> Result<BTreeMap<Name, Tenants>, NotOpened> {
        let open = |(connector, file)| match Tenants::open(file) {
            Ok(tenants) => Ok((connector, tenants)),
            Err(source) => Err(NotOpened { connector, source }),
        };
        std::mem::take(&mut self.0).into_iter().map(open).collect()
    }

    /// Puts a reload in force, or keeps the old rules, and tells whoever asked.
    pub(super) async fn reloaded(
        mut self,
        front: &Front,
        asked: Asked,
        problem: Option<String>,
        fds: Vec<OwnedFd>,
    ) {
        // An older configuration that takes longer to read must not come into force after a newer one.
        let _in_turn = front.reloading.lock().await;
        let load = move || -> Result<Policy, String> {
            if let Some(problem) = problem {
                return Err(problem);
            }
            let config = fds.into_iter().next().ok_or("the supervisor sent no configuration")?;
            let resolved = token::memfd::open::<Resolved>(config).map_err(|error| error.to_string())?;
            let tenants = self.open().map_err(|error| error.to_string())?;
            Ok(Policy::new(&resolved, tenants))
        };
        let loaded = tokio::task::spawn_blocking(load).await.unwrap_or_else(|error| Err(error.to_string()));
        let problem = loaded.map(|policy| front.set_policy(policy)).err();
        match &problem {
            None => tracing::info!("the new configuration is in force"),
            Some(problem) => {
                tracing::error!(problem, "the new configuration is broken; the old one stays in force")
            }
        }
        front.supervisor.reloaded(asked, problem);
    }
}
