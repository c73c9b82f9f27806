//! Segments: steps that are kept together, compressed.
//!
//! What is kept begins with the number of its form; lines of JSON follow, compressed by DEFLATE as in recordings: rows of
//! earlier versions of Berth stay readable as long as what JSON they hold means the same.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use topology::fold::{Snapshot, Step};
use topology::{SetKey, Timestamp};

/// The number of the form.
const FORM: u8 = 1;
/// How long what is kept may be before compression; what a database says is not believed beyond that.
const MAX_LENGTH: u64 = 1 << 30;

/// Some steps of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its place in the run, from 0 on.
    pub number: i64,
    /// When its first step was taken.
    pub began: Timestamp,
    /// When its last one was taken.
    pub until: Timestamp,
    /// How it is known what was before.
    pub base: Base,
    /// How many events it holds.
    pub events: u64,
    /// Its steps, packed.
    pub content: Vec<u8>,
    /// When the board of each StatefulSet changed.
    pub marks: BTreeMap<SetKey, Vec<Timestamp>>,
}

/// How it is known what was before a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// By the segment before it.
    Before,
    /// There was nothing.
    Empty,
    /// By this snapshot, packed.
    Snapshot(Vec<u8>),
}

/// Why a segment cannot be read.
#[derive(Debug, Error)]
pub enum Undecodable {
    /// Another version of Berth wrote it.
    #[error("it was written in form {0:?} and this version of Berth reads form {FORM}: use the version that wrote it")]
    Form(Option<u8>),
    /// It is damaged.
    #[error("what is kept of that time is damaged: {0}")]
    Damaged(String),
}

impl From<io::Error> for Undecodable {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<serde_json::Error> for Undecodable {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Adds a line.
pub(super) fn add_line(lines: &mut Vec<u8>, item: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, item)?;
    lines.push(b'\n');
    Ok(())
}

/// Compresses lines.
pub(super) fn pack(lines: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(vec![FORM], Compression::default());
    encoder.write_all(lines)?;
    encoder.finish()
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let Some((&FORM, packed)) = packed.split_first() else { return Err(Undecodable::Form(packed.first().copied())) };
    let mut lines = Vec::new();
    DeflateDecoder::new(packed).take(MAX_LENGTH + 1).read_to_end(&mut lines)?;
    match lines.len() as u64 {
        ..=MAX_LENGTH => Ok(lines),
        _ => Err(Undecodable::Damaged("it is longer than any can be".to_owned())),
    }
}

fn lines<T: DeserializeOwned>(packed: &[u8]) -> Result<Vec<T>, Undecodable> {
    let unpacked = unpack(packed)?;
    let lines = unpacked.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(serde_json::from_slice).collect::<Result<_, _>>()?)
}

/// The steps of a segment's content.
pub(super) fn steps(content: &[u8]) -> Result<Vec<Step>, Undecodable> {
    lines(content)
}

/// A snapshot as it was packed.
pub(super) fn snapshot(packed: &[u8]) -> Result<Snapshot, Undecodable> {
    let mut all = lines(packed)?;
    all.pop().ok_or_else(|| Undecodable::Damaged("it is empty".to_owned()))
}
