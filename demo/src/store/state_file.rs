//! The state in a file: a first line that says what it is, then one object a line.

use std::fs;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Change, Draft, Event, Store};
use crate::kinds::Kind;

/// What the first line names.
const FORMAT: &str = "berth demo state";

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    revision: u64,
}

/// Why a state could not be read or written. Each message names the way out.
#[derive(Debug, Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("cannot read the demo's state in {path}: {source}; choose another file with --demo-state", path = .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the demo's state to {path}: {source}; choose another file with --demo-state", path = .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else, or damaged.
    #[error("{path} is no state of a demo (line {line}: {reason}); choose another file with --demo-state, or delete it", path = .path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// Writes every object to a file. Whoever reads it finds the old state or the new one, never a part.
///
/// # Errors
/// When the file cannot be written.
pub fn save(store: &Store, path: &Path) -> Result<u64, StateError> {
    let (revision, objects) = {
        let state = store.read();
        let all = Kind::ALL.iter().flat_map(|kind| state.kinds[kind.index()].objects.values());
        (state.revision, all.map(|entry| Arc::clone(&entry.object)).collect::<Vec<_>>())
    };
    let write = || -> std::io::Result<()> {
        let new = beside(path);
        let mut out = BufWriter::new(private(&new)?);
        serde_json::to_writer(&mut out, &Header { format: FORMAT.to_owned(), version: VERSION, revision })?;
        out.write_all(b"\n")?;
        for object in objects {
            out.write_all(&object.json())?;
            out.write_all(b"\n")?;
        }
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(|source| StateError::Write { path: path.to_owned(), source })?;
    Ok(revision)
}

/// Finds out whether a state can be written there; leaves nothing behind.
///
/// # Errors
/// When it cannot.
pub fn can_save(path: &Path) -> Result<(), StateError> {
    let new = beside(path);
    let write = || private(&new).and_then(|_| fs::remove_file(&new));
    write().map_err(|source| StateError::Write { path: path.to_owned(), source })
}

/// Where a state is written before it takes the place of the one before.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// A new file that nobody else may read.
fn private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Fills an empty store from a file; tells whether there was one.
///
/// # Errors
/// When the file cannot be read, or is no state.
pub fn load(store: &Store, path: &Path) -> Result<bool, StateError> {
    let unreadable = |source| StateError::Read { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(error)),
    };
    let mut lines = BufReader::new(file).lines().enumerate();
    let damaged = |line: usize, reason: String| StateError::Damaged { path: path.to_owned(), line: line + 1, reason };
    let Some((_, first)) = lines.next() else { return Err(damaged(0, "it is empty".to_owned())) };
    let header: Header =
        serde_json::from_str(&first.map_err(unreadable)?).map_err(|error| damaged(0, error.to_string()))?;
    if header.format != FORMAT || header.version != VERSION {
        return Err(damaged(0, format!("{:?} version {} cannot be read", header.format, header.version)));
    }
    let mut state = store.write();
    for (number, line) in lines {
        let line = line.map_err(unreadable)?;
        let (revision, draft) = parse(&line).map_err(|reason| damaged(number, reason))?;
        if revision > header.revision {
            return Err(damaged(number, format!("revision {revision} is beyond the last one, {}", header.revision)));
        }
        let object = Arc::new(draft.into_object(revision));
        state.bytes += object.size();
        state.commit(Event { change: Change::Added, object, previous: None }, store.limits);
    }
    state.revision = header.revision;
    // What happened before is not in the file.
    for collection in &mut state.kinds {
        collection.history.compact(header.revision);
    }
    Ok(true)
}

fn parse(line: &str) -> Result<(u64, Draft), String> {
    let mut object: Map<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::parse(text("apiVersion"), text("kind"))
        .ok_or_else(|| format!("unknown kind {} {}", text("apiVersion"), text("kind")))?;
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut).ok_or("no metadata")?;
    let revision = metadata.get("resourceVersion").and_then(Value::as_str).and_then(|text| text.parse().ok());
    let revision = revision.ok_or("no revision")?;
    if metadata.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err("no name".to_owned());
    }
    let managed = match metadata.remove("managedFields") {
        Some(managed) => Bytes::from(managed.to_string()),
        None => Bytes::new(),
    };
    Ok((revision, Draft::new(kind, object, managed)))
}
