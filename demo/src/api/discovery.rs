//! Which groups, versions and kinds there are: all at once, as `kubectl` asks today, and one by one.

use serde_json::{Value, json};

use super::path::Discovery;
use crate::failure::Failure;
use crate::kinds::{SERVED, Served, VERBS};

/// A kind that is sent and answered but not kept.
struct Message {
    group: &'static str,
    plural: &'static str,
    name: &'static str,
}

const MESSAGES: [Message; 3] = [
    Message { group: "authentication.k8s.io", plural: "selfsubjectreviews", name: "SelfSubjectReview" },
    Message { group: "authorization.k8s.io", plural: "selfsubjectaccessreviews", name: "SelfSubjectAccessReview" },
    Message { group: "authorization.k8s.io", plural: "selfsubjectrulesreviews", name: "SelfSubjectRulesReview" },
];

/// The groups beside the core, in the order in which they are listed.
const GROUPS: [&str; 6] =
    ["apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "storage.k8s.io", "discovery.k8s.io"];

/// The answer to a question of discovery, one by one.
///
/// # Errors
/// When there is no such group or version.
pub(super) fn plain(question: &Discovery, address: &str) -> Result<Value, Failure> {
    match question {
        Discovery::Core => Ok(json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        })),
        Discovery::Groups => {
            let groups: Vec<Value> = GROUPS.iter().map(|group| self::group(group)).collect();
            Ok(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Discovery::Group(name) if GROUPS.contains(&name.as_str()) => {
            let mut group = group(name);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            Ok(group)
        }
        Discovery::Resources(group, version)
            if version == "v1" && (group.is_empty() || GROUPS.contains(&group.as_str())) =>
        {
            let kept = SERVED.iter().filter(|served| served.group == group).flat_map(resources);
            let sent = MESSAGES.iter().filter(|message| message.group == group).map(|message| {
                json!({
                    "name": message.plural, "singularName": message.name.to_lowercase(), "namespaced": false,
                    "kind": message.name, "verbs": ["create"],
                })
            });
            let resources: Vec<Value> = kept.chain(sent).collect();
            let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
            Ok(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}))
        }
        Discovery::Group(_) | Discovery::Resources(..) => Err(Failure::no_such_path()),
    }
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(served: &Served) -> Vec<Value> {
    let namespaced = served.kind.is_namespaced();
    let mut own = json!({
        "name": served.plural, "singularName": served.singular, "namespaced": namespaced, "kind": served.name,
        "verbs": VERBS, "storageVersionHash": "",
    });
    if !served.short.is_empty() {
        own["shortNames"] = json!(served.short);
    }
    if !served.categories.is_empty() {
        own["categories"] = json!(served.categories);
    }
    let mut all = vec![own];
    for part in served.subresources {
        let mut entry = json!({
            "name": format!("{}/{}", served.plural, part.name()), "singularName": "", "namespaced": namespaced,
            "kind": served.name, "verbs": part.verbs(),
        });
        if let Some((group, version, kind)) = part.other_kind() {
            entry["kind"] = json!(kind);
            if !group.is_empty() {
                entry["group"] = json!(group);
                entry["version"] = json!(version);
            }
        }
        all.push(entry);
    }
    all
}

/// Everything at once: the core group, or all others.
pub(super) fn aggregated(core: bool) -> Value {
    let names: &[&str] = if core { &[""] } else { &GROUPS };
    let items: Vec<Value> = names.iter().map(|group| aggregated_group(group)).collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    })
}

fn aggregated_group(group: &str) -> Value {
    let kept = SERVED.iter().filter(|served| served.group == group).map(|served| {
        let parts: Vec<Value> = served
            .subresources
            .iter()
            .map(|part| {
                let (group, version, kind) = part.other_kind().unwrap_or((served.group, served.version, served.name));
                json!({
                    "subresource": part.name(),
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "verbs": part.verbs(),
                })
            })
            .collect();
        let scope = if served.kind.is_namespaced() { "Namespaced" } else { "Cluster" };
        let mut entry = json!({
            "resource": served.plural,
            "responseKind": {"group": served.group, "version": served.version, "kind": served.name},
            "scope": scope, "singularResource": served.singular, "verbs": VERBS,
        });
        if !served.short.is_empty() {
            entry["shortNames"] = json!(served.short);
        }
        if !served.categories.is_empty() {
            entry["categories"] = json!(served.categories);
        }
        if !parts.is_empty() {
            entry["subresources"] = json!(parts);
        }
        entry
    });
    let sent = MESSAGES.iter().filter(|message| message.group == group).map(|message| {
        json!({
            "resource": message.plural,
            "responseKind": {"group": message.group, "version": "v1", "kind": message.name},
            "scope": "Cluster", "singularResource": message.name.to_lowercase(), "verbs": ["create"],
        })
    });
    let resources: Vec<Value> = kept.chain(sent).collect();
    let mut entry = json!({
        "metadata": {"creationTimestamp": null},
        "versions": [{"version": "v1", "resources": resources, "freshness": "Current"}],
    });
    if !group.is_empty() {
        entry["metadata"]["name"] = json!(group);
    }
    entry
}
