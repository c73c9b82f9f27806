//! The OpenAPI v3 documents, one for each group and version: what `kubectl explain` shows, and by which `kubectl apply`
//! learns that the server checks fields itself.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher as _;
use std::sync::LazyLock;

use bytes::Bytes;
use fnv::FnvHasher;
use serde_json::{Map, Value, json};

use super::definitions::{DEFINITIONS, PATH};
use crate::api::VERSION;
use crate::kinds::{SERVED, Scope, Served, Subresource};

/// A document.
struct Document {
    body: Bytes,
    hash: String,
}

static DOCUMENTS: LazyLock<BTreeMap<String, Document>> = LazyLock::new(|| {
    let mut groups: Vec<(&str, &str)> = SERVED.iter().map(|served| (served.group, served.version)).collect();
    groups.extend([("authorization.k8s.io", "v1"), ("authentication.k8s.io", "v1")]);
    groups.dedup();
    let documents = groups.into_iter().map(|(group, version)| {
        let body = Bytes::from(build(group, version).to_string());
        let mut hasher = FnvHasher::default();
        hasher.write(&body);
        (path_of(group, version), Document { body, hash: format!("{:016X}", hasher.finish()) })
    });
    documents.collect()
});

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// Which documents there are.
pub fn index() -> Value {
    let paths: Map<String, Value> = DOCUMENTS
        .iter()
        .map(|(path, document)| {
            let url = format!("/openapi/v3/{path}?hash={}", document.hash);
            (path.clone(), json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({"paths": paths})
}

/// The document of a path such as `apis/apps/v1`, and its hash.
pub fn document(path: &str) -> Option<(Bytes, &'static str)> {
    DOCUMENTS.get(path).map(|document| (document.body.clone(), document.hash.as_str()))
}

fn build(group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    let mut roots = BTreeSet::new();
    for served in SERVED.iter().filter(|served| served.group == group && served.version == version) {
        let base = match served.scope {
            Scope::Cluster => format!("/{}/{}", path_of(group, version), served.plural),
            Scope::Namespaced => format!("/{}/namespaces/{{namespace}}/{}", path_of(group, version), served.plural),
        };
        paths.insert(base.clone(), collection(served));
        paths.insert(format!("{base}/{{name}}"), item(served, &["get", "put", "patch", "delete"]));
        for subresource in served.subresources {
            let verbs: &[&str] = match subresource {
                Subresource::Status | Subresource::Scale => &["get", "put", "patch"],
                Subresource::Finalize => &["put"],
                Subresource::Attach | Subresource::Exec => &["get", "post"],
                Subresource::Log => &["get"],
                Subresource::Eviction => &["post"],
            };
            paths.insert(format!("{base}/{{name}}/{}", subresource.name()), item(served, verbs));
        }
        roots.insert(definition_of(group, version, served.name));
    }
    let messages: &[&str] = match group {
        "authorization.k8s.io" => &["SelfSubjectAccessReview", "SelfSubjectRulesReview"],
        "authentication.k8s.io" => &["SelfSubjectReview"],
        _ => &[],
    };
    for name in messages {
        let path = format!("/{}/{}s", path_of(group, version), name.to_lowercase());
        let operation = operation("post", group, version, name, &["dryRun", "fieldManager", "fieldValidation"]);
        paths.insert(path, json!({"post": operation}));
        roots.insert(definition_of(group, version, name));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "components": {"schemas": closure(&roots)},
    })
}

/// The full name of a kind's definition.
fn definition_of(group: &str, version: &str, name: &str) -> String {
    let short = group.split('.').next().unwrap_or_default();
    format!("io.k8s.api.{}.{version}.{name}", if short.is_empty() { "core" } else { short })
}

fn collection(served: &Served) -> Value {
    let of = |verb, parameters: &[&str]| operation(verb, served.group, served.version, served.name, parameters);
    let list = [
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "labelSelector",
        "limit",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
        "watch",
    ];
    json!({
        "get": of("list", &list),
        "post": of("post", &["dryRun", "fieldManager", "fieldValidation"]),
        "delete": of("deletecollection", &["dryRun", "fieldSelector", "gracePeriodSeconds", "labelSelector", "propagationPolicy"]),
    })
}

fn item(served: &Served, verbs: &[&str]) -> Value {
    let operations = verbs.iter().map(|verb| {
        let parameters: &[&str] = match *verb {
            "put" | "post" => &["dryRun", "fieldManager", "fieldValidation"],
            "patch" => &["dryRun", "fieldManager", "fieldValidation", "force"],
            "delete" => &["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"],
            _ => &[],
        };
        ((*verb).to_owned(), operation(verb, served.group, served.version, served.name, parameters))
    });
    Value::Object(operations.collect())
}

fn operation(verb: &str, group: &str, version: &str, name: &str, parameters: &[&str]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|name| {
            let kind = match *name {
                "limit" | "timeoutSeconds" | "gracePeriodSeconds" => "integer",
                "watch" | "allowWatchBookmarks" | "sendInitialEvents" | "force" | "orphanDependents" => "boolean",
                _ => "string",
            };
            json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
        })
        .collect();
    let definition = definition_of(group, version, name);
    let object = json!({"application/json": {"schema": {"$ref": format!("#{PATH}/{definition}")}}});
    let mut operation = json!({
        "operationId": format!("{verb}{version}{name}"),
        "responses": {"200": {"description": "OK", "content": object}},
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": {"group": group, "kind": name, "version": version},
        "parameters": parameters,
    });
    if verb == "post" || verb == "put" {
        operation["requestBody"] = json!({"content": {"*/*": object["application/json"]}});
    }
    operation
}

/// The definitions with these names, and all that they refer to.
fn closure(roots: &BTreeSet<String>) -> Map<String, Value> {
    let mut all = Map::new();
    let mut open: Vec<String> = roots.iter().cloned().collect();
    while let Some(name) = open.pop() {
        if all.contains_key(&name) {
            continue;
        }
        let Some(definition) = DEFINITIONS.get(&name) else { continue };
        let mut definition = definition.clone();
        references(&Value::Object(definition.clone()), &mut open);
        let is_root = definition.get("properties").is_some_and(|properties| properties.get("kind").is_some());
        if is_root && definition["properties"].get("apiVersion").is_some() && roots.contains(&name) {
            let mut parts = name.rsplit('.');
            let (kind, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let package = parts.next().unwrap_or_default();
            let group = SERVED.iter().map(|served| served.group).find(|group| group.split('.').next() == Some(package));
            let group = group.unwrap_or(match package {
                "authorization" => "authorization.k8s.io",
                "authentication" => "authentication.k8s.io",
                _ => "",
            });
            let named = json!([{"group": group, "kind": kind, "version": version}]);
            definition.insert("x-kubernetes-group-version-kind".to_owned(), named);
        }
        all.insert(name, Value::Object(definition));
    }
    all
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        found.extend(reference.rsplit('/').next().map(str::to_owned));
                    }
                    value => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
