//! The input and the outputs of a process over a WebSocket, as kubectl speaks it.
//!
//! Each binary message begins with the number of its channel; the last one that the server sends is a status on the
//! channel of errors, which says how the process ended.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use bytes::Bytes;
use futures::{Stream as Pieces, StreamExt as _};
use http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::query::Query;
use crate::failure::Failure;
use crate::runtime::{Piece, Stream};

/// The protocols that are spoken, the newest first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// The longest message that is read, and how much may wait to be read by the process.
const MAX_MESSAGE: usize = 64 << 10;

/// How long the client has to say goodbye.
const LAST_WORDS: Duration = Duration::from_secs(2);

const INPUT: u8 = 0;
const OUTPUT: u8 = 1;
const ERRORS: u8 = 2;
const STATUS: u8 = 3;
const CLOSE: u8 = 255;

/// What a client wants to be connected to.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) input: bool,
    outputs: Vec<Stream>,
    pub(super) terminal: bool,
}

impl Wish {
    /// Reads what is wanted.
    ///
    /// # Errors
    /// When it is nothing.
    pub(super) fn parse(query: &Query) -> Result<Self, Failure> {
        let (input, terminal) = (query.flag("stdin"), query.flag("tty"));
        let outputs = [("stdout", Stream::Out), ("stderr", Stream::Err)];
        let outputs: Vec<Stream> =
            outputs.into_iter().filter(|(name, _)| query.flag(name)).map(|(_, stream)| stream).collect();
        if input || !outputs.is_empty() {
            Ok(Self { input, outputs, terminal })
        } else {
            Err(Failure::bad_request("you must specify at least 1 of stdin, stdout, stderr"))
        }
    }
}

/// Makes a request a WebSocket.
///
/// # Errors
/// When it does not ask for one, or for none whose protocol is spoken.
pub(super) async fn upgrade(parts: &mut Parts) -> Result<WebSocketUpgrade, Failure> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &()).await;
    let upgrade = upgrade.map_err(|_| Failure::bad_request("unable to upgrade: websocket: request is no upgrade"))?;
    let upgrade = upgrade.protocols(PROTOCOLS).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        let message = format!("unable to upgrade: only these protocols are spoken: {}", PROTOCOLS.join(", "));
        return Err(Failure::bad_request(message));
    }
    Ok(upgrade)
}

/// The client went away.
struct Gone;

/// Connects a client with a process until `output` ends; `code` then tells how the process ended.
pub(super) async fn connect(
    mut socket: WebSocket,
    wish: Wish,
    input: Option<mpsc::Sender<Bytes>>,
    output: impl Pieces<Item = Piece>,
    code: impl Future<Output = i32>,
) {
    let typed = Typed { to: input.filter(|_| wish.input), waiting: VecDeque::new(), bytes: 0 };
    let Ok(code) = exchange(&mut socket, &wish, typed, output, code).await else { return };
    let status = status(code).to_string();
    let goodbye = CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::from_static("") };
    if send(&mut socket, STATUS, status.as_bytes()).await.is_ok() {
        let _ = socket.send(Message::Close(Some(goodbye))).await;
        // The client closes when it has read everything.
        let _ = timeout(LAST_WORDS, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    }
}

async fn exchange(
    socket: &mut WebSocket,
    wish: &Wish,
    mut typed: Typed,
    output: impl Pieces<Item = Piece>,
    code: impl Future<Output = i32>,
) -> Result<i32, Gone> {
    let (mut output, mut code) = (std::pin::pin!(output), std::pin::pin!(code));
    let (mut flows, mut ended) = (true, None);
    loop {
        if let (false, Some(code)) = (flows, ended) {
            return Ok(code);
        }
        tokio::select! {
            code = &mut code, if ended.is_none() => ended = Some(code),
            piece = output.next(), if flows => match piece {
                Some(Piece { stream, bytes }) if wish.outputs.contains(&stream) => {
                    let channel = if stream == Stream::Out { OUTPUT } else { ERRORS };
                    send(socket, channel, &bytes).await?;
                }
                Some(_) => {}
                None => flows = false,
            },
            message = socket.recv(), if typed.bytes < MAX_MESSAGE => typed.take(message)?,
            () = typed.pass_on(), if !typed.waiting.is_empty() => {}
        }
    }
}

/// What was typed and the process did not read yet.
struct Typed {
    /// None when it reads nothing more.
    to: Option<mpsc::Sender<Bytes>>,
    /// Nothing stands for the end.
    waiting: VecDeque<Option<Bytes>>,
    bytes: usize,
}

impl Typed {
    /// Takes in what a client sent.
    fn take(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Gone> {
        match message {
            Some(Ok(Message::Binary(mut message))) => match message.first() {
                Some(&INPUT) if self.to.is_some() => {
                    let bytes = message.split_off(1);
                    self.bytes += bytes.len();
                    self.waiting.push_back(Some(bytes));
                }
                Some(&CLOSE) if message[1..] == [INPUT] => self.waiting.push_back(None),
                _ => {} // the size of the terminal, which does not matter here
            },
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
            Some(Ok(_)) => {}
        }
        Ok(())
    }

    /// Passes the next of it on, once there is room for it.
    async fn pass_on(&mut self) {
        let room = match &self.to {
            Some(to) => to.reserve().await.ok(),
            None => None,
        };
        let next = self.waiting.pop_front().flatten();
        self.bytes -= next.as_ref().map_or(0, Bytes::len);
        if let (Some(room), Some(bytes)) = (room, next) {
            room.send(bytes);
        } else {
            self.to = None;
        }
    }
}

async fn send(socket: &mut WebSocket, channel: u8, bytes: &[u8]) -> Result<(), Gone> {
    let mut message = vec![channel];
    message.extend_from_slice(bytes);
    socket.send(Message::binary(message)).await.map_err(|_| Gone)
}

/// How a process ended.
fn status(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
    })
}
