//! Keeps the cluster's state in a file while it runs, so that little is lost when it ends without a word.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use crate::store::{Store, save};

/// How often the state is written at most.
const PERIOD: Duration = Duration::from_secs(2);

/// Writes the state when there is something new, for ever.
pub(super) async fn run(store: Arc<Store>, path: PathBuf) {
    let mut changed = store.any_change();
    loop {
        if changed.changed().await.is_err() {
            return;
        }
        sleep(PERIOD).await;
        changed.borrow_and_update();
        let (store, path) = (Arc::clone(&store), path.clone());
        match tokio::task::spawn_blocking(move || save(&store, &path)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(%error, "the demo's state was not kept"),
            Err(error) => warn!(%error, "the demo's state was not kept"),
        }
    }
}
