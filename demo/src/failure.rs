//! What a request gets that cannot be served, in the form and the words of an API server.

use std::fmt;

use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, Status, StatusCause, StatusDetails};
use serde_json::Value;

use crate::kinds::Served;

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The HTTP status.
    pub code: StatusCode,
    /// Why, as a word for programs.
    pub reason: &'static str,
    /// Why, as a sentence for people.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<StatusDetails>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What a failure says of an object that somebody changed meanwhile.
const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, served: &Served, name: &str) -> Self {
        self.details = Some(Box::new(StatusDetails {
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            group: Some(served.group.to_owned()).filter(|group| !group.is_empty()),
            kind: Some(served.plural.to_owned()),
            ..StatusDetails::default()
        }));
        self
    }

    fn with_causes(mut self, causes: Vec<StatusCause>) -> Self {
        self.details.get_or_insert_default().causes = Some(causes);
        self
    }

    /// There is no such object.
    pub fn not_found(served: &Served, name: &str) -> Self {
        let message = format!("{} {name:?} not found", served.resource());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(served, name)
    }

    /// There is nothing at this path.
    pub fn no_such_path() -> Self {
        let message = "the server could not find the requested resource";
        let mut failure = Self::new(StatusCode::NOT_FOUND, "NotFound", message);
        failure.details = Some(Box::default());
        failure
    }

    /// There is an object of that name already.
    pub fn already_exists(served: &Served, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", served.resource());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(served, name)
    }

    /// Somebody changed the object meanwhile.
    pub fn modified(served: &Served, name: &str) -> Self {
        Self::conflict(served, name, MODIFIED)
    }

    /// The object is not in the state that the request supposes.
    pub fn conflict(served: &Served, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", served.resource());
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(served, name)
    }

    /// Other managers own fields with other values.
    pub fn apply_conflict(message: String, causes: Vec<StatusCause>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message).with_causes(causes)
    }

    /// Somebody may not do this.
    pub fn forbidden(served: &Served, name: &str, why: &str) -> Self {
        let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        let message = format!("{}{named} is forbidden: {why}", served.resource());
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(served, name)
    }

    /// A request that makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// An object whose fields cannot be accepted.
    pub fn invalid(served: &Served, name: &str, errors: Vec<FieldError>) -> Self {
        Self::invalid_kind(served.group, served.name, name, errors)
    }

    /// The same of a kind that is sent but not kept.
    pub fn invalid_kind(group: &str, kind: &str, name: &str, errors: Vec<FieldError>) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut texts: Vec<String> = Vec::new();
        for text in errors.iter().map(ToString::to_string) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let listed = if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) };
        let causes = errors.into_iter().map(FieldError::into_cause).collect();
        let mut failure = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            format!("{qualified} {name:?} is invalid: {listed}"),
        );
        failure.details = Some(Box::new(StatusDetails {
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            group: Some(group.to_owned()).filter(|group| !group.is_empty()),
            kind: Some(kind.to_owned()),
            causes: Some(causes),
            ..StatusDetails::default()
        }));
        failure
    }

    /// A path that does not know the method.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut failure = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        failure.details = Some(Box::default());
        failure
    }

    /// A body in a format that is not read.
    pub fn unsupported_media(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    /// An answer in a format that is not written.
    pub fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", accepted.join(", "));
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    /// A body that is too long.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// A revision whose events are gone.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// A revision that is not there yet.
    pub fn revision_too_large(asked: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = StatusCause {
            reason: Some("ResourceVersionTooLarge".to_owned()),
            message: Some("Too large resource version".to_owned()),
            field: None,
        };
        let mut failure = Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message).with_causes(vec![cause]);
        failure.details.get_or_insert_default().retry_after_seconds = Some(1);
        failure
    }

    /// The server must be asked later.
    pub fn too_many_requests(message: impl Into<String>) -> Self {
        let mut failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message);
        failure.details.get_or_insert_default().retry_after_seconds = Some(1);
        failure
    }

    /// A request that is understood but cannot be followed.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    /// The same in other words.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Something that should not happen.
    pub fn internal(message: impl fmt::Display) -> Self {
        let message = format!("Internal error occurred: {message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// Whether it says that there is no such object.
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    /// Whether it says that there is an object of that name already.
    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// Whether it says that the object is in another state than supposed.
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }

    /// As the body of an answer.
    pub fn to_status(&self) -> Status {
        Status {
            metadata: ListMeta::default(),
            status: Some("Failure".to_owned()),
            message: Some(self.message.clone()),
            reason: Some(self.reason.to_owned()),
            details: self.details.as_deref().cloned(),
            code: Some(i32::from(self.code.as_u16())),
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// The path to it.
    pub field: String,
    /// What kind of mistake.
    pub kind: FieldErrorKind,
    /// What is wrong, or what would be right.
    pub detail: String,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldErrorKind {
    /// It must be given.
    Required,
    /// It cannot be this.
    Invalid(Value),
    /// It is none of the values that it can be.
    NotSupported(Value),
    /// It must not be given, or not be changed.
    Forbidden,
    /// Another one has the same value.
    Duplicate(Value),
    /// It names what is not there.
    NotFound(Value),
    /// It is too long.
    TooLong,
    /// There are too many.
    TooMany(usize),
}

impl FieldError {
    /// A field that must be given.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), kind: FieldErrorKind::Required, detail: detail.into() }
    }

    /// A field that cannot be this.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), kind: FieldErrorKind::Invalid(value.into()), detail: detail.into() }
    }

    /// A field that must not be given, or not be changed.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), kind: FieldErrorKind::Forbidden, detail: detail.into() }
    }

    /// A field whose value is none of those that it can have.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|value| format!("{value:?}")).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        Self { field: field.into(), kind: FieldErrorKind::NotSupported(value.into()), detail }
    }

    /// A field that has the same value as another one.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field: field.into(), kind: FieldErrorKind::Duplicate(value.into()), detail: String::new() }
    }

    /// A field that names what is not there.
    pub fn not_found(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { field: field.into(), kind: FieldErrorKind::NotFound(value.into()), detail: String::new() }
    }

    /// A field that is too long.
    pub fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let detail = format!("may not be more than {limit} bytes");
        Self { field: field.into(), kind: FieldErrorKind::TooLong, detail }
    }

    /// A list that is too long.
    pub fn too_many(field: impl Into<String>, found: usize, limit: usize) -> Self {
        let detail = format!("must have at most {limit} items");
        Self { field: field.into(), kind: FieldErrorKind::TooMany(found), detail }
    }

    fn body(&self) -> String {
        let text = match &self.kind {
            FieldErrorKind::Required => "Required value".to_owned(),
            FieldErrorKind::Invalid(value) => format!("Invalid value: {}", shown(value)),
            FieldErrorKind::NotSupported(value) => format!("Unsupported value: {}", shown(value)),
            FieldErrorKind::Forbidden => "Forbidden".to_owned(),
            FieldErrorKind::Duplicate(value) => format!("Duplicate value: {}", shown(value)),
            FieldErrorKind::NotFound(value) => format!("Not found: {}", shown(value)),
            FieldErrorKind::TooLong => "Too long".to_owned(),
            FieldErrorKind::TooMany(found) => format!("Too many: {found}"),
        };
        if self.detail.is_empty() { text } else { format!("{text}: {}", self.detail) }
    }

    fn into_cause(self) -> StatusCause {
        let reason = match self.kind {
            FieldErrorKind::Required => "FieldValueRequired",
            FieldErrorKind::Invalid(_) => "FieldValueInvalid",
            FieldErrorKind::NotSupported(_) => "FieldValueNotSupported",
            FieldErrorKind::Forbidden => "FieldValueForbidden",
            FieldErrorKind::Duplicate(_) => "FieldValueDuplicate",
            FieldErrorKind::NotFound(_) => "FieldValueNotFound",
            FieldErrorKind::TooLong => "FieldValueTooLong",
            FieldErrorKind::TooMany(_) => "FieldValueTooMany",
        };
        StatusCause { reason: Some(reason.to_owned()), message: Some(self.body()), field: Some(self.field) }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kind;

    #[test]
    fn given_one_or_more_wrong_fields_when_refused_then_the_message_lists_them_as_kubernetes_does() {
        let one = vec![FieldError::invalid("spec.replicas", -1, "must be greater than or equal to 0")];
        let failure = Failure::invalid(Kind::StatefulSet.served(), "web", one);
        let expected =
            "StatefulSet.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0";
        assert_eq!(failure.message, expected);
        let two = vec![FieldError::required("spec.a", ""), FieldError::duplicate("spec.b", "x")];
        let failure = Failure::invalid(Kind::Pod.served(), "p", two);
        let expected = "Pod \"p\" is invalid: [spec.a: Required value, spec.b: Duplicate value: \"x\"]";
        assert_eq!(failure.message, expected);
        assert_eq!(failure.details.and_then(|details| details.causes).map(|causes| causes.len()), Some(2));
    }
}
