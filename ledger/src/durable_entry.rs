//! The proof that an entry is durable.

/// Says that the entry at `index` is durable. Only the ledger makes one, after fdatasync, and it cannot be copied:
/// a stage that takes a `DurableEntry` by value cannot run without a record, nor twice for one.
///
/// Nobody else can make one:
/// ```compile_fail,E0451
/// fn answer(durable: ledger::DurableEntry) -> u64 { durable.index() }
/// fn stage(given: ledger::DurableEntry) -> u64 {
///     let durable = ledger::DurableEntry { index: given.index() };
///     answer(durable)
/// }
/// ```
/// and with the given one it compiles:
/// ```
/// fn answer(durable: ledger::DurableEntry) -> u64 { durable.index() }
/// fn stage(given: ledger::DurableEntry) -> u64 {
///     let durable = given;
///     answer(durable)
/// }
/// ```
/// Nor can it serve two answers:
/// ```compile_fail,E0382
/// fn answer(durable: ledger::DurableEntry) -> u64 { durable.index() }
/// fn stage(given: ledger::DurableEntry) -> u64 {
///     let first = answer(given);
///     first + answer(given)
/// }
/// ```
/// while one can:
/// ```
/// fn answer(durable: ledger::DurableEntry) -> u64 { durable.index() }
/// fn stage(given: ledger::DurableEntry) -> u64 {
///     let first = answer(given);
///     first
/// }
/// ```
#[derive(Debug)]
#[must_use = "without its durable entry a signature must not be released"]
pub struct DurableEntry {
    index: u64,
}

impl DurableEntry {
    pub(crate) fn new(index: u64) -> Self {
        Self { index }
    }

    /// The entry's index in the log.
    pub fn index(&self) -> u64 {
        self.index
    }
}
