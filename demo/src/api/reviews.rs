//! Reviews: who somebody is and what they may do. Whoever reaches this API may do everything.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Call, json as json_answer, media};
use crate::failure::{Failure, FieldError};
use crate::schema;

/// Answers a review.
///
/// # Errors
/// When it cannot be understood.
pub(super) fn answer(kind: &str, call: &Call) -> Result<Response, Failure> {
    let mut review = media::object(&call.headers, &call.body)?;
    let (group, whole) = match kind {
        "SelfSubjectReview" => ("authentication.k8s.io", "authentication.k8s.io/v1"),
        _ => ("authorization.k8s.io", "authorization.k8s.io/v1"),
    };
    let unreadable = |error: String| {
        Failure::bad_request(format!("{kind} in version \"v1\" cannot be handled as a {kind}: {error}"))
    };
    schema::decode(&mut review, schema::of_message(group, "v1", kind)).map_err(unreadable)?;
    let status = match kind {
        "SelfSubjectReview" => {
            json!({"userInfo": {"username": "admin", "groups": ["system:masters", "system:authenticated"]}})
        }
        "SelfSubjectRulesReview" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        _ => {
            let about = review.get("spec").and_then(Value::as_object);
            let asked = |name: &str| about.is_some_and(|about| about.contains_key(name));
            if asked("resourceAttributes") == asked("nonResourceAttributes") {
                let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
                let error = FieldError::invalid("spec.resourceAttributes", json!(null), detail);
                return Err(Failure::invalid_kind(group, kind, "", vec![error]));
            }
            json!({"allowed": true})
        }
    };
    review.insert("kind".to_owned(), json!(kind));
    review.insert("apiVersion".to_owned(), json!(whole));
    review.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    review.insert("status".to_owned(), status);
    Ok(json_answer(StatusCode::CREATED, &Value::Object(review)))
}
