//! Recordings: what a cluster's watches brought, in a file, and the same page from it without a cluster.
//!
//! A file begins with `berthrec` and the number of its format (two bytes, the lower one first). Frames follow, each with
//! the length of its content and that content's CRC-32 (four bytes each, the lowest first), then the content: lines of
//! JSON, compressed by DEFLATE. The first frame is the head. What follows the last whole frame is damage, and does not
//! spoil what is before it.

mod entry;
mod read;
mod record;
mod replay;
mod source;
mod write;

pub use entry::{Entry, Head, What};
pub use read::{Damage, Fault, NotARecording, Reader};
pub use record::{RecordArgs, record};
pub use replay::{Replay, ReplayArgs};
pub use source::Source;
pub use write::Writer;

use thiserror::Error;

/// What a recording begins with.
const MAGIC: &[u8; 8] = b"berthrec";
/// The number of the format.
pub const FORMAT: u16 = 1;
/// How long a frame may be, compressed and not: what a file says is not believed beyond that.
const MAX_FRAME: usize = 64 << 20;

/// Why a recording cannot be made or shown. Each message names the way out.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file cannot be made.
    #[error("cannot record to {path}: {source}; choose another file")]
    Create {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written any more.
    #[error("the recording in {path} ends here, as the file cannot be written: {source}; make room and record anew")]
    Write {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error("cannot replay {path}: {source}; give the file of a recording")]
    Open {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no recording, or of another format.
    #[error("cannot replay {path}: {source}")]
    Foreign {
        /// Which.
        path: String,
        /// Why.
        source: NotARecording,
    },
}
