//! What a process is given to read.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::sync::mpsc;

/// How much is read ahead of the process.
const AHEAD: usize = 64 << 10;

/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// What a process is given to read.
#[derive(Debug)]
pub(crate) struct Input {
    /// None when nothing more comes.
    from: Option<mpsc::Receiver<Bytes>>,
    ahead: VecDeque<u8>,
}

impl Input {
    /// An input, and where to write what is to be read. It ends when that is dropped.
    pub(crate) fn new() -> (mpsc::Sender<Bytes>, Self) {
        let (to, from) = mpsc::channel(16);
        (to, Self { from: Some(from), ahead: VecDeque::new() })
    }

    /// An input in which there is nothing.
    pub(crate) fn empty() -> Self {
        Self { from: None, ahead: VecDeque::new() }
    }

    /// The next byte that is there.
    pub(super) fn pop(&mut self) -> Option<u8> {
        self.ahead.pop_front()
    }

    /// Waits until there is more; whether there is.
    pub(super) async fn more(&mut self) -> bool {
        while self.ahead.is_empty() {
            let Some(from) = &mut self.from else { return false };
            match from.recv().await {
                Some(bytes) => self.ahead.extend(bytes),
                None => self.from = None,
            }
        }
        true
    }

    /// Reads ahead until somebody interrupts what runs; what was typed before that is forgotten.
    pub(super) async fn interrupted(&mut self) {
        while !self.ahead.contains(&INTERRUPT) {
            match &mut self.from {
                Some(from) if self.ahead.len() < AHEAD => match from.recv().await {
                    Some(bytes) => self.ahead.extend(bytes),
                    None => self.from = None,
                },
                _ => std::future::pending().await,
            }
        }
        while self.pop().is_some_and(|byte| byte != INTERRUPT) {}
    }
}
