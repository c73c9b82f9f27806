//! Selectors of fields: `status.phase=Running,metadata.name!=web-0`.

use serde_json::Value;

use crate::kinds::{Kind, Served};

/// Which values some fields must have. An empty one selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: &'static str,
    value: String,
    equal: bool,
}

/// The fields by which objects of a kind can be selected, beside name and namespace. A field that is an alias, because
/// another group calls it so, stands beside its path.
const fn fields(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Pod => &[
            ("spec.nodeName", "spec.nodeName"),
            ("spec.restartPolicy", "spec.restartPolicy"),
            ("spec.schedulerName", "spec.schedulerName"),
            ("spec.serviceAccountName", "spec.serviceAccountName"),
            ("spec.hostNetwork", "spec.hostNetwork"),
            ("status.phase", "status.phase"),
            ("status.podIP", "status.podIP"),
            ("status.nominatedNodeName", "status.nominatedNodeName"),
        ],
        Kind::Node => &[("spec.unschedulable", "spec.unschedulable")],
        Kind::Namespace => &[("status.phase", "status.phase")],
        Kind::ReplicaSet => &[("status.replicas", "status.replicas")],
        Kind::Service => &[("spec.clusterIP", "spec.clusterIP"), ("spec.type", "spec.type")],
        Kind::Event => &[
            ("involvedObject.kind", "involvedObject.kind"),
            ("involvedObject.namespace", "involvedObject.namespace"),
            ("involvedObject.name", "involvedObject.name"),
            ("involvedObject.uid", "involvedObject.uid"),
            ("involvedObject.apiVersion", "involvedObject.apiVersion"),
            ("involvedObject.resourceVersion", "involvedObject.resourceVersion"),
            ("involvedObject.fieldPath", "involvedObject.fieldPath"),
            ("regarding.kind", "involvedObject.kind"),
            ("regarding.namespace", "involvedObject.namespace"),
            ("regarding.name", "involvedObject.name"),
            ("regarding.uid", "involvedObject.uid"),
            ("regarding.apiVersion", "involvedObject.apiVersion"),
            ("regarding.resourceVersion", "involvedObject.resourceVersion"),
            ("regarding.fieldPath", "involvedObject.fieldPath"),
            ("reason", "reason"),
            ("reportingComponent", "reportingComponent"),
            ("reportingController", "reportingComponent"),
            ("source", "source.component"),
            ("type", "type"),
        ],
        _ => &[],
    }
}

/// The values of an object's fields by which it can be selected: those that an index keeps.
pub fn selectable(kind: Kind, object: &Value) -> Vec<(&'static str, Box<str>)> {
    let mut values: Vec<(&'static str, Box<str>)> = Vec::new();
    for (_, path) in fields(kind) {
        if values.iter().any(|(known, _)| known == path) {
            continue;
        }
        let found = path.split('.').try_fold(object, |value, step| value.get(step));
        let text = match found {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => continue,
            Some(other) => other.to_string(),
        };
        if !text.is_empty() {
            values.push((path, text.into()));
        }
    }
    values
}

/// What a field is that is not there: a flag is off, a number is 0, a text is empty.
fn absent(path: &str) -> &'static str {
    match path {
        "spec.hostNetwork" | "spec.unschedulable" => "false",
        "status.replicas" => "0",
        _ => "",
    }
}

impl FieldSelector {
    /// Reads a selector as it stands in a query.
    ///
    /// # Errors
    /// What is wrong with it, or which field objects of the kind cannot be selected by.
    pub fn parse(served: &Served, text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        for part in split(text) {
            if part.is_empty() {
                continue;
            }
            let (field, value, equal) = if let Some((field, value)) = part.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = part.split_once("==") {
                (field, value, true)
            } else if let Some((field, value)) = part.split_once('=') {
                (field, value, true)
            } else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            let known = match field {
                "metadata.name" => Some("metadata.name"),
                "metadata.namespace" => Some("metadata.namespace"),
                _ => fields(served.kind).iter().find(|(name, _)| *name == field).map(|(_, path)| *path),
            };
            let Some(known) = known else {
                return Err(format!("field label not supported: {field}"));
            };
            terms.push(Term { field: known, value: unescape(value)?, equal });
        }
        Ok(Self { terms })
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether an object is selected that has this name and namespace, and these values of its fields.
    pub fn matches(&self, namespace: &str, name: &str, values: &[(&'static str, Box<str>)]) -> bool {
        self.terms.iter().all(|term| {
            let value = match term.field {
                "metadata.name" => name,
                "metadata.namespace" => namespace,
                field => {
                    values.iter().find(|(known, _)| *known == field).map_or_else(|| absent(field), |(_, text)| text)
                }
            };
            (value == term.value) == term.equal
        })
    }
}

/// The parts between commas that no backslash stands before.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if c == ',' && !escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                _ => return Err(format!("invalid field selector: invalid escape sequence in {value:?}")),
            },
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {c}")),
            c => plain.push(c),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn given_selectors_when_matched_then_the_right_fields_are_selected() {
        let pod = json!({"spec": {"nodeName": "node-a"}, "status": {"phase": "Running"}});
        let values = selectable(Kind::Pod, &pod);
        let table = [
            ("", true),
            ("status.phase=Running", true),
            ("status.phase==Running,spec.nodeName=node-a", true),
            ("status.phase!=Running", false),
            ("metadata.name=web-0", true),
            ("metadata.namespace!=default", false),
            ("status.podIP=", true),
            ("spec.hostNetwork=false", true),
        ];
        for (text, expected) in table {
            let selector = FieldSelector::parse(Kind::Pod.served(), text).expect(text);
            assert_eq!(selector.matches("default", "web-0", &values), expected, "{text}");
        }
    }

    #[test]
    fn given_broken_selectors_when_parsed_then_it_is_said_what_is_wrong() {
        let table = [
            ("spec.foo=1", "field label not supported: spec.foo"),
            ("nonsense", "can't understand 'nonsense'"),
            ("metadata.name=a\\b", "invalid escape"),
        ];
        for (text, expected) in table {
            let error = FieldSelector::parse(Kind::Pod.served(), text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
