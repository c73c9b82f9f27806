//! `berth record FILE`: watches a cluster and writes down what it tells.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use topology::wire::Cluster;
use tracing::info;

use super::{Entry, Head, RecordingError, What, Writer};
use crate::clock::now;
use crate::cluster::{self, Connector, Target};
use crate::config::Config;
use crate::console::tell;
use crate::hub::REPORT_QUEUE;
use crate::serve::StartError;

/// How much of a recording a crash can cost.
const FLUSH: Duration = Duration::from_secs(1);

/// What `berth record` is told.
#[derive(Debug, Clone, Args)]
pub struct RecordArgs {
    /// The file to make
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Records until `stop` is done.
///
/// # Errors
/// When there is no cluster, or the file cannot be made or written; each error is for the user.
pub async fn record(config: Config, arguments: RecordArgs, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    config.check()?;
    let zone = config.zone()?;
    let target = Target { kubeconfig: config.kubeconfig.clone(), context: config.context.clone() };
    let connector = Arc::new(Connector::new(target).await?);
    let namespaces = config.watched_namespaces();
    let path = arguments.file.display().to_string();
    let create = |source| RecordingError::Create { path: path.clone(), source };
    let failed = |source| RecordingError::Write { path: path.clone(), source };
    let cluster = Cluster {
        name: connector.name().to_owned(),
        domain: zone.domain.as_str().to_owned(),
        ttl: zone.ttl,
        namespaces: namespaces.clone(),
        dns: None,
    };
    let head = Head { version: env!("CARGO_PKG_VERSION").to_owned(), at: now(), cluster };
    // A recording that is there already is not lost.
    let file = File::create_new(&arguments.file).map_err(create)?;
    let mut writer = Writer::new(file, &head).map_err(create)?;
    let (reports, mut inbox) = mpsc::channel(REPORT_QUEUE);
    let _watches = cluster::start(&connector, namespaces.as_deref(), &reports);
    drop(reports);
    tell(format_args!("Recording {} to {path}; Ctrl-C ends it", connector.name()));
    let mut flush = interval(FLUSH);
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = flush.tick() => writer.flush().map_err(failed)?,
            report = inbox.recv() => match report.map(What::of) {
                Some(Some(what)) => writer.push(&Entry { at: now(), what }).map_err(failed)?,
                Some(None) => {}
                None => break,
            },
        }
    }
    writer.flush().map_err(failed)?;
    writer.into_inner().sync_all().map_err(failed)?;
    info!(path, "the recording is complete");
    Ok(())
}
