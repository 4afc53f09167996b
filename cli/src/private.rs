//! A private agent for the length of a command, where no agent runs: the same agent, on sockets that only we find.
//!
//! It lives as long as we hold its standard input, so that however we end, it ends. It is in a process group of its
//! own: Ctrl-C reaches us, and the agent stops in order.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Recorded;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::failure::{Exit, Failure};

/// The agent's name, beside ours or on the PATH.
const AGENT: &str = "kunci-agent";
/// How long it may take to open its sockets and recover its ledger.
const START: Duration = Duration::from_secs(30);
/// How long the last lines of its log may be in coming.
const TAIL: Duration = Duration::from_secs(15);
/// How long a configuration may be held against the log: what the log's index names is read within milliseconds.
const COMPARE: Duration = Duration::from_secs(10);
/// How many lines of its log are shown when it does not start.
const TAIL_LINES: usize = 12;
/// The exit code with which it says that its configuration is broken.
const EXIT_CONFIGURATION: i32 = 2;

/// A running private agent.
pub(crate) struct PrivateAgent {
    child: Child,
    stdin: Option<ChildStdin>,
    // The pipe's reader: an agent that writes to a closed one would get SIGPIPE.
    _stdout: Lines<BufReader<ChildStdout>>,
    tail: Tail,
    folder: TempDir,
}

impl PrivateAgent {
    /// Starts it and waits until it serves.
    pub(crate) async fn start(config: &Path) -> Result<Self, Failure> {
        let broken = |error| {
            not_started(format!("{AGENT}: {error}"), "Install kunci-agent beside kunci or on the PATH.")
        };
        let folder = tempfile::Builder::new().prefix("kunci-").tempdir().map_err(broken)?;
        let mut child = spawn(config, folder.path()).map_err(broken)?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(not_started(format!("{AGENT} has no output"), "Try again."));
        };
        let stdin = child.stdin.take();
        let tail = Tail::of(stderr);
        let mut agent = Self { child, stdin, _stdout: BufReader::new(stdout).lines(), tail, folder };
        match timeout(START, agent._stdout.next_line()).await {
            Ok(Ok(Some(line))) if line == "ready" => Ok(agent),
            Err(_) => Err(agent.failed(None).await),
            Ok(_) => {
                let status = agent.child.wait().await.ok();
                Err(agent.failed(status).await)
            }
        }
    }

    /// Its admins' socket.
    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    /// Ends it, and waits for its end: the ledger and the tokens are free for the next command.
    pub(crate) async fn stop(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        drop(self.stdin.take());
        // It has limits of its own, which follow from what its tokens are amid: nobody kills it.
        let _ = self.child.wait().await;
    }

    async fn failed(mut self, status: Option<ExitStatus>) -> Failure {
        let title = match status {
            Some(status) => format!("No agent runs, and a private one did not start ({status})"),
            None => format!("No agent runs, and a private one did not start in {} s", START.as_secs()),
        };
        self.end().await;
        let exit = if status.and_then(|status| status.code()) == Some(EXIT_CONFIGURATION) {
            Exit::Usage
        } else {
            Exit::Unavailable
        };
        Failure { exit, ..not_started(title, &self.tail.text().await) }
    }
}

fn not_started(title: String, detail: &str) -> Failure {
    Failure::unavailable("agent-not-started", title, detail)
}

fn spawn(config: &Path, folder: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(binary());
    command.arg("--config").arg(config).arg("--private").arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).spawn()
}

/// What the agent's program says of a configuration beside the keys of its log, or why it says nothing.
pub(crate) fn compare(config: &Path) -> Result<Recorded, String> {
    let failed = |error| format!("{AGENT}: {error}");
    let mut command = Command::new(binary());
    command.arg("--config").arg(config).arg("compare").stdin(Stdio::null()).kill_on_drop(true);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let output = runtime.block_on(async { timeout(COMPARE, command.output()).await });
    let output = output.map_err(|_| too_long())?.map_err(failed)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{AGENT} is of another version ({error})"))
}

fn too_long() -> String {
    format!(
        "{AGENT} took longer than {} s to read the log; one that was copied without its index is read as a whole, once: start \
         the agent, and ask again",
        COMPARE.as_secs()
    )
}

/// The agent that was installed with us, else the one on the PATH.
fn binary() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|ours| Some(ours.parent()?.join(AGENT)));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| AGENT.into())
}

/// The last lines that the agent logged; it is read to its end, so that the agent never waits for us.
struct Tail {
    lines: Arc<Mutex<Vec<String>>>,
    reading: JoinHandle<()>,
}

impl Tail {
    fn of(stderr: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let kept = lines.clone();
        let reading = tokio::spawn(async move {
            let mut read = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = read.next_line().await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == TAIL_LINES {
                    kept.remove(0);
                }
                kept.push(line);
            }
        });
        Self { lines, reading }
    }

    /// All of it, once the agent has ended.
    async fn text(self) -> String {
        let _ = timeout(TAIL, self.reading).await;
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}
