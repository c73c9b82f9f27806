//! Messages to bytes and back.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Bye, ClientMessage, PROTOCOL, ServerMessage};

/// The most bytes that a client's message may have.
pub const MAX_CLIENT_MESSAGE: usize = 8 * 1024;

/// How frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Compact, in binary frames.
    Postcard,
    /// For scripts, in text frames. Native only: the page does not need it.
    #[cfg(not(target_family = "wasm"))]
    Json,
}

/// Why bytes are no message.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes are no message of this protocol.
    #[error("not a message of protocol {PROTOCOL}: {0}")]
    Malformed(String),
    /// A hello of another protocol.
    #[error("protocol {0} is not spoken here, only {PROTOCOL}")]
    UnknownProtocol(u16),
    /// A message could not be written.
    #[error("cannot write a message: {0}")]
    Unwritable(String),
}

impl From<CodecError> for Bye {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::UnknownProtocol(_) => Self::UnknownProtocol { supported: PROTOCOL },
            CodecError::Malformed(problem) | CodecError::Unwritable(problem) => Self::Malformed { problem },
        }
    }
}

impl ServerMessage {
    /// The bytes of a frame.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>, CodecError> {
        encode(self, format)
    }

    /// The message in a frame.
    pub fn decode(bytes: &[u8], format: Format) -> Result<Self, CodecError> {
        decode(bytes, format)
    }
}

impl ClientMessage {
    /// The bytes of a frame.
    pub fn encode(&self, format: Format) -> Result<Vec<u8>, CodecError> {
        encode(self, format)
    }

    /// The message in a frame. A hello of another protocol is told apart from garbage, whatever comes after its number.
    pub fn decode(bytes: &[u8], format: Format) -> Result<Self, CodecError> {
        let message = decode(bytes, format);
        match (&message, protocol_of_hello(bytes, format)) {
            (_, Some(protocol)) if protocol != PROTOCOL => Err(CodecError::UnknownProtocol(protocol)),
            _ => message,
        }
    }
}

fn encode<T: Serialize>(message: &T, format: Format) -> Result<Vec<u8>, CodecError> {
    match format {
        Format::Postcard => postcard::to_allocvec(message).map_err(|error| CodecError::Unwritable(error.to_string())),
        #[cfg(not(target_family = "wasm"))]
        Format::Json => serde_json::to_vec(message).map_err(|error| CodecError::Unwritable(error.to_string())),
    }
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], format: Format) -> Result<T, CodecError> {
    match format {
        Format::Postcard => match postcard::take_from_bytes(bytes) {
            Ok((message, [])) => Ok(message),
            Ok((_, rest)) => Err(CodecError::Malformed(format!("{} bytes too many", rest.len()))),
            Err(error) => Err(CodecError::Malformed(error.to_string())),
        },
        #[cfg(not(target_family = "wasm"))]
        Format::Json => serde_json::from_slice(bytes).map_err(|error| CodecError::Malformed(error.to_string())),
    }
}

/// The protocol number of a hello, read without regard to what follows it.
fn protocol_of_hello(bytes: &[u8], format: Format) -> Option<u16> {
    match format {
        Format::Postcard => {
            let (variant, rest) = postcard::take_from_bytes::<u32>(bytes).ok()?;
            (variant == 0).then(|| postcard::take_from_bytes::<u16>(rest).ok().map(|(number, _)| number)).flatten()
        }
        #[cfg(not(target_family = "wasm"))]
        Format::Json => {
            #[derive(Deserialize)]
            enum Opening {
                Hello { protocol: u16 },
            }
            serde_json::from_slice(bytes).ok().map(|Opening::Hello { protocol }| protocol)
        }
    }
}
