//! A set of fields of an object.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::schema::{ObjectType, Shape};

/// How deep a set may be nested that a client sends.
const MAX_DEPTH: usize = 64;

/// A step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a field of an object, or a key of a map.
    Field(String),
    /// To the item of a list that has these values in its key fields: a JSON object with sorted names.
    Key(String),
    /// To the item of a set that has this value: JSON.
    Value(String),
    /// To an item by its place.
    Index(usize),
}

impl Step {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => {
                let key: BTreeMap<String, Value> = serde_json::from_str(rest).ok()?;
                serde_json::to_string(&key).ok().map(Self::Key)
            }
            "v" => serde_json::from_str::<Value>(rest).ok().map(|value| Self::Value(value.to_string())),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

/// A path in the form in which messages write it: `.spec.ports[port=80,protocol="TCP"].name`.
pub(super) fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Field(name) => write!(text, ".{name}"),
            Step::Key(key) => {
                let fields: BTreeMap<String, Value> = serde_json::from_str(key).unwrap_or_default();
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(text, "[{}]", fields.join(","))
            }
            Step::Value(value) => write!(text, "[={value}]"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }
    text
}

/// A set of fields. A field and what is below it are members each by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet(BTreeMap<Step, Node>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    member: bool,
    below: FieldSet,
}

impl FieldSet {
    /// Whether there is no field in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a field in.
    pub fn insert(&mut self, path: &[Step]) {
        if let [step, rest @ ..] = path {
            let node = self.0.entry(step.clone()).or_default();
            if rest.is_empty() {
                node.member = true;
            } else {
                node.below.insert(rest);
            }
        }
    }

    /// Whether a step leads to a member.
    pub fn has(&self, step: &Step) -> bool {
        self.0.get(step).is_some_and(|node| node.member)
    }

    /// What is below a step.
    pub fn below(&self, step: &Step) -> Option<&Self> {
        self.0.get(step).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// What is in either.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        for (step, node) in &other.0 {
            let own = self.0.entry(step.clone()).or_default();
            own.member |= node.member;
            own.below = std::mem::take(&mut own.below).union(&node.below);
        }
        self
    }

    /// What is here but not there.
    #[must_use]
    pub fn difference(mut self, other: &Self) -> Self {
        self.0.retain(|step, node| {
            if let Some(minus) = other.0.get(step) {
                node.member &= !minus.member;
                node.below = std::mem::take(&mut node.below).difference(&minus.below);
            }
            node.member || !node.below.is_empty()
        });
        self
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(mut self, other: &Self) -> Self {
        self.0.retain(|step, node| {
            let Some(also) = other.0.get(step) else { return false };
            node.member &= also.member;
            node.below = std::mem::take(&mut node.below).intersection(&also.below);
            node.member || !node.below.is_empty()
        });
        self
    }

    /// Only what is below this field of the object, or all but that.
    #[must_use]
    pub fn restricted(mut self, name: &str, to: bool) -> Self {
        self.0.retain(|step, _| matches!(step, Step::Field(field) if field == name) == to);
        self
    }

    /// Takes in every named field that has members below it, so that it goes when they do.
    #[must_use]
    pub(super) fn with_named_fields(mut self, shape: &Shape) -> Self {
        let Shape::Object(kind) = shape else {
            for (step, node) in &mut self.0 {
                let inner = match (shape, step) {
                    (Shape::Map(map), Step::Field(_)) => &map.value,
                    (Shape::List(list), _) => &list.item,
                    _ => continue,
                };
                node.below = std::mem::take(&mut node.below).with_named_fields(inner);
            }
            return self;
        };
        self.with_fields_of(kind);
        self
    }

    fn with_fields_of(&mut self, kind: &ObjectType) {
        for (step, node) in &mut self.0 {
            let Step::Field(name) = step else { continue };
            let Some(field) = kind.fields.get(name) else { continue };
            node.member |= !node.below.is_empty();
            node.below = std::mem::take(&mut node.below).with_named_fields(&field.shape);
        }
    }

    /// Every field in it.
    pub fn paths(&self) -> Vec<Vec<Step>> {
        let mut all = Vec::new();
        self.collect(&mut Vec::new(), &mut all);
        all
    }

    fn collect(&self, path: &mut Vec<Step>, all: &mut Vec<Vec<Step>>) {
        for (step, node) in &self.0 {
            path.push(step.clone());
            if node.member {
                all.push(path.clone());
            }
            node.below.collect(path, all);
            path.pop();
        }
    }

    /// As `fieldsV1` holds it.
    pub fn to_json(&self) -> Value {
        let fields = self.0.iter().map(|(step, node)| {
            let mut below = node.below.to_json();
            if node.member && !node.below.is_empty() {
                below["."] = Value::Object(Map::new());
            }
            (step.text(), below)
        });
        Value::Object(fields.collect())
    }

    /// Reads what `fieldsV1` holds; none if it is not of that form.
    pub fn from_json(value: &Value) -> Option<Self> {
        Self::read(value, MAX_DEPTH)
    }

    fn read(value: &Value, depth: usize) -> Option<Self> {
        let fields = value.as_object().filter(|_| depth > 0)?;
        let mut set = BTreeMap::new();
        for (name, below) in fields.iter().filter(|(name, _)| *name != ".") {
            let step = Step::parse(name)?;
            let member = below.as_object()?.is_empty() || below.get(".").is_some();
            set.insert(step, Node { member, below: Self::read(below, depth - 1)? });
        }
        Some(Self(set))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(value: &Value) -> FieldSet {
        FieldSet::from_json(value).expect("a set")
    }

    #[test]
    fn given_a_set_when_written_and_read_then_it_is_the_same() {
        let json = json!({"f:a": {}, "f:b": {".": {}, "f:c": {}}, "f:d": {"k:{\"n\":1}": {".": {}, "f:e": {}}, "v:\"x\"": {}}});
        assert_eq!(set(&json).to_json(), json);
        assert_eq!(FieldSet::from_json(&json!({"x": {}})), None);
        assert_eq!(FieldSet::from_json(&json!([])), None);
    }

    #[test]
    fn given_two_sets_when_combined_then_fields_and_what_is_below_them_are_told_apart() {
        let one = json!({"f:a": {}, "f:b": {".": {}, "f:c": {}}});
        let two = json!({"f:b": {"f:c": {}, "f:d": {}}});
        let (a, b) = (set(&one), set(&two));
        assert_eq!(a.clone().union(&b).to_json(), json!({"f:a": {}, "f:b": {".": {}, "f:c": {}, "f:d": {}}}));
        assert_eq!(a.clone().difference(&b).to_json(), json!({"f:a": {}, "f:b": {}}));
        assert_eq!(a.intersection(&b).to_json(), json!({"f:b": {"f:c": {}}}));
    }

    #[test]
    fn given_paths_when_written_for_people_then_keys_and_values_stand_in_brackets() {
        let path = [
            Step::Field("spec".to_owned()),
            Step::Field("ports".to_owned()),
            Step::Key("{\"port\":80,\"protocol\":\"TCP\"}".to_owned()),
            Step::Field("name".to_owned()),
        ];
        assert_eq!(path_text(&path), ".spec.ports[port=80,protocol=\"TCP\"].name");
    }
}
