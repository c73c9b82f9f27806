//! The watches of a server that keeps a ledger: they begin where an earlier run ended.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use super::Store;
use crate::cluster::{self, Connector, Report, Resumed};

/// Asks which cluster it is, tells that, gives the hub what the ledger knows of it, and only then watches.
pub async fn kept(
    connector: Arc<Connector>,
    namespaces: Option<Vec<String>>,
    reports: mpsc::Sender<Report>,
    store: Option<Store>,
    told: oneshot::Sender<String>,
) {
    let Some(cluster) = cluster::identity(&connector, &reports).await else { return };
    if let Some(store) = store {
        match store.resume(&cluster).await {
            Ok(mut found) => {
                let watches = cluster::watches(namespaces.as_deref());
                let until = |watch: &topology::facts::Watch| found.watched_until(watch.namespace.as_deref());
                let watched = watches.into_iter().filter_map(|watch| Some((watch.clone(), until(&watch)?))).collect();
                // What another server watches is that one's to tell.
                if let Some(namespaces) = &namespaces {
                    found.rows.retain(|row| namespaces.contains(&row.set.namespace));
                }
                let resumed = Resumed { rows: found.rows, watched };
                if reports.send(Report::Resumed(Box::new(resumed))).await.is_err() {
                    return;
                }
            }
            Err(error) => warn!(%error, "what the ledger knows cannot be read; beginning anew"),
        }
    }
    // Nobody may want to know.
    let _ = told.send(cluster);
    cluster::watch(connector, namespaces, reports).await;
}
