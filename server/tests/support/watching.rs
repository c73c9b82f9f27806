//! Watches and a hub on a real cluster.

use std::path::PathBuf;
use std::sync::Arc;

use server::clock::now;
use server::cluster::{self, Connector, Health, Report, Target};
use server::hub::{Hub, HubHandle, REPORT_QUEUE};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use topology::dns::Zone;
use topology::wire::Instance;

/// Watches and a hub, which run as long as this is held.
pub(crate) struct Watching {
    pub(crate) hub: HubHandle,
    pub(crate) connector: Arc<Connector>,
    pub(crate) reports: mpsc::Sender<Report>,
    pub(crate) tasks: JoinSet<()>,
}

impl Watching {
    /// Watches these namespaces of the kubeconfig's cluster; all when `None`.
    pub(crate) async fn start(kubeconfig: PathBuf, namespaces: Option<&[String]>) -> Self {
        let target = Target { kubeconfig: Some(kubeconfig), context: None };
        let connector = Arc::new(Connector::new(target).await.expect("a usable kubeconfig"));
        let health = Health::new(cluster::watches(namespaces), now());
        let (task, hub) = Hub::prepare(super::cluster(), Zone::default(), Instance(1), health, now);
        let (reports, inbox) = mpsc::channel(REPORT_QUEUE);
        let mut tasks = cluster::start(&connector, namespaces, &reports);
        tasks.spawn(task.run(inbox));
        Self { hub, connector, reports, tasks }
    }
}
