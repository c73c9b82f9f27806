//! Tables: what `kubectl get` shows, in the form in which it asks for it.

use jiff::Timestamp;
use serde_json::Value;

use super::columns;
use crate::failure::Failure;
use crate::kinds::Kind;
use crate::store::Object;

/// What of an object stands beside its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// All of it.
    Object,
}

impl Include {
    /// Reads the parameter.
    ///
    /// # Errors
    /// When it is none of those that there are.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::None),
            "Object" => Ok(Self::Object),
            other => {
                let message = format!("unrecognized includeObject value: {other:?}");
                Err(Failure::bad_request(message))
            }
        }
    }
}

/// What stands before the rows of a table; `metadata` is JSON.
pub(super) fn write_head(out: &mut Vec<u8>, kind: Kind, metadata: &Value) {
    let definitions: Vec<Value> = columns::columns(kind).iter().map(|column| column.to_json()).collect();
    let head = format!(
        "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{metadata},\"columnDefinitions\":{},\"rows\":[",
        Value::Array(definitions)
    );
    out.extend_from_slice(head.as_bytes());
}

/// The row of an object.
pub(super) fn write_row(out: &mut Vec<u8>, object: &Object, include: Include, now: Timestamp) {
    let cells = Value::Array(columns::cells(object, now));
    out.extend_from_slice(format!("{{\"cells\":{cells}").as_bytes());
    match include {
        Include::None => {}
        Include::Metadata => {
            out.extend_from_slice(b",\"object\":");
            write_metadata_object(out, object);
        }
        Include::Object => {
            out.extend_from_slice(b",\"object\":");
            object.write_json(out);
        }
    }
    out.push(b'}');
}

/// An object's metadata alone.
pub(super) fn write_metadata_object(out: &mut Vec<u8>, object: &Object) {
    out.extend_from_slice(b"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":");
    object.write_metadata(out);
    out.push(b'}');
}

/// What stands behind the rows.
pub(super) const TAIL: &[u8] = b"]}";
