//! Commands in containers: `exec` over a WebSocket, as kubectl speaks it.
//!
//! Each binary message begins with the number of its channel; the last one that the server sends is a status on the
//! channel of errors, which says how the command ended.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use http::request::Parts;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::query::Query;
use super::{Api, Objects};
use crate::failure::Failure;
use crate::kinds::Typed as _;
use crate::shell::{Outcome, Shell};
use crate::store::Key;

/// The protocols that are spoken, the newest first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// The longest message that is read.
const MAX_MESSAGE: usize = 64 << 10;

/// The longest line that is typed.
const MAX_LINE: usize = 4 << 10;

/// How long the client has to say goodbye.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What the shell shows when it waits for a line.
const PROMPT: &str = "/ # ";

const INPUT: u8 = 0;
const OUTPUT: u8 = 1;
const ERRORS: u8 = 2;
const STATUS: u8 = 3;
const CLOSE: u8 = 255;

/// What a client asks for.
struct Wish {
    command: Vec<String>,
    input: bool,
    terminal: bool,
}

/// Runs a command in a container.
///
/// # Errors
/// When there is no such container that runs, or the client does not speak the protocol.
pub(super) async fn answer(api: &Api, objects: &Objects, key: &Key, mut parts: Parts) -> Result<Response, Failure> {
    let query = Query::parse(parts.uri.query());
    let pod = api.registry.store.typed::<Pod>(key.namespace(), key.name());
    let pod = pod.ok_or_else(|| Failure::not_found(objects.served, key.name()))?;
    let container = container_of(&pod, query.text("container"))?;
    let wish = Wish { command: query.all("command").to_vec(), input: query.flag("stdin"), terminal: query.flag("tty") };
    if wish.command.is_empty() {
        return Err(Failure::bad_request("you must specify at least 1 command"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|_| Failure::bad_request("unable to upgrade: websocket: request is no upgrade"))?;
    let upgrade = upgrade.protocols(PROTOCOLS).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        let message = format!("unable to upgrade: only these protocols are spoken: {}", PROTOCOLS.join(", "));
        return Err(Failure::bad_request(message));
    }
    let shell = Shell::new(&api.registry.store, &pod, &container, *api.dns.borrow());
    let mut stopping = api.stopping.clone();
    Ok(upgrade.on_upgrade(async move |socket| {
        let connection = Connection { socket, shell, wish, typed: VecDeque::new(), open: true };
        tokio::select! {
            () = connection.run() => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }))
}

/// The container that is meant: the one that is named, or the first.
fn container_of(pod: &Pod, named: &str) -> Result<String, Failure> {
    let nothing = k8s_openapi::api::core::v1::PodSpec::default();
    let spec = pod.spec.as_ref().unwrap_or(&nothing);
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let found = all.map(|it| it.name.as_str()).find(|name| named.is_empty() || *name == named);
    let Some(name) = found else {
        return Err(Failure::bad_request(format!("container {named} is not valid for pod {}", pod.name())));
    };
    let status = pod.status.as_ref();
    let statuses = status.map(|it| it.container_statuses.iter().chain(&it.init_container_statuses).flatten());
    let runs = statuses
        .into_iter()
        .flatten()
        .any(|it| it.name == name && it.state.as_ref().is_some_and(|state| state.running.is_some()));
    if runs { Ok(name.to_owned()) } else { Err(Failure::internal(format!("container not found (\"{name}\")"))) }
}

/// The client went away.
struct Gone;

/// A command that runs, and who is connected to it.
struct Connection {
    socket: WebSocket,
    shell: Shell,
    wish: Wish,
    /// What was typed and not yet read.
    typed: VecDeque<u8>,
    /// Whether more can be typed.
    open: bool,
}

impl Connection {
    async fn run(mut self) {
        let outcome = if self.wish.input && Shell::is_interactive(&self.wish.command) {
            self.converse().await
        } else {
            let command = self.wish.command.clone();
            self.one(&command).await
        };
        let Ok(code) = outcome else { return };
        let status = status(code).to_string();
        let goodbye = CloseFrame { code: close_code::NORMAL, reason: Utf8Bytes::from_static("") };
        if self.send(STATUS, status.as_bytes()).await.is_ok() {
            let _ = self.socket.send(Message::Close(Some(goodbye))).await;
            // The client closes when it has read everything.
            let _ = timeout(LAST_WORDS, async { while let Some(Ok(_)) = self.socket.recv().await {} }).await;
        }
    }

    /// Runs one program.
    async fn one(&mut self, command: &[String]) -> Result<i32, Gone> {
        let Self { socket, shell, typed, open, .. } = self;
        let outcome = watched(socket, typed, open, shell.program(command)).await?;
        self.write(&outcome).await?;
        Ok(outcome.code)
    }

    /// Reads lines and runs them, until the shell is told to exit or nothing more comes.
    async fn converse(&mut self) -> Result<i32, Gone> {
        let mut code = 0;
        while !self.shell.exited {
            if self.wish.terminal {
                self.send(OUTPUT, PROMPT.as_bytes()).await?;
            }
            let Some(line) = self.read_line().await? else { break };
            let Self { socket, shell, typed, open, .. } = self;
            let outcome = watched(socket, typed, open, shell.line(&line)).await?;
            self.write(&outcome).await?;
            code = outcome.code;
        }
        Ok(code)
    }

    /// The next line; none when nothing more comes.
    async fn read_line(&mut self) -> Result<Option<String>, Gone> {
        let mut line = Vec::new();
        let mut shown = Vec::new();
        loop {
            while let Some(byte) = self.typed.pop_front() {
                match byte {
                    b'\r' | b'\n' => {
                        shown.push(b'\n');
                        self.echo(&shown).await?;
                        return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
                    }
                    // Ctrl-D: nothing more comes. Ctrl-C: the line is given up.
                    4 if self.wish.terminal && line.is_empty() => return Ok(None),
                    3 if self.wish.terminal => {
                        line.clear();
                        shown.extend_from_slice(b"^C\n");
                        shown.extend_from_slice(PROMPT.as_bytes());
                    }
                    8 | 127 if self.wish.terminal => {
                        if line.pop().is_some() {
                            shown.extend_from_slice(b"\x08 \x08");
                        }
                    }
                    byte if line.len() < MAX_LINE && (byte >= b' ' || byte == b'\t') => {
                        line.push(byte);
                        shown.push(byte);
                    }
                    _ => {}
                }
            }
            self.echo(&std::mem::take(&mut shown)).await?;
            if !self.open {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()).filter(|line| !line.is_empty()));
            }
            take(self.socket.recv().await, &mut self.typed, &mut self.open)?;
        }
    }

    /// What a terminal shows of what is typed.
    async fn echo(&mut self, shown: &[u8]) -> Result<(), Gone> {
        if !self.wish.terminal || shown.is_empty() {
            return Ok(());
        }
        self.send(OUTPUT, &for_terminal(shown)).await
    }

    async fn write(&mut self, outcome: &Outcome) -> Result<(), Gone> {
        // A terminal has one output for everything.
        let errors = if self.wish.terminal { OUTPUT } else { ERRORS };
        for (channel, text) in [(OUTPUT, &outcome.out), (errors, &outcome.err)] {
            if text.is_empty() {
                continue;
            }
            let bytes = if self.wish.terminal { for_terminal(text.as_bytes()) } else { text.clone().into_bytes() };
            self.send(channel, &bytes).await?;
        }
        Ok(())
    }

    async fn send(&mut self, channel: u8, bytes: &[u8]) -> Result<(), Gone> {
        let mut message = vec![channel];
        message.extend_from_slice(bytes);
        self.socket.send(Message::binary(message)).await.map_err(|_| Gone)
    }
}

/// Runs a command while what is typed meanwhile is kept for later; ends it by Ctrl-C, or when the client goes away.
async fn watched(
    socket: &mut WebSocket,
    typed: &mut VecDeque<u8>,
    open: &mut bool,
    command: impl Future<Output = Outcome>,
) -> Result<Outcome, Gone> {
    let mut command = std::pin::pin!(command);
    loop {
        tokio::select! {
            outcome = &mut command => return Ok(outcome),
            message = socket.recv(), if typed.len() < MAX_MESSAGE => {
                take(message, typed, open)?;
                if typed.contains(&3) {
                    typed.clear();
                    return Ok(Outcome { out: "^C\n".to_owned(), code: 130, ..Outcome::default() });
                }
            }
        }
    }
}

/// Takes in what a client sent.
fn take(message: Option<Result<Message, axum::Error>>, typed: &mut VecDeque<u8>, open: &mut bool) -> Result<(), Gone> {
    match message {
        Some(Ok(Message::Binary(bytes))) => match bytes.split_first() {
            Some((&INPUT, bytes)) => typed.extend(bytes),
            Some((&CLOSE, &[INPUT])) => *open = false,
            _ => {} // the size of the terminal, which does not matter here
        },
        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
        Some(Ok(_)) => {}
    }
    Ok(())
}

/// A terminal wants a return before each new line.
fn for_terminal(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 8);
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// How a command ended.
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
