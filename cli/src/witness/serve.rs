//! The witness's server: what it needs, looked at before the socket is opened, and what it tells its operator.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use quoted::{Plain, Quoted};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use witness::{BadLogs, Event, Key, Logs, MAX_CONNECTIONS, MAX_LOGS_BYTES, Store, StoreError, Witness};

use super::{Folder, untrusted};
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// Threads that wait for the disk: at most one request for each connection does.
const MAX_WAITING: usize = MAX_CONNECTIONS;

/// For whom, and where.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The logs, one public key a line, or a policy with `log` lines
    #[arg(long, value_name = "FILE")]
    logs: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7373")]
    listen: SocketAddr,
    #[command(flatten)]
    folder: Folder,
}

pub(super) fn run(arguments: &Arguments, print: &Printer) -> Result<Exit, Failure> {
    let key = arguments.folder.key()?.ok_or_else(no_key)?;
    let logs = logs(&arguments.logs)?;
    let store = Store::open(&arguments.folder.dir, &logs).map_err(unkept)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MAX_WAITING)
        .build()?;
    runtime.block_on(serve(arguments.listen, key, logs, store, print))
}

async fn serve(at: SocketAddr, key: Key, logs: Logs, store: Store, print: &Printer) -> Result<Exit, Failure> {
    let listener = TcpListener::bind(at).await.map_err(|error| deaf(at, &error))?;
    let (mut stop, mut end) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    began(&listener, &key, logs.origins().len(), print)?;
    let serving = witness::serve(listener, Witness::new(key, logs), store, |event| tell(event, print));
    tokio::select! {
        error = serving => Err(unkept(error)),
        // What was read whole is kept or not, and its client asks again: no answer is lost that counts.
        _ = stop.recv() => Ok(Exit::Yes),
        _ = end.recv() => Ok(Exit::Yes),
    }
}

fn logs(path: &Path) -> Result<Logs, Failure> {
    let text = hsm_config::read_trusted(path, MAX_LOGS_BYTES).map_err(|fault| untrusted(path, &fault))?;
    Logs::parse(&text).map_err(|bad: BadLogs| {
        let title = format!("{}, {bad}", Quoted::path(path));
        Failure::usage(
            "invalid-logs",
            title,
            "Write one public key a line, as `kunci log init-key` prints it for the log.",
        )
    })
}

fn began(listener: &TcpListener, key: &Key, logs: usize, print: &Printer) -> io::Result<()> {
    let (address, name) = (listener.local_addr()?, key.vkey().name());
    if print.json {
        let began = serde_json::json!({ "url": format!("http://{address}/"), "name": name, "logs": logs });
        return print.json(began.to_string().as_bytes());
    }
    print.line(&format!("Serving http://{address}/ as {} for {logs} logs", Plain(name)))
}

fn tell(event: &Event, print: &Printer) {
    match event {
        Event::Fork { origin, head, evidence } => {
            let kept = evidence.as_ref().map_or_else(String::new, |[fork, kept]| {
                let (fork, kept) = (Quoted::path(fork), Quoted::path(kept));
                format!(" Keep {fork} and {kept}: together they prove that.")
            });
            print.warn(&format!(
                "FORK: the log {} signed two histories of {} entries; this one has the root {}.{kept}",
                Quoted(origin),
                head.size,
                head.root.base64(),
            ));
        }
        Event::Store(why) => print.warn(why),
    }
}

fn no_key() -> Failure {
    let detail = "Run `kunci witness init NAME` first, or name the folder with --dir.";
    Failure::usage("no-witness-key", "This witness has no key", detail)
}

fn deaf(at: SocketAddr, error: &io::Error) -> Failure {
    let title = format!("Nobody can connect to {at}: {error}");
    Failure::usage("address-unusable", title, "Name another address with --listen.")
}

fn unkept(error: StoreError) -> Failure {
    let title = error.to_string();
    match error {
        StoreError::Locked { .. } => Failure::usage(
            "witness-runs",
            title,
            "One folder is one witness's: end the other first, or name another folder.",
        ),
        StoreError::Damaged { .. } => Failure::usage(
            "witness-damaged",
            title,
            "What was signed is not known any more, so that this key must not sign again for that log. Keep the folder as it is, make a \
             new witness in another one, and hand out its public key.",
        ),
        StoreError::Refused { .. } | StoreError::Unconfirmed { .. } | StoreError::Lost => {
            Failure::unavailable("witness-disk", title, "Make room or mend the disk, then start again.")
        }
    }
}
