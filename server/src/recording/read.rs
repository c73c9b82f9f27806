//! Reads a recording, up to where it is damaged.

use std::io::{self, Read};

use flate2::read::DeflateDecoder;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::{Entry, FORMAT, Head, MAGIC, MAX_FRAME};

/// Gives the entries of a recording, frame by frame.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    /// Where the next frame begins.
    at: u64,
    damaged: bool,
}

/// Why a file is not read at all.
#[derive(Debug, Error)]
pub enum NotARecording {
    /// It begins otherwise.
    #[error("it is no recording; `berth record FILE` makes one")]
    Other,
    /// It is of another format.
    #[error(
        "it is a recording of format {found}, and this version of Berth reads format {FORMAT}: use the version that made it"
    )]
    Format {
        /// Which.
        found: u16,
    },
    /// Its head cannot be read.
    #[error("its head is damaged: {0}; nothing of it can be shown")]
    Head(Damage),
}

/// Where a recording ends before its time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("damaged from {place} {at} on: {fault}")]
pub struct Damage {
    /// What is counted: bytes, or lines of a trace.
    pub place: &'static str,
    /// Where.
    pub at: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The file ends within a frame.
    #[error("it ends within a frame")]
    Truncated,
    /// A frame says that it is longer than any is.
    #[error("a frame is longer than any can be")]
    TooLong,
    /// A frame's content is not what was written.
    #[error("a checksum is wrong")]
    Checksum,
    /// A frame's content cannot be understood.
    #[error("{0}")]
    Unreadable(String),
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Io(String),
}

impl<R: Read> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// When it is no recording of this format.
    pub fn open(mut input: R) -> Result<(Head, Self), NotARecording> {
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic).map_err(|_| NotARecording::Other)?;
        if magic != *MAGIC {
            return Err(NotARecording::Other);
        }
        let mut format = [0; 2];
        input.read_exact(&mut format).map_err(|_| NotARecording::Other)?;
        let found = u16::from_le_bytes(format);
        if found != FORMAT {
            return Err(NotARecording::Format { found });
        }
        let mut reader = Self { input, at: 10, damaged: false };
        let truncated = Damage { place: "byte", at: 10, fault: Fault::Truncated };
        match reader.frame::<Head>() {
            Some(Ok(mut head)) if head.len() == 1 => Ok((head.remove(0), reader)),
            Some(Err(damage)) => Err(NotARecording::Head(damage)),
            Some(Ok(_)) | None => Err(NotARecording::Head(truncated)),
        }
    }

    /// The lines of the next frame; `None` at the end, and behind damage.
    fn frame<T: DeserializeOwned>(&mut self) -> Option<Result<Vec<T>, Damage>> {
        if self.damaged {
            return None;
        }
        let at = self.at;
        let lines = self.content().transpose()?.and_then(|content| {
            let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines
                .map(|line| serde_json::from_slice(line).map_err(|error| Fault::Unreadable(error.to_string())))
                .collect()
        });
        self.damaged = lines.is_err();
        Some(lines.map_err(|fault| Damage { place: "byte", at, fault }))
    }

    /// The content of the next frame; `None` at the end.
    fn content(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let mut head = Vec::with_capacity(8);
        self.input.by_ref().take(8).read_to_end(&mut head)?;
        let head: [u8; 8] = match head.len() {
            0 => return Ok(None),
            _ => head.try_into().map_err(|_| Fault::Truncated)?,
        };
        let [a, b, c, d, checksum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > MAX_FRAME {
            return Err(Fault::TooLong);
        }
        // Room is made for what comes, not for what is announced.
        let mut content = Vec::new();
        self.input.by_ref().take(length as u64).read_to_end(&mut content)?;
        if content.len() < length {
            return Err(Fault::Truncated);
        }
        if crc32fast::hash(&content) != u32::from_le_bytes(checksum) {
            return Err(Fault::Checksum);
        }
        self.at += 8 + length as u64;
        let mut lines = Vec::new();
        let decoder = DeflateDecoder::new(content.as_slice()).take(MAX_FRAME as u64 + 1);
        { decoder }.read_to_end(&mut lines).map_err(|error| Fault::Unreadable(error.to_string()))?;
        if lines.len() > MAX_FRAME { Err(Fault::TooLong) } else { Ok(Some(lines)) }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Vec<Entry>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.frame()
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}
