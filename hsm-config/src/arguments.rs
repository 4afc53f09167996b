//! The agent's command line. It stands here and not in the agent, so that `kunci man` writes its page without linking that.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

const AFTER: &str = "\
Signals:
  SIGHUP              reads the configuration and the tenants files again
  SIGTERM, SIGINT     answers who has asked, and ends

Exit codes:
  0  it was told to end
  2  the command line or the configuration is at fault
  3  anything else; standard error says what

Files:
  /etc/kunci/kunci.toml   the configuration
  /run/kunci/agent.sock   where services ask
  /run/kunci/admin.sock   where admins and operators ask
  /var/lib/kunci          the log, certificates, refused PINs

Examples:
  kunci-agent --config ./kunci.toml
  systemctl enable --now kunci.socket kunci-admin.socket kunci.service";

/// Kunci's agent: signs assertions with keys that stay in their tokens
///
/// A supervisor, which reads the configuration and opens the sockets; a front, which answers services and admins and keeps the
/// log; and for each token a host, in which its module runs and which alone sees the PIN. Front and hosts confine themselves.
/// Most often systemd starts it (kunci.service).
#[derive(Parser)]
#[command(
    name = "kunci-agent",
    version,
    disable_help_subcommand = true,
    after_help = AFTER,
    max_term_width = 80
)]
pub struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE", env = "KUNCI_CONFIG", default_value = "/etc/kunci/kunci.toml")]
    pub config: PathBuf,
    /// Serve one client: sockets in DIR, `ready` on standard output, the end with standard input's
    #[arg(long, value_name = "DIR")]
    pub private: Option<PathBuf>,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub role: Option<Role>,
}

/// What to do instead of serving.
#[derive(Subcommand)]
pub enum Role {
    /// Have the running agent read its configuration again, as by SIGHUP, and wait for its word
    Reload,
    /// Hold the configuration against the keys that its log has, and print what came of it as JSON, which `kunci config check`
    /// shows to people
    Compare,
    /// Serves callers; started by the supervisor only
    #[command(hide = true)]
    Front,
    /// Serves one token; started by the supervisor only
    #[command(hide = true)]
    Host {
        /// The token, for those who list processes
        name: String,
    },
}
