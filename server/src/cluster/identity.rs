//! Which cluster it is, by something that stays when addresses and credentials change.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::{info, warn};

use super::connect::Connector;
use super::watch::root_cause;
use super::{Report, Silence};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// The UID of the namespace `kube-system`, which every cluster has and keeps; where that may not be read (403), the name
/// by which the user calls the cluster. Asks until there is an answer, and tells the hub while there is none: a cluster
/// that has just started may lack the namespace for a moment. `None` when nobody listens any more.
pub async fn identity(connector: &Arc<Connector>, reports: &mpsc::Sender<Report>) -> Option<String> {
    let connections = connector.subscribe();
    let mut told = false;
    loop {
        let connection = connections.borrow().clone();
        let namespaces: Api<Namespace> = Api::all(connection.client);
        let answer = timeout(PATIENCE, namespaces.get_metadata("kube-system")).await;
        let problem = match answer {
            Ok(Ok(namespace)) => match namespace.metadata.uid {
                Some(uid) => return found(uid, told, reports).await,
                None => "the namespace kube-system has no UID".to_owned(),
            },
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                warn!(
                    problem = status.message,
                    cluster = connector.name(),
                    "the ledger goes by the context's name: grant `get` on the namespace kube-system"
                );
                return found(format!("context {}", connector.name()), told, reports).await;
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 401 => {
                connector.renew(connection.generation).await;
                "the API server refused the credentials (401)".to_owned()
            }
            Ok(Err(error)) => root_cause(&error),
            Err(_elapsed) => "no answer within 3 s".to_owned(),
        };
        if !told {
            info!(problem, "waiting for the API, to know which cluster it is");
        }
        told = true;
        let silence = Silence { problem, since: connector.alive_at() };
        if reports.send(Report::Pulse(Err(silence))).await.is_err() {
            return None;
        }
        connector.pause(PAUSE).await;
    }
}

/// The answer, when the hub was told that there is one again.
async fn found(cluster: String, told: bool, reports: &mpsc::Sender<Report>) -> Option<String> {
    if told && reports.send(Report::Pulse(Ok(()))).await.is_err() {
        return None;
    }
    Some(cluster)
}
