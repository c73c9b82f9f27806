//! What containers wrote: `logs`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use http::{HeaderValue, header};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::query::Query;
use super::{Api, Call, Objects, container};
use crate::failure::{Failure, FieldError};
use crate::kinds::Typed as _;
use crate::runtime::{Line, Reader, Stream};
use crate::store::Key;

/// What is wanted of a log.
#[derive(Debug)]
struct Wish {
    follow: bool,
    previous: bool,
    timestamps: bool,
    since: Option<Timestamp>,
    tail: Option<usize>,
    /// How many bytes are wanted yet.
    limit: usize,
    stream: Option<Stream>,
}

impl Wish {
    fn parse(query: &Query) -> Result<Self, Failure> {
        let mut errors = Vec::new();
        let mut number = |name: &str, least: i64| {
            let number = query.number(name)?.filter(|number| {
                if *number < least {
                    let detail = format!("must be greater than or equal to {least}");
                    errors.push(FieldError::invalid(name, *number, detail));
                }
                *number >= least
            });
            Ok::<_, Failure>(number.and_then(|number| usize::try_from(number).ok()))
        };
        let (tail, limit, seconds) = (number("tailLines", 0)?, number("limitBytes", 1)?, number("sinceSeconds", 1)?);
        let mut since =
            seconds.and_then(|seconds| Timestamp::now().checked_sub(Duration::from_secs(seconds as u64)).ok());
        match query.text("sinceTime") {
            "" => {}
            _ if seconds.is_some() => {
                let detail = "at most one of `sinceTime` or `sinceSeconds` may be specified";
                errors.push(FieldError::forbidden("sinceSeconds", detail));
            }
            text => match text.parse() {
                Ok(time) => since = Some(time),
                Err(_) => return Err(Failure::bad_request(format!("parsing time {text:?}: it is no RFC 3339 time"))),
            },
        }
        let stream = match query.text("stream") {
            "Stdout" => Some(Stream::Out),
            "Stderr" => Some(Stream::Err),
            "" | "All" => None,
            other => {
                errors.push(FieldError::not_supported("stream", other, &["All", "Stderr", "Stdout"]));
                None
            }
        };
        if stream.is_some() && tail.is_some() {
            let detail = "`tailLines` and specific `stream` are mutually exclusive for now";
            errors.push(FieldError::forbidden("tailLines", detail));
        }
        if !errors.is_empty() {
            return Err(Failure::invalid_kind("", "PodLogOptions", "", errors));
        }
        let (follow, previous, timestamps) = (query.flag("follow"), query.flag("previous"), query.flag("timestamps"));
        Ok(Self { follow, previous, timestamps, since, tail, limit: limit.unwrap_or(usize::MAX), stream })
    }

    /// The lines that are wanted, as text.
    fn text(&mut self, lines: &[Line]) -> Vec<u8> {
        let mut text = Vec::new();
        for line in lines {
            let is_wanted = self.stream.is_none_or(|stream| stream == line.stream);
            if !is_wanted || self.since.is_some_and(|since| line.at < since) {
                continue;
            }
            if self.timestamps {
                text.extend_from_slice(format!("{:.9} ", line.at).as_bytes());
            }
            text.extend_from_slice(&line.text);
        }
        text.truncate(self.limit);
        self.limit -= text.len();
        text
    }
}

/// What a container wrote.
///
/// # Errors
/// When there is no such container, or it did not write anything yet.
pub(super) fn answer(api: &Api, objects: &Objects, key: &Key, call: &Call) -> Result<Response, Failure> {
    let mut wish = Wish::parse(&call.query)?;
    let pod = container::pod(api, objects, key)?;
    let name = container::named(&pod, call.query.text("container"))?;
    if pod.spec.as_ref().is_none_or(|spec| spec.node_name.as_deref().is_none_or(str::is_empty)) {
        return Ok(plain(Body::empty()));
    }
    let id = id_of(&pod, name, container::status(&pod, name), wish.previous)?;
    let Some(log) = api.runtime.log(pod.uid(), id) else {
        return Ok(plain(Body::from(format!("unable to retrieve container logs for {id}"))));
    };
    let mut reader = log.reader();
    let (mut lines, more) = reader.read();
    if let Some(tail) = wish.tail {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let first = wish.text(&lines);
    if !wish.follow || !more || wish.limit == 0 {
        return Ok(plain(Body::from(first)));
    }
    let stopping = api.stopping.clone();
    let parts =
        stream::unfold((Some(first), reader, wish, stopping), async |(first, mut reader, mut wish, mut stopping)| {
            let text = match first {
                Some(first) => first,
                None if wish.limit == 0 => return None,
                None => tokio::select! {
                    text = next(&mut reader, &mut wish) => text?,
                    _ = stopping.wait_for(|stopping| *stopping) => return None,
                },
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), (None, reader, wish, stopping)))
        });
    Ok(plain(Body::from_stream(parts)))
}

/// The next lines that are wanted; none when no more will come.
async fn next(reader: &mut Reader, wish: &mut Wish) -> Option<Vec<u8>> {
    loop {
        let text = wish.text(&reader.next().await?);
        if !text.is_empty() {
            return Some(text);
        }
    }
}

/// The identity of the container whose log is meant, as a kubelet chooses it.
fn id_of<'a>(pod: &Pod, name: &str, status: Option<&'a ContainerStatus>, previous: bool) -> Result<&'a str, Failure> {
    let about = format!("container {name:?} in pod {:?}", pod.name());
    let Some(status) = status else { return Err(Failure::bad_request(format!("{about} is not available"))) };
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref()?.container_id.as_deref());
    if previous {
        return last.ok_or_else(|| Failure::bad_request(format!("previous terminated {about} not found")));
    }
    let state = status.state.as_ref();
    if state.is_some_and(|state| state.running.is_some())
        && let Some(id) = &status.container_id
    {
        return Ok(id);
    }
    let ended = state.and_then(|state| state.terminated.as_ref()?.container_id.as_deref());
    if let Some(id) = ended.or(last) {
        return Ok(id);
    }
    let reason = state.and_then(|state| state.waiting.as_ref()?.reason.as_deref()).unwrap_or_default();
    let why = match reason {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        other => other,
    };
    Err(Failure::bad_request(format!("{about} is waiting to start: {why}")))
}

fn plain(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
