//! The process of a container itself: `attach`.

use axum::response::Response;
use futures::{StreamExt as _, stream};
use http::request::Parts;

use super::channels::{self, Wish};
use super::query::Query;
use super::{Api, Objects, container};
use crate::failure::Failure;
use crate::kinds::Typed as _;
use crate::runtime::{Line, Piece};
use crate::store::Key;

/// Attaches a client to a container.
///
/// # Errors
/// When there is no such container that runs, or the client does not speak the protocol.
pub(super) async fn answer(api: &Api, objects: &Objects, key: &Key, mut parts: Parts) -> Result<Response, Failure> {
    let query = Query::parse(parts.uri.query());
    let pod = container::pod(api, objects, key)?;
    let container = container::running(&pod, query.text("container"))?.to_owned();
    let wish = Wish::parse(&query)?;
    let upgrade = channels::upgrade(&mut parts).await?;
    let (runtime, mut stopping) = (std::sync::Arc::clone(&api.runtime), api.stopping.clone());
    Ok(upgrade.on_upgrade(async move |socket| {
        let Some(attached) = runtime.attach(pod.uid(), &container, wish.input) else { return };
        let written = stream::unfold(attached.output, async |mut reader| Some((reader.next().await?, reader)));
        let piece = |Line { stream, text, .. }: Line| Piece { stream, bytes: text };
        let written = written.flat_map(move |lines| stream::iter(lines.into_iter().map(piece)));
        tokio::select! {
            () = channels::connect(socket, wish, attached.input, written, std::future::ready(0)) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }))
}
