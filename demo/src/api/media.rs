//! In which form bodies come and answers go.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::protobuf;
use crate::registry::PatchKind;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The objects.
    Json,
    /// What `kubectl get` shows of them.
    Table,
    /// Their metadata alone.
    Metadata,
}

/// What is answered in.
const ACCEPTED: &[&str] = &["application/json", "application/json;stream=watch"];

/// What patches come in.
const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
];

/// The form that a client wants most of those that there are.
///
/// # Errors
/// When it wants none of them.
pub(super) fn form(headers: &HeaderMap) -> Result<Form, Failure> {
    let wanted = accepted(headers);
    if wanted.is_empty() {
        return Ok(Form::Json);
    }
    let form = wanted.iter().find_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let json = matches!(parts.next().unwrap_or_default(), "application/json" | "application/*" | "*/*");
        let parameter = |name: &str| {
            range
                .split(';')
                .filter_map(|part| part.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        match (json, parameter("as")) {
            (true, None) => Some(Form::Json),
            (true, Some("Table")) => Some(Form::Table),
            (true, Some("PartialObjectMetadata" | "PartialObjectMetadataList")) => Some(Form::Metadata),
            _ => None,
        }
    });
    form.ok_or_else(|| Failure::not_acceptable(ACCEPTED))
}

/// Whether a client understands discovery of everything at once, and in which version it wants it first.
pub(super) fn aggregated(headers: &HeaderMap) -> Option<&'static str> {
    accepted(headers).iter().find_map(|range| {
        let has = |part: &str| range.split(';').any(|it| it.trim() == part);
        let discovery = has("g=apidiscovery.k8s.io") && has("as=APIGroupDiscoveryList");
        let plain = range.split(';').count() == 1;
        match (discovery, plain) {
            (true, _) if has("v=v2") => Some(Some("v2")),
            (false, true) => Some(None),
            _ => None,
        }
    })?
}

/// The ranges of media types that a client accepts, those that it prefers first.
fn accepted(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges: Vec<(u16, String)> = values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .map(|range| {
            let weight = range.split(';').find_map(|part| part.trim().strip_prefix("q="));
            let weight = weight.and_then(|weight| weight.parse::<f32>().ok()).unwrap_or(1.0).clamp(0.0, 1.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
            let weight = (weight * 1000.0) as u16;
            (weight, range.to_owned())
        })
        .collect();
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(_, range)| range).collect()
}

/// How a patch comes.
///
/// # Errors
/// When in a form that is not read.
pub(super) fn patch_kind(headers: &HeaderMap, force: bool) -> Result<PatchKind, Failure> {
    match content_type(headers).as_str() {
        "application/json-patch+json" => Ok(PatchKind::Json),
        "application/merge-patch+json" => Ok(PatchKind::Merge),
        "application/strategic-merge-patch+json" => Ok(PatchKind::Strategic),
        "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(PatchKind::Apply { force }),
        _ => Err(Failure::unsupported_media(PATCHES)),
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Reads an object.
///
/// # Errors
/// When it comes in a form that is not read, or is no object.
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match content_type(headers).as_str() {
        "" | "application/json" => json(body),
        "application/yaml" | "text/yaml" | "text/x-yaml" | "application/x-yaml" => yaml(body),
        protobuf::MEDIA_TYPE => {
            protobuf::decode(body).map_err(|error| Failure::bad_request(format!("error decoding protobuf: {error}")))
        }
        _ => Err(Failure::unsupported_media(&["application/json", "application/yaml", protobuf::MEDIA_TYPE])),
    }
}

/// Reads a patch.
///
/// # Errors
/// When it is not of the form that it says.
pub(super) fn patch(kind: PatchKind, body: &[u8]) -> Result<Value, Failure> {
    match kind {
        PatchKind::Apply { .. } => yaml(body).map(Value::Object),
        _ => {
            serde_json::from_slice(body).map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))
        }
    }
}

fn json(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::bad_request("couldn't get version/kind; the body is no object")),
        Err(error) => Err(Failure::bad_request(format!("couldn't get version/kind; json parse error: {error}"))),
    }
}

/// YAML, of which JSON is a part.
fn yaml(body: &[u8]) -> Result<Map<String, Value>, Failure> {
    if let Ok(object) = json(body) {
        return Ok(object);
    }
    let text =
        std::str::from_utf8(body).map_err(|error| Failure::bad_request(format!("error decoding YAML: {error}")))?;
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::bad_request("error decoding YAML: the body is no object")),
        Err(error) => {
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            Err(Failure::bad_request(format!("error decoding YAML: {first}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().expect("a header"));
        headers
    }

    #[test]
    fn given_what_clients_accept_when_chosen_then_the_first_form_that_there_is_is_taken() {
        let table = [
            ("application/json", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some(Form::Table)),
            ("application/vnd.kubernetes.protobuf, application/json", Some(Form::Json)),
            (
                "application/json;q=0.1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
                Some(Form::Metadata),
            ),
            ("application/vnd.kubernetes.protobuf", None),
            ("text/html", None),
        ];
        for (accept, expected) in table {
            assert_eq!(form(&headers(accept)).ok(), expected, "{accept}");
        }
        assert_eq!(form(&HeaderMap::new()).ok(), Some(Form::Json));
    }

    #[test]
    fn given_discovery_when_asked_then_it_is_aggregated_for_those_who_know_that() {
        let new = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        let old = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
        let table = [(new, Some("v2")), (old, None), ("application/json", None)];
        for (accept, expected) in table {
            assert_eq!(aggregated(&headers(accept)), expected, "{accept}");
        }
    }
}
