//! An object in the store: its JSON, and beside it what is asked for again and again.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::kinds::{Kind, Typed};
use crate::selectors::selectable;

/// The name of an object among those of its kind: its namespace (empty for what belongs to the cluster) and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    namespace: Box<str>,
    name: Box<str>,
}

impl Key {
    /// The key of an object.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key before all others of a namespace.
    pub(super) fn first_of(namespace: &str) -> Self {
        Self::new(namespace, "")
    }

    /// The key of a typed object.
    pub fn of<T: Typed>(object: &T) -> Self {
        Self::new(object.namespace(), object.name())
    }

    /// The namespace; empty for what belongs to the cluster.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// An owner that an object names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerUid {
    /// Its UID.
    pub uid: Box<str>,
    /// Whether it is the one that controls the object.
    pub controller: bool,
}

/// A version of an object.
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub key: Key,
    /// Its UID.
    pub uid: Box<str>,
    /// The revision of this version.
    pub revision: u64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The values of the fields by which it can be selected.
    pub fields: Vec<(&'static str, Box<str>)>,
    /// The owners that it names.
    pub owners: Vec<OwnerUid>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Who manages which of its fields, as JSON; empty when nobody does. Kept apart because it is long and seldom read.
    pub managed: Bytes,
    /// Everything else, as JSON.
    body: Bytes,
    /// Where its metadata stand in `body`.
    metadata: Range<usize>,
    /// Where in `body` the digits of its revision stand.
    digits: Range<usize>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at {}", self.kind.name(), self.key, self.revision)
    }
}

impl Object {
    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        self.body.len() + self.managed.len()
    }

    /// The whole object as JSON, at the end of what is written already.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_to_metadata(out, 0);
        out.extend_from_slice(&self.body[self.metadata.start + 1..]);
    }

    /// The object as JSON without its kind, as an item of a list, at the end of what is written already.
    pub fn write_item(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"metadata\":");
        self.write_to_metadata(out, self.metadata.start);
        out.extend_from_slice(&self.body[self.metadata.start + 1..]);
    }

    /// Its metadata as JSON, at the end of what is written already.
    pub fn write_metadata(&self, out: &mut Vec<u8>) {
        self.write_to_metadata(out, self.metadata.start);
        out.extend_from_slice(&self.body[self.metadata.start + 1..self.metadata.end]);
    }

    /// What stands from a place on, up to the first field of the metadata, with the managed fields as that.
    fn write_to_metadata(&self, out: &mut Vec<u8>, from: usize) {
        out.extend_from_slice(&self.body[from..=self.metadata.start]);
        if !self.managed.is_empty() {
            out.extend_from_slice(b"\"managedFields\":");
            out.extend_from_slice(&self.managed);
            out.push(b',');
        }
    }

    /// The whole object as JSON.
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size() + 32);
        self.write_json(&mut out);
        out
    }

    /// The object without its managed fields.
    pub fn value(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.body).unwrap_or_default() // it was written from such a map
    }

    /// The object as a value of its type, without its managed fields.
    pub fn parse<T: Typed>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The same at another revision.
    #[must_use]
    pub fn at(&self, revision: u64) -> Self {
        let (head, tail) = (&self.body[..self.digits.start], &self.body[self.digits.end..]);
        let (body, digits) = join(head, revision, tail);
        let metadata = self.metadata.start..self.metadata.end + digits.len() - self.digits.len();
        Self {
            kind: self.kind,
            key: self.key.clone(),
            uid: self.uid.clone(),
            revision,
            labels: self.labels.clone(),
            fields: self.fields.clone(),
            owners: self.owners.clone(),
            deleting: self.deleting,
            managed: self.managed.clone(),
            body,
            metadata,
            digits,
        }
    }
}

fn join(head: &[u8], revision: u64, tail: &[u8]) -> (Bytes, Range<usize>) {
    let digits = revision.to_string();
    let place = head.len()..head.len() + digits.len();
    (Bytes::from([head, digits.as_bytes(), tail].concat()), place)
}

/// An object that is about to get a revision.
pub struct Draft {
    pub(super) kind: Kind,
    pub(super) key: Key,
    uid: Box<str>,
    labels: BTreeMap<String, String>,
    fields: Vec<(&'static str, Box<str>)>,
    owners: Vec<OwnerUid>,
    deleting: bool,
    managed: Bytes,
    head: Vec<u8>,
    tail: Vec<u8>,
    metadata: Range<usize>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "draft of {} {}", self.kind.name(), self.key)
    }
}

impl Draft {
    /// Prepares an object: `value` without its managed fields, and these as JSON.
    pub fn new(kind: Kind, mut value: Map<String, Value>, managed: Bytes) -> Self {
        let fields = selectable_of(kind, &mut value);
        let mut metadata = match value.remove("metadata") {
            Some(Value::Object(metadata)) => metadata,
            _ => Map::new(),
        };
        metadata.remove("resourceVersion");
        metadata.remove("managedFields");
        value.remove("kind");
        value.remove("apiVersion");

        let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
        let key = Key::new(text("namespace"), text("name"));
        let uid = text("uid").into();
        let labels = metadata.get("labels").and_then(Value::as_object).into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
        let owners = metadata.get("ownerReferences").and_then(Value::as_array).into_iter().flatten();
        let owners = owners.filter_map(owner_of).collect();
        let deleting = metadata.contains_key("deletionTimestamp");

        let served = kind.served();
        let mut head = format!("{{\"kind\":{:?},\"apiVersion\":{:?},\"metadata\":", served.name, served.api_version());
        let start = head.len();
        head.push_str("{\"resourceVersion\":\"");
        let mut tail = b"\"".to_vec();
        write_fields(&mut tail, &metadata);
        tail.push(b'}');
        let end = tail.len();
        write_fields(&mut tail, &value);
        tail.push(b'}');
        // The end is counted without the digits of the revision, which are not known yet.
        let metadata = start..head.len() + end;
        let head = head.into_bytes();
        Self { kind, key, uid, labels, fields, owners, deleting, managed, head, tail, metadata }
    }

    pub(super) fn into_object(self, revision: u64) -> Object {
        let (body, digits) = join(&self.head, revision, &self.tail);
        Object {
            kind: self.kind,
            key: self.key,
            uid: self.uid,
            revision,
            labels: self.labels,
            fields: self.fields,
            owners: self.owners,
            deleting: self.deleting,
            managed: self.managed,
            body,
            metadata: self.metadata.start..self.metadata.end + digits.len(),
            digits,
        }
    }
}

fn selectable_of(kind: Kind, value: &mut Map<String, Value>) -> Vec<(&'static str, Box<str>)> {
    let whole = Value::Object(std::mem::take(value));
    let fields = selectable(kind, &whole);
    if let Value::Object(map) = whole {
        *value = map;
    }
    fields
}

fn owner_of(reference: &Value) -> Option<OwnerUid> {
    let uid = reference.get("uid")?.as_str()?.into();
    let controller = reference.get("controller").and_then(Value::as_bool).unwrap_or_default();
    Some(OwnerUid { uid, controller })
}

/// Writes the fields of a JSON object, each after a comma.
fn write_fields(out: &mut Vec<u8>, fields: &Map<String, Value>) {
    for (name, value) in fields {
        out.push(b',');
        // Writing to memory cannot fail, nor can a map with text for keys.
        let _ = serde_json::to_writer(&mut *out, name);
        out.push(b':');
        let _ = serde_json::to_writer(&mut *out, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(managed: &'static str) -> Draft {
        let Value::Object(value) = json!({
            "metadata": {
                "name": "web-0", "namespace": "default", "uid": "u", "labels": {"app": "nginx"},
                "ownerReferences": [{"uid": "o", "controller": true}], "resourceVersion": "1",
            },
            "spec": {"nodeName": "node-a"},
        }) else {
            unreachable!("an object was written")
        };
        Draft::new(Kind::Pod, value, Bytes::from_static(managed.as_bytes()))
    }

    #[test]
    fn given_an_object_when_written_then_the_revision_and_the_managed_fields_stand_in_its_metadata() {
        let object = draft("[{\"manager\":\"m\"}]").into_object(9);
        for (object, revision) in [(&object, "9"), (&object.at(1234), "1234")] {
            let json: Value = serde_json::from_slice(&object.json()).expect("JSON");
            assert_eq!(json["metadata"]["resourceVersion"], revision);
            assert_eq!(json["metadata"]["managedFields"][0]["manager"], "m");
            assert_eq!(json["spec"]["nodeName"], "node-a");
            let mut metadata = Vec::new();
            object.write_metadata(&mut metadata);
            let metadata: Value = serde_json::from_slice(&metadata).expect("JSON");
            assert_eq!(metadata, json["metadata"]);
        }
        assert_eq!(object.owners, [OwnerUid { uid: "o".into(), controller: true }]);
        assert_eq!(object.fields, [("spec.nodeName", "node-a".into())]);
    }

    #[test]
    fn given_an_object_that_nobody_manages_when_written_then_there_are_no_managed_fields() {
        let json: Value = serde_json::from_slice(&draft("").into_object(9).json()).expect("JSON");
        assert_eq!(json["metadata"].get("managedFields"), None);
    }
}
