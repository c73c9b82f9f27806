//! Which namespaces exist. DNS knows also those without any object; nothing else here does.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;
use topology::dns::Namespaces;
use tracing::{debug, info};

use super::Report;
use super::connect::Connector;
use super::watch::{Failure, Strategy, classify};

/// The pause before another try.
const PAUSE: Duration = Duration::from_secs(1);
/// After how many failures in a row what was known counts no more.
const PATIENCE: u32 = 10;
/// The pause after a refusal (403): somebody has to grant something first.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// Tells the names of all namespaces at each change, until nobody listens any more. Where they may not be listed and
/// watched, nothing is told: then DNS does not say of an empty namespace whether it exists.
pub(super) async fn run(connector: Arc<Connector>, reports: mpsc::Sender<Report>) {
    let mut connections = connector.subscribe();
    let (mut refused, mut failures) = (false, 0);
    loop {
        let connection = connections.borrow_and_update().clone();
        let failure = tokio::select! {
            failure = follow(connection.client, &reports, &mut failures) => failure,
            changed = connections.changed() => if changed.is_ok() { continue } else { return },
        };
        failures += 1;
        if failures == PATIENCE && reports.send(Report::Namespaces(None)).await.is_err() {
            return;
        }
        match failure {
            None => return,
            Some(Failure::Unauthorized) => {
                connector.renew(connection.generation).await;
                connector.pause(PAUSE).await;
            }
            Some(Failure::Refused) => {
                if !refused {
                    info!("namespaces may not be listed and watched (403): DNS leaves open whether empty ones exist");
                }
                refused = true;
                if reports.send(Report::Namespaces(None)).await.is_err() {
                    return;
                }
                connector.pause(REFUSED_PAUSE).await;
            }
            Some(failure) => {
                debug!(?failure, "the watch of namespaces broke; listing anew");
                connector.pause(PAUSE).await;
            }
        }
    }
}

/// Lists and follows them until that fails; `None` when nobody listens any more. What was told stays until the next list.
async fn follow(client: Client, reports: &mpsc::Sender<Report>, failures: &mut u32) -> Option<Failure> {
    let namespaces: Api<PartialObjectMeta<Namespace>> = Api::all(client);
    let events = watcher(namespaces, watcher::Config::default());
    pin_mut!(events);
    let mut known = Namespaces::new_sync();
    while let Some(event) = events.next().await {
        let changed = match event {
            Err(error) => return Some(classify(&error, Strategy::Pages)),
            Ok(watcher::Event::Init) => {
                known = Namespaces::new_sync();
                false
            }
            Ok(watcher::Event::InitApply(namespace)) => {
                known.insert_mut(namespace.name_any());
                false
            }
            Ok(watcher::Event::InitDone) => {
                *failures = 0;
                true
            }
            Ok(watcher::Event::Apply(namespace)) => {
                let is_new = !known.contains(&namespace.name_any());
                known.insert_mut(namespace.name_any());
                is_new
            }
            Ok(watcher::Event::Delete(namespace)) => known.remove_mut(&namespace.name_any()),
        };
        if changed && reports.send(Report::Namespaces(Some(known.clone()))).await.is_err() {
            return None;
        }
    }
    Some(Failure::Broken("the watch ended".to_owned()))
}
