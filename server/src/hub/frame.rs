//! A frame: one message, written once in each format and shared by all who get it.

use std::sync::OnceLock;

use bytes::Bytes;
use topology::Revision;
use topology::wire::{CodecError, Format, ServerMessage};

/// A message to all clients of a scope.
#[derive(Debug)]
pub struct Frame {
    /// The revision that it leads to.
    pub revision: Revision,
    message: ServerMessage,
    postcard: OnceLock<Result<Bytes, CodecError>>,
    json: OnceLock<Result<Bytes, CodecError>>,
}

impl Frame {
    /// A frame of a message that leads to `revision`.
    pub fn new(revision: Revision, message: ServerMessage) -> Self {
        Self { revision, message, postcard: OnceLock::new(), json: OnceLock::new() }
    }

    /// Its bytes; the first who asks writes them.
    ///
    /// # Errors
    /// When the message cannot be written in that format.
    pub fn bytes(&self, format: Format) -> Result<Bytes, CodecError> {
        let written = match format {
            Format::Postcard => &self.postcard,
            Format::Json => &self.json,
        };
        written.get_or_init(|| self.message.encode(format).map(Bytes::from)).clone()
    }
}
