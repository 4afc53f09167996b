//! Where things are: the configuration, the sockets, the log. The services' commands need none but a socket.
//!
//! What is named on the command line or in the environment is meant; what is not is taken from the configuration,
//! and without one from its defaults.

use std::path::{Path, PathBuf};

use clap::Args;
use hsm_config::{Agent, Config};

use crate::failure::Failure;

/// The configuration unless another is named.
const CONFIG: &str = "/etc/kunci/kunci.toml";

/// Where the agent and its configuration are.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where things are")]
pub(crate) struct Paths {
    /// The configuration [default: /etc/kunci/kunci.toml]
    #[arg(long, value_name = "FILE", env = "KUNCI_CONFIG", global = true, hide_env_values = true)]
    config: Option<PathBuf>,
    /// The callers' socket [default: the configuration's, else /run/kunci/agent.sock]
    #[arg(long, value_name = "PATH", env = "KUNCI_SOCKET", global = true, hide_env_values = true)]
    socket: Option<PathBuf>,
    /// The admins' socket [default: the configuration's, else /run/kunci/admin.sock]
    #[arg(long, value_name = "PATH", env = "KUNCI_ADMIN_SOCKET", global = true, hide_env_values = true)]
    admin_socket: Option<PathBuf>,
}

/// A socket, and whether somebody named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Socket {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Named by hand: no private agent takes its place.
    pub(crate) named: bool,
}

impl Paths {
    /// The configuration's path.
    pub(crate) fn config_path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(CONFIG))
    }

    /// The configuration, which must be whole.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::load(self.config_path()).map_err(|problems| Failure::configuration(&problems))
    }

    /// The log's folder, as the configuration has it.
    pub(crate) fn log(&self) -> Result<PathBuf, Failure> {
        Ok(self.config()?.agent.state_dir.join("log"))
    }

    /// The callers' socket.
    pub(crate) fn agent_socket(&self) -> Result<Socket, Failure> {
        self.socket(self.socket.as_ref(), |agent| agent.socket)
    }

    /// The admins' socket.
    pub(crate) fn admin_socket(&self) -> Result<Socket, Failure> {
        self.socket(self.admin_socket.as_ref(), |agent| agent.admin_socket)
    }

    fn socket(&self, named: Option<&PathBuf>, of: impl Fn(Agent) -> PathBuf) -> Result<Socket, Failure> {
        match (named, &self.config) {
            (Some(path), _) => Ok(Socket { path: path.clone(), named: true }),
            (None, Some(_)) => Ok(Socket { path: of(self.config()?.agent), named: false }),
            // Services may not read the usual configuration; the usual socket is theirs all the same.
            (None, None) => {
                let agent = self.config().map(|config| config.agent).unwrap_or_default();
                Ok(Socket { path: of(agent), named: false })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_socket_needs_no_configuration() {
        let paths = Paths {
            config: Some("/nowhere/kunci.toml".into()),
            socket: Some("/a.sock".into()),
            ..Paths::default()
        };
        assert_eq!(paths.agent_socket().unwrap(), Socket { path: "/a.sock".into(), named: true });
    }

    #[test]
    fn a_named_configuration_that_cannot_be_read_is_not_passed_over() {
        let paths = Paths { config: Some("/nowhere/kunci.toml".into()), ..Paths::default() };
        assert_eq!(paths.agent_socket().unwrap_err().problem.code, "invalid-configuration");
    }

    #[test]
    fn without_a_readable_configuration_the_usual_socket_is_taken() {
        if Path::new(CONFIG).exists() {
            return;
        }
        let socket = Paths::default().agent_socket().unwrap();
        assert_eq!(socket, Socket { path: "/run/kunci/agent.sock".into(), named: false });
    }
}
