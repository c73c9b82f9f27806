//! Which cluster it is, by something that stays when addresses and credentials change.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::{info, warn};

use super::Report;
use super::connect::Connector;
use super::watch::root_cause;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);

/// The UID of the namespace `kube-system`, which every cluster has and keeps; where that may not be read, the name by
/// which the user calls the cluster. Asks until there is an answer, and tells the hub while there is none; `None` when
/// nobody listens any more.
pub async fn identity(connector: &Arc<Connector>, reports: &mpsc::Sender<Report>) -> Option<String> {
    let connections = connector.subscribe();
    let mut told = false;
    loop {
        let connection = connections.borrow().clone();
        let namespaces: Api<Namespace> = Api::all(connection.client);
        let problem = match timeout(PATIENCE, namespaces.get_metadata("kube-system")).await {
            Ok(Ok(namespace)) => {
                if told && reports.send(Report::Pulse(Ok(()))).await.is_err() {
                    return None;
                }
                if let Some(uid) = namespace.metadata.uid {
                    return Some(uid);
                }
                return Some(fallback(connector, "it has no UID"));
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 401 => {
                connector.renew(connection.generation).await;
                "the API server refused the credentials (401)".to_owned()
            }
            Ok(Err(kube::Error::Api(status))) => {
                if told && reports.send(Report::Pulse(Ok(()))).await.is_err() {
                    return None;
                }
                return Some(fallback(connector, &status.message));
            }
            Ok(Err(error)) => root_cause(&error),
            Err(_elapsed) => "no answer within 3 s".to_owned(),
        };
        if !told {
            info!(problem, "waiting for the API, to know which cluster it is");
        }
        told = true;
        if reports.send(Report::Pulse(Err(problem))).await.is_err() {
            return None;
        }
        connector.pause(PAUSE).await;
    }
}

fn fallback(connector: &Connector, problem: &str) -> String {
    let name = connector.name();
    warn!(
        problem,
        cluster = name,
        "the UID of the namespace kube-system cannot be read; the ledger goes by the context's name. Grant `get` on it"
    );
    format!("context {name}")
}
