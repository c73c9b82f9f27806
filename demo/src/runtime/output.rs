//! What a process writes: piece by piece, to one reader; it waits while that one is slow.

use bytes::Bytes;
use tokio::sync::mpsc;

/// Which of its outputs a process writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// What was written at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: Stream,
    pub(crate) bytes: Bytes,
}

/// The outputs of a process.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    to: mpsc::Sender<Piece>,
    is_terminal: bool,
}

impl Output {
    /// The outputs of a process, and who reads them.
    pub(crate) fn new(is_terminal: bool) -> (Self, mpsc::Receiver<Piece>) {
        let (to, from) = mpsc::channel(16);
        (Self { to, is_terminal }, from)
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes text. When nobody reads any more it is lost, as it is of a process whose pipe is closed.
    pub(crate) async fn write(&self, stream: Stream, text: &str) {
        // A terminal has one output for everything, and wants a return before each new line.
        if self.is_terminal {
            self.write_raw(text.replace('\n', "\r\n").into_bytes()).await;
        } else if !text.is_empty() {
            let _ = self.to.send(Piece { stream, bytes: Bytes::from(text.to_owned()) }).await;
        }
    }

    /// Writes to the terminal what it shows as it is.
    pub(super) async fn write_raw(&self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            let _ = self.to.send(Piece { stream: Stream::Out, bytes: Bytes::from(bytes) }).await;
        }
    }
}
