//! Commands in containers: `exec`.

use axum::response::Response;
use futures::stream;
use http::request::Parts;

use super::channels::{self, Wish};
use super::query::Query;
use super::{Api, Objects, container};
use crate::failure::Failure;
use crate::runtime::{Input, Output, run_command};
use crate::shell::Shell;
use crate::store::Key;

/// Runs a command in a container.
///
/// # Errors
/// When there is no such container that runs, or the client does not speak the protocol.
pub(super) async fn answer(api: &Api, objects: &Objects, key: &Key, mut parts: Parts) -> Result<Response, Failure> {
    let query = Query::parse(parts.uri.query());
    let pod = container::pod(api, objects, key)?;
    let container = container::running(&pod, query.text("container"))?;
    let command = query.all("command").to_vec();
    if command.is_empty() {
        return Err(Failure::bad_request("you must specify at least 1 command"));
    }
    let wish = Wish::parse(&query)?;
    let upgrade = channels::upgrade(&mut parts).await?;
    let shell = Shell::new(&api.runtime, &pod, container);
    let mut stopping = api.stopping.clone();
    Ok(upgrade.on_upgrade(async move |socket| {
        let (typed, input) = if wish.input {
            let (typed, input) = Input::new();
            (Some(typed), input)
        } else {
            (None, Input::empty())
        };
        let (output, written) = Output::new(wish.terminal);
        let written = stream::unfold(written, async |mut written| Some((written.recv().await?, written)));
        let code = run_command(shell, command, input, output);
        tokio::select! {
            () = channels::connect(socket, wish, typed, written, code) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }))
}
