//! Configuration and tenants from descriptors, at the start and at a reload.
//!
//! New rules replace the old ones in one step, only once every new file was read whole; a request that is under way
//! keeps the grant that it has.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use hsm_config::{Config, Name, Problems, Tenants};

use super::Front;
use crate::link::Resolved;
use crate::policy::Policy;

/// Tenants files, opened by the supervisor and not yet read.
#[derive(Default)]
pub(super) struct Files(BTreeMap<Name, File>);

impl Files {
    pub(super) fn keep(&mut self, connector: Name, fds: Vec<OwnedFd>) -> io::Result<()> {
        let [file] =
            <[OwnedFd; 1]>::try_from(fds).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.0.insert(connector, file.into());
        Ok(())
    }

    pub(super) fn load(&mut self, config: &Config) -> Result<BTreeMap<Name, Tenants>, Problems> {
        let mut tenants = BTreeMap::new();
        for (name, file) in std::mem::take(&mut self.0) {
            if let Some(connector) = config.connectors.get(&name) {
                tenants.insert(name, Tenants::read(file, &connector.tenants)?);
            }
        }
        Ok(tenants)
    }

    /// Puts a reload in force, or keeps the old rules, and tells whoever asked.
    pub(super) async fn reloaded(
        mut self,
        front: &Front,
        id: u64,
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
            let resolved = token::sealed::open::<Resolved>(config).map_err(|error| error.to_string())?;
            let tenants = self.load(&resolved.config).map_err(|problems| problems.to_string())?;
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
        front.supervisor.answered(id, problem);
    }
}
