//! Work that always runs to completion, whether the client that asked for it stays or not.
//!
//! hyper drops a handler when its connection goes away. What was begun on a token or in the ledger would then stop
//! anywhere between two steps; in a task of its own it does not.

use api::Problem;
use tokio::task::JoinError;

/// Runs it to completion in a task of its own.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.unwrap_or_else(|error| Err(broken_off(&error)))
}

fn broken_off(error: &JoinError) -> Problem {
    if error.is_panic() {
        tracing::error!(%error, "a fault of ours ended a request");
        return Problem::internal("The agent failed at this");
    }
    Problem::stopping()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_not_called_a_stop() {
        let done = run_to_completion::<()>(async { panic!("as a bug would") }).await;
        assert_eq!(done.unwrap_err().code, "internal");
    }
}
