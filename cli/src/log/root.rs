//! What was written down of a log earlier, held against what is there: that history was not rewritten as a whole is seen by
//! nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use ledger::Report;

use crate::failure::Failure;
use crate::print::Printer;

/// The length of a root, in bytes (SHA-256).
const ROOT_BYTES: usize = 32;

/// A size and the root that the log had then, as `kunci log verify` prints both.
#[derive(Args, Clone, Debug)]
pub(super) struct Kept {
    /// How many entries the log had when its root was written down
    #[arg(long, value_name = "N", requires = "root")]
    size: Option<u64>,
    /// The root of then, base64 or hex
    #[arg(long, value_name = "ROOT", requires = "size", value_parser = parse)]
    root: Option<[u8; ROOT_BYTES]>,
}

impl Kept {
    /// At which size the log's root is asked for.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether the first entries are those of which the root was kept, where one was.
    pub(super) fn check(&self, report: &Report, print: &Printer) -> Result<(), Failure> {
        let (Some(size), Some(kept)) = (self.size, self.root) else { return Ok(()) };
        match report.head_at(size) {
            Some(head) if head.root.0 == kept => {
                print.note(&format!(
                    "The first {size} entries are those of which this root was written down."
                ));
                Ok(())
            }
            Some(_) => Err(differs(size, "its first entries are others")),
            None => Err(differs(size, "it has fewer entries, or cannot be read so far")),
        }
    }
}

fn differs(size: u64, why: &str) -> Failure {
    let title =
        format!("The log is not the one of which this root was written down at {size} entries: {why}");
    let detail = "History was cut or rewritten, or this is another log. Keep the folder as it is, and find out which copy is the true one.";
    Failure::finding("root-differs", title, detail)
}

fn parse(text: &str) -> Result<[u8; ROOT_BYTES], String> {
    let base64 = || STANDARD.decode(text).ok()?.try_into().ok();
    let root = attest::hex::parse(text).ok().or_else(base64);
    root.ok_or_else(|| "write the root as `kunci log verify` prints it".to_owned())
}
