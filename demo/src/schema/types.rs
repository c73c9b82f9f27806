//! The types of fields, in the form in which objects are read and merged by them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::lists;

/// What a value is.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Text.
    Text,
    /// A whole number of so many bits.
    Integer(u8),
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// An amount, such as `500m` or `1Gi`.
    Quantity,
    /// A number or a text, such as a port or a percentage.
    IntegerOrText,
    /// A time, to the second.
    Time,
    /// A time, to the microsecond.
    MicroTime,
    /// Anything.
    Any,
    /// An object with named fields.
    Object(Arc<ObjectType>),
    /// Values by any key.
    Map(Arc<Map>),
    /// Items.
    List(Arc<List>),
}

/// Values by any key.
#[derive(Debug)]
pub struct Map {
    /// What each value is.
    pub value: Shape,
    /// Whether it is one value.
    pub atomic: bool,
}

/// Items.
#[derive(Debug)]
pub struct List {
    /// What each item is.
    pub item: Shape,
    /// How items are told apart.
    pub kind: ListKind,
    /// How a strategic merge patch merges it; none replaces it.
    pub patch: Option<PatchKey>,
}

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Not at all: the list is one value.
    Atomic,
    /// By their values.
    Set,
    /// By these of their fields.
    Map(&'static [&'static str]),
}

/// How a strategic merge patch merges a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatchKey {
    /// The field by which items are found; none for items that are texts.
    pub key: Option<&'static str>,
    /// Whether an item keeps only the fields that the patch names.
    pub retain_keys: bool,
}

/// A field of an object.
#[derive(Debug)]
pub struct Field {
    /// What it is.
    pub shape: Shape,
    /// Whether an object of an atomic type is merged by its fields here.
    pub granular: bool,
}

/// An object with named fields.
#[derive(Debug)]
pub struct ObjectType {
    /// The name that Go's messages use, such as `PodSpec`.
    pub name: String,
    /// The package that Go's messages use, such as `v1`.
    pub package: String,
    /// Its fields.
    pub fields: BTreeMap<String, Field>,
    /// Whether it is one value.
    pub atomic: bool,
}

/// All types, by their full names.
#[derive(Debug)]
pub(super) struct Types {
    objects: HashMap<String, Arc<ObjectType>>,
    roots: HashMap<(String, String, String), Arc<ObjectType>>,
    nothing: Arc<ObjectType>,
}

type Definitions = BTreeMap<String, serde_json::Map<String, Value>>;

impl Types {
    pub(super) fn build(definitions: &Definitions) -> Self {
        let nothing =
            ObjectType { name: String::new(), package: String::new(), fields: BTreeMap::new(), atomic: false };
        let mut types = Self { objects: HashMap::new(), roots: HashMap::new(), nothing: Arc::new(nothing) };
        for name in definitions.keys() {
            let object = types.object(definitions, name);
            types.roots.insert(full_name(name), object);
        }
        types
    }

    /// The type of a kind; one without fields for a kind that is not known.
    pub(super) fn root(&self, group: &str, version: &str, name: &str) -> &Arc<ObjectType> {
        self.roots.get(&(group.to_owned(), version.to_owned(), name.to_owned())).unwrap_or(&self.nothing)
    }

    fn object(&mut self, definitions: &Definitions, full: &str) -> Arc<ObjectType> {
        if let Some(known) = self.objects.get(full) {
            return Arc::clone(known);
        }
        let mut parts = full.rsplit('.');
        let name = parts.next().unwrap_or_default().to_owned();
        let package = parts.next().unwrap_or_default().to_owned();
        let properties = definitions.get(full).and_then(|definition| definition.get("properties"));
        let properties = properties.and_then(Value::as_object).into_iter().flatten();
        let mut fields = BTreeMap::new();
        for (field, property) in properties {
            let shape = self.shape(definitions, &name, field, property);
            let granular = lists::is_granular_field(&name, field);
            fields.insert(field.clone(), Field { shape, granular });
        }
        let atomic = lists::is_atomic_object(&name);
        let object = Arc::new(ObjectType { name, package, fields, atomic });
        self.objects.insert(full.to_owned(), Arc::clone(&object));
        object
    }

    fn shape(&mut self, definitions: &Definitions, object: &str, field: &str, property: &Value) -> Shape {
        if let Some(full) = reference(property) {
            return self.referenced(definitions, &full);
        }
        let format = property.get("format").and_then(Value::as_str);
        match property.get("type").and_then(Value::as_str) {
            Some("string") => Shape::Text,
            Some("boolean") => Shape::Boolean,
            Some("number") => Shape::Number,
            Some("integer") => Shape::Integer(if format == Some("int32") { 32 } else { 64 }),
            Some("array") => {
                let item = property.get("items").unwrap_or(&Value::Null);
                let item = self.shape(definitions, object, field, item);
                let rule = lists::of(object, field);
                let kind = rule.as_ref().map_or(ListKind::Atomic, |rule| rule.kind);
                Shape::List(Arc::new(List { item, kind, patch: rule.and_then(|rule| rule.patch) }))
            }
            Some("object") => match property.get("additionalProperties") {
                Some(values) => {
                    let value = self.shape(definitions, object, field, values);
                    Shape::Map(Arc::new(Map { value, atomic: lists::is_atomic_map(object, field) }))
                }
                None => Shape::Any,
            },
            _ => Shape::Any,
        }
    }

    fn referenced(&mut self, definitions: &Definitions, full: &str) -> Shape {
        match full.rsplit('.').next() {
            Some("Quantity") => Shape::Quantity,
            Some("IntOrString") => Shape::IntegerOrText,
            Some("Time") => Shape::Time,
            Some("MicroTime") => Shape::MicroTime,
            Some("FieldsV1" | "RawExtension" | "Patch") => Shape::Any,
            _ => Shape::Object(self.object(definitions, full)),
        }
    }
}

/// The name of the definition that a property refers to.
fn reference(property: &Value) -> Option<String> {
    let whole = property.get("$ref").or_else(|| property.get("allOf")?.get(0)?.get("$ref"))?;
    whole.as_str()?.rsplit('/').next().map(ToOwned::to_owned)
}

/// `io.k8s.api.apps.v1.Scale` as a group, a version and a kind; messages have no others.
fn full_name(full: &str) -> (String, String, String) {
    let parts: Vec<&str> = full.rsplit('.').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let group = match part(2) {
        "core" => "",
        "authorization" => "authorization.k8s.io",
        "authentication" => "authentication.k8s.io",
        "discovery" => "discovery.k8s.io",
        "storage" => "storage.k8s.io",
        "events" => "events.k8s.io",
        other => other,
    };
    (group.to_owned(), part(1).to_owned(), part(0).to_owned())
}
