//! The first process of a container that runs a command: it lives until that ends, or until it is dropped.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use k8s_openapi::api::core::v1::Container;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::session;
use super::{Input, Log, Output};
use crate::shell::Shell;

/// A process.
#[derive(Debug)]
pub(super) struct Process {
    task: AbortHandle,
    exit: Arc<OnceLock<i32>>,
    /// Where what it reads is written; none when nothing more can come.
    input: Mutex<Option<mpsc::Sender<Bytes>>>,
    /// Whether its input ends with the first client that was attached to it.
    reads_once: bool,
}

impl Process {
    /// Starts a command in a container; what it writes goes to the container's log.
    pub(super) fn start(
        shell: Shell,
        command: Vec<String>,
        spec: &Container,
        log: &Arc<Log>,
        ended: impl FnOnce() + Send + 'static,
    ) -> Self {
        let (typed, input) = if spec.stdin == Some(true) {
            let (typed, input) = Input::new();
            (Some(typed), input)
        } else {
            (None, Input::empty())
        };
        let (output, mut written) = Output::new(spec.tty == Some(true));
        let exit: Arc<OnceLock<i32>> = Arc::default();
        let (log, told) = (Arc::clone(log), Arc::clone(&exit));
        let task = tokio::spawn(async move {
            let keep = async {
                while let Some(piece) = written.recv().await {
                    log.write(piece.stream, &piece.bytes);
                }
            };
            let (code, ()) = tokio::join!(session::run(shell, command, input, output), keep);
            let _ = told.set(code); // nobody else does
            log.close();
            ended();
        });
        let reads_once = spec.stdin_once == Some(true);
        Self { task: task.abort_handle(), exit, input: Mutex::new(typed), reads_once }
    }

    /// How it ended, if it did.
    pub(super) fn exit(&self) -> Option<i32> {
        self.exit.get().copied()
    }

    /// Where to write what it is to read. One that reads once gives that to its first client alone.
    pub(super) fn input(&self) -> Option<mpsc::Sender<Bytes>> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if self.reads_once { input.take() } else { input.clone() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.task.abort();
    }
}
