//! Waits for what can be observed. A test that waits in vain fails.

use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout;

/// After so long a test has waited in vain, on however busy a machine.
const IN_VAIN: Duration = Duration::from_secs(60);

/// Waits until it is so; a test that waits in vain fails.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            yield_now().await;
        }
    };
    in_time(so).await;
}

/// What comes, unless that takes so long that it is not on its way.
pub(super) async fn in_time<T>(comes: impl Future<Output = T>) -> T {
    timeout(IN_VAIN, comes).await.expect("it did not come")
}
