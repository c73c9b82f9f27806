//! Recorded watch streams: one JSON object a line, as `tests/traces/README.md` describes them. Native only.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::Timestamp;
use crate::dns::{Name, Rcode, RecordType};
use crate::facts::{Event, Kind, Object, Observation, Watch};
use crate::kubernetes;

/// One line of a trace.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it came, counted from the start of the recording.
    pub at: Timestamp,
    /// What came.
    pub content: Content,
}

/// What a line holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// An event of a watch.
    Watch {
        /// Which watch.
        watch: Watch,
        /// What happened.
        event: WatchEvent,
    },
    /// The cluster was quiet, and its DNS was asked.
    Checkpoint {
        /// The name of the checkpoint.
        name: String,
        /// What was asked and answered.
        dns: Vec<Lookup>,
    },
}

/// A question to the cluster's DNS, and what it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The name that was asked for.
    pub name: Name,
    /// The type of records that were asked for.
    pub kind: RecordType,
    /// How it went.
    pub rcode: Rcode,
    /// The TTL of the first answer.
    pub ttl: Option<u32>,
    /// The answers as text, `name TYPE data` with the name in small letters; sorted.
    pub answers: Vec<String>,
}

/// An event as the API server streams it.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// `ADDED` or `MODIFIED`.
    Applied(Object),
    /// `DELETED`.
    Deleted(Object),
    /// The bookmark that ends the initial list.
    InitialEventsEnd,
    /// Any other bookmark.
    Bookmark,
}

/// Why a line is no part of a trace.
#[derive(Debug, Error)]
pub enum TraceError {
    /// It is not JSON of the expected form.
    #[error("line {line}: {source}")]
    Json {
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// It names a watch or an event that does not exist.
    #[error("line {line}: unknown {what} {name:?}")]
    Unknown {
        /// Which line, counted from 1.
        line: usize,
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
}

#[derive(Deserialize)]
struct Line {
    t_ms: i64,
    watch: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    object: Option<Value>,
    checkpoint: Option<String>,
    #[serde(default)]
    dns: Vec<LookupLine>,
}

#[derive(Deserialize)]
struct LookupLine {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    rcode: String,
    ttl: Option<u32>,
    answers: Vec<String>,
}

/// Reads a whole trace. Times count from the Unix epoch.
pub fn parse(text: &str) -> Result<Vec<Entry>, TraceError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| parse_line(index + 1, line)).collect()
}

fn parse_line(number: usize, text: &str) -> Result<Entry, TraceError> {
    let json = |source| TraceError::Json { line: number, source };
    let unknown = |what, name: &str| TraceError::Unknown { line: number, what, name: name.to_owned() };
    let line: Line = serde_json::from_str(text).map_err(json)?;
    let at = Timestamp::from_millis(line.t_ms);
    if let Some(name) = line.checkpoint {
        let lookup = |line: LookupLine| {
            Ok(Lookup {
                kind: RecordType::parse(&line.kind).ok_or_else(|| unknown("record type", &line.kind))?,
                rcode: Rcode::parse(&line.rcode).ok_or_else(|| unknown("rcode", &line.rcode))?,
                name: Name::new(line.name.strip_suffix('.').unwrap_or(&line.name)),
                ttl: line.ttl,
                answers: line.answers,
            })
        };
        let dns = line.dns.into_iter().map(lookup).collect::<Result<_, TraceError>>()?;
        return Ok(Entry { at, content: Content::Checkpoint { name, dns } });
    }
    let resource = line.watch.unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.resource() == resource);
    let kind = kind.ok_or_else(|| unknown("watch", &resource))?;
    let value = line.object.unwrap_or_default();
    let object = |value: Value| -> Result<Object, TraceError> {
        Ok(match kind {
            Kind::Pod => serde_json::from_value::<kubernetes::Pod>(value).map_err(json)?.into(),
            Kind::Service => serde_json::from_value::<kubernetes::Service>(value).map_err(json)?.into(),
            Kind::EndpointSlice => serde_json::from_value::<kubernetes::EndpointSlice>(value).map_err(json)?.into(),
            Kind::StatefulSet => serde_json::from_value::<kubernetes::StatefulSet>(value).map_err(json)?.into(),
            Kind::Deployment => serde_json::from_value::<kubernetes::Deployment>(value).map_err(json)?.into(),
            Kind::ReplicaSet => serde_json::from_value::<kubernetes::ReplicaSet>(value).map_err(json)?.into(),
        })
    };
    let event = match line.kind.as_deref().unwrap_or_default() {
        "ADDED" | "MODIFIED" => WatchEvent::Applied(object(value)?),
        "DELETED" => WatchEvent::Deleted(object(value)?),
        "BOOKMARK" if value.pointer("/metadata/annotations/k8s.io~1initial-events-end").is_some() => {
            WatchEvent::InitialEventsEnd
        }
        "BOOKMARK" => WatchEvent::Bookmark,
        other => return Err(unknown("event", other)),
    };
    Ok(Entry { at, content: Content::Watch { watch: Watch::everywhere(kind), event } })
}

/// A trace as a client of the recorded watches lived it.
#[derive(Debug, Clone)]
pub enum Step<'a> {
    /// A watch reported something.
    Observed(Timestamp, Observation),
    /// The cluster was quiet, and its DNS was asked.
    Checkpoint(&'a str, &'a [Lookup]),
}

/// The observations that a client of the recorded watches would have made: what comes before the bookmark that ends a
/// watch's initial events is its first list.
pub fn observations(entries: &[Entry]) -> Vec<(Timestamp, Observation)> {
    let observed = |step| match step {
        Step::Observed(at, observation) => Some((at, observation)),
        Step::Checkpoint(..) => None,
    };
    steps(entries).into_iter().filter_map(observed).collect()
}

/// The [`observations`] with the checkpoints in between.
pub fn steps(entries: &[Entry]) -> Vec<Step<'_>> {
    let mut initial: Vec<(Watch, Vec<Object>)> = Vec::new();
    let mut listed: Vec<Watch> = Vec::new();
    let mut made = Vec::new();
    for Entry { at, content } in entries {
        let (watch, event) = match content {
            Content::Watch { watch, event } => (watch, event),
            Content::Checkpoint { name, dns } => {
                made.push(Step::Checkpoint(name, dns));
                continue;
            }
        };
        let event = match (event, listed.contains(watch)) {
            (WatchEvent::Applied(object), true) => Event::Applied(object.clone()),
            (WatchEvent::Deleted(object), true) => Event::Deleted(object.clone()),
            (WatchEvent::Applied(object), false) => {
                match initial.iter_mut().find(|(of, _)| of == watch) {
                    Some((_, objects)) => objects.push(object.clone()),
                    None => initial.push((watch.clone(), vec![object.clone()])),
                }
                continue;
            }
            (WatchEvent::InitialEventsEnd, false) => {
                listed.push(watch.clone());
                let objects =
                    initial.iter_mut().find(|(of, _)| of == watch).map(|(_, objects)| std::mem::take(objects));
                Event::Listed(objects.unwrap_or_default())
            }
            (WatchEvent::Deleted(_) | WatchEvent::Bookmark, false)
            | (WatchEvent::InitialEventsEnd | WatchEvent::Bookmark, true) => continue,
        };
        made.push(Step::Observed(*at, Observation { watch: watch.clone(), event }));
    }
    made
}
