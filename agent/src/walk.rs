//! Work that always walks to its end, whether the client that asked for it stays or not.
//!
//! hyper drops a handler when its connection goes away. What was begun on a token or in the ledger would then stop
//! anywhere between two steps; in a task of its own it does not.

use crate::problem::Problem;

/// Walks to the end in a task of its own.
pub(crate) async fn to_the_end<T: Send + 'static>(
    walk: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(walk).await.unwrap_or_else(|_| {
        Err(Problem::unavailable(
            "stopping",
            "The agent is stopping",
            "Try again; it carries on where it was.",
        ))
    })
}
