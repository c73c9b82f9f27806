//! Writes a recording.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

use super::{Entry, FORMAT, Head, MAGIC};

/// When a frame is full, in bytes before compression.
const FULL: usize = 256 << 10;

/// Puts entries together to frames.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    frame: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, head: &Head) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&FORMAT.to_le_bytes())?;
        let mut writer = Self { out, frame: Vec::new() };
        writer.add(head)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Goes on with a recording: frames without the beginning of a file.
    pub const fn frames(out: W) -> Self {
        Self { out, frame: Vec::new() }
    }

    /// Adds an entry; a full frame is written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, entry: &Entry) -> io::Result<()> {
        self.add(entry)?;
        if self.frame.len() >= FULL { self.flush() } else { Ok(()) }
    }

    fn add(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.frame, line)?;
        self.frame.push(b'\n');
        Ok(())
    }

    /// Writes what there is: a frame that is read whole, or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.frame)?;
        let content = encoder.finish()?;
        self.frame.clear();
        let length = u32::try_from(content.len()).map_err(io::Error::other)?;
        let mut frame = Vec::with_capacity(content.len() + 8);
        frame.extend(length.to_le_bytes());
        frame.extend(crc32fast::hash(&content).to_le_bytes());
        frame.extend(content);
        self.out.write_all(&frame)?;
        self.out.flush()
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }
}
