//! Where a replay's entries come from: a recording, or a trace of raw watch events.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use topology::trace;
use topology::wire::Cluster;
use topology::{Timestamp, dns::Zone};

use super::read::{Damage, Fault, Reader};
use super::{Entry, Head, MAX_FRAME, NotARecording, RecordingError, What};
use crate::cluster::WatchHealth;

/// How long a trace may be, in bytes.
const MAX_TRACE: u64 = MAX_FRAME as u64;

/// Entries, a frame at a time.
pub struct Source {
    /// What it is of.
    pub head: Head,
    /// Its frames.
    pub frames: Box<dyn Iterator<Item = Result<Vec<Entry>, Damage>> + Send>,
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, or is neither.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let name = || path.display().to_string();
        let unreadable = |source| RecordingError::Open { path: name(), source };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        if file.fill_buf().map_err(unreadable)?.first() == Some(&b'{') {
            return Self::of_trace(path, file).map_err(|source| RecordingError::Foreign { path: name(), source });
        }
        let (head, frames) = Reader::open(file).map_err(|source| RecordingError::Foreign { path: name(), source })?;
        Ok(Self { head, frames: Box::new(frames) })
    }

    /// A trace is small: it is read at once, up to its first line that is none, or to where it is longer than any is.
    fn of_trace(path: &Path, file: impl BufRead) -> Result<Self, NotARecording> {
        let (mut entries, mut damage) = (Vec::new(), None);
        let mut left = MAX_TRACE;
        for (number, line) in file.take(MAX_TRACE).lines().enumerate() {
            let parsed = line.map_err(Fault::from).and_then(|line| {
                left = left.saturating_sub(line.len() as u64 + 1);
                let unreadable = |error: trace::TraceError| Fault::Unreadable(error.to_string());
                trace::parse(&line).map_err(|error| if left == 0 { Fault::TooLong } else { unreadable(error) })
            });
            match parsed {
                Ok(parsed) => entries.extend(parsed),
                Err(fault) => {
                    damage = Some(Damage { place: "line", at: number as u64 + 1, fault });
                    break;
                }
            }
        }
        if entries.is_empty() {
            return Err(NotARecording::Other);
        }
        let mut read = Vec::new();
        for (at, observation) in trace::observations(&entries) {
            let watch = observation.watch.clone();
            read.push(Entry { at, what: What::Observed(observation) });
            read.push(Entry { at, what: What::Watch(watch, WatchHealth::Live) });
        }
        let zone = Zone::default();
        let cluster = Cluster {
            name: path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
            domain: zone.domain.as_str().to_owned(),
            ttl: zone.ttl,
            namespaces: None,
            dns: None,
        };
        let at = read.first().map_or(Timestamp::default(), |first| first.at);
        let head = Head { version: String::new(), at, cluster };
        let frames = std::iter::once(Ok(read)).chain(damage.map(Err));
        Ok(Self { head, frames: Box::new(frames) })
    }
}
