//! The proof that an entry is durable.

/// Says that the entry at `index` is durable. Only the ledger makes one, after fdatasync, and it cannot be copied:
/// a stage that takes a `Receipt` by value cannot run without a record, nor twice for one.
///
/// Nobody else can make one:
/// ```compile_fail,E0451
/// fn answer(receipt: ledger::Receipt) -> u64 { receipt.index() }
/// fn stage(given: ledger::Receipt) -> u64 {
///     let receipt = ledger::Receipt { index: given.index() };
///     answer(receipt)
/// }
/// ```
/// and with the given one it compiles:
/// ```
/// fn answer(receipt: ledger::Receipt) -> u64 { receipt.index() }
/// fn stage(given: ledger::Receipt) -> u64 {
///     let receipt = given;
///     answer(receipt)
/// }
/// ```
/// Nor can it serve two answers:
/// ```compile_fail,E0382
/// fn answer(receipt: ledger::Receipt) -> u64 { receipt.index() }
/// fn stage(given: ledger::Receipt) -> u64 {
///     let first = answer(given);
///     first + answer(given)
/// }
/// ```
/// while one can:
/// ```
/// fn answer(receipt: ledger::Receipt) -> u64 { receipt.index() }
/// fn stage(given: ledger::Receipt) -> u64 {
///     let first = answer(given);
///     first
/// }
/// ```
#[derive(Debug)]
#[must_use = "without its receipt a signature must not be released"]
pub struct Receipt {
    index: u64,
}

impl Receipt {
    pub(crate) fn new(index: u64) -> Self {
        Self { index }
    }

    /// The entry's index in the log.
    pub fn index(&self) -> u64 {
        self.index
    }
}
