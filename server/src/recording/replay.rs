//! `berth replay FILE`: the same page on a recording, without a cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use topology::Timestamp;
use tracing::{info, warn};

use super::{Damage, Entry, Head, RecordingError, Source};
use crate::clock;
use crate::cluster::Report;

/// How many frames are read ahead.
const AHEAD: usize = 2;

/// What `berth replay` is told.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// The recording, or a trace of raw watch events
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// How many times as fast as it happened
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
}

/// Reads how many times as fast. Slower than it happened would show times that run backwards.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it must be a number such as 1 or 8".to_owned())?;
    if (1.0..=1_000.0).contains(&speed) { Ok(speed) } else { Err("it must be between 1 and 1000".to_owned()) }
}

/// A recording that is to be shown.
pub struct Replay {
    source: Source,
    speed: f64,
    path: String,
}

impl Replay {
    /// Opens it; the server's clock is that of the recording from now on.
    ///
    /// # Errors
    /// When it cannot be shown.
    pub fn open(arguments: &ReplayArgs) -> Result<Self, RecordingError> {
        let source = Source::open(&arguments.file)?;
        clock::show(source.head.at);
        Ok(Self { source, speed: arguments.speed, path: arguments.file.display().to_string() })
    }

    /// What it is of.
    pub fn head(&self) -> &Head {
        &self.source.head
    }

    /// Tells the hub what happened, as it happened, up to the end or to where the file is damaged.
    pub async fn run(self, reports: mpsc::Sender<Report>) {
        let Self { source, speed, path } = self;
        let (frames, mut read) = mpsc::channel::<Result<Vec<Entry>, Damage>>(AHEAD);
        tokio::task::spawn_blocking(move || {
            for frame in source.frames {
                if frames.blocking_send(frame).is_err() {
                    return;
                }
            }
        });
        let (mut began, mut told) = (None::<(Instant, Timestamp)>, None);
        let mut over = format!("the recording {path} is over");
        while let Some(frame) = read.recv().await {
            let entries = match frame {
                Ok(entries) => entries,
                Err(damage) => {
                    warn!(path, %damage, "the recording is shown up to there");
                    over = format!("the recording {path} is {damage}");
                    break;
                }
            };
            for Entry { at, what } in entries {
                let (start, first) = *began.get_or_insert_with(|| (Instant::now(), at));
                let millis = u64::try_from(at.millis_since(first)).unwrap_or(0);
                sleep_until(start + Duration::from_millis(millis).div_f64(speed)).await;
                if told != Some(at) {
                    clock::show(at);
                    told = Some(at);
                    if reports.send(Report::Clock(at)).await.is_err() {
                        return;
                    }
                }
                if reports.send(what.into()).await.is_err() {
                    return;
                }
            }
        }
        info!("{over}");
        // Without a hub nobody needs it.
        let _ = reports.send(Report::Over(over)).await;
        // The hub goes on to answer; it ends when the server does.
        std::future::pending::<()>().await;
    }
}
