//! Whether a pod may run on a node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, NodeSelectorTerm, Pod, Taint, Toleration};

use super::tally::{Asked, Load};
use crate::schema::Quantity;

/// Whether a pod may run on a node, with what runs there already.
///
/// # Errors
/// Why not.
pub(super) fn check(pod: &Pod, node: &Node, load: Option<&Load>) -> Result<(), String> {
    let spec = pod.spec.clone().unwrap_or_default();
    let node_spec = node.spec.clone().unwrap_or_default();
    if node_spec.unschedulable == Some(true) {
        return Err("node(s) were unschedulable".to_owned());
    }
    let ready = node.status.as_ref().and_then(|status| status.conditions.as_ref()).into_iter().flatten();
    if !ready.clone().any(|condition| condition.type_ == "Ready" && condition.status == "True") {
        return Err("node(s) were not ready".to_owned());
    }
    let tolerations = spec.tolerations.clone().unwrap_or_default();
    let taints = node_spec.taints.unwrap_or_default();
    let repels = |taint: &&Taint| {
        taint.effect != "PreferNoSchedule" && !tolerations.iter().any(|toleration| tolerates(toleration, taint))
    };
    if taints.iter().any(|taint| repels(&taint)) {
        return Err("node(s) had untolerated taint(s)".to_owned());
    }
    let nothing = BTreeMap::new();
    let labels = node.metadata.labels.as_ref().unwrap_or(&nothing);
    let selected = spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let affinity = spec.affinity.and_then(|affinity| affinity.node_affinity);
    let required = affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution);
    let liked =
        required.is_none_or(|required| required.node_selector_terms.iter().any(|term| matches(term, node, labels)));
    if !selected || !liked {
        return Err("node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    check_room(Asked::by(pod), node, load)
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let value = toleration.operator.as_deref() == Some("Exists")
        || toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default();
    (key.is_empty() || key == taint.key) && (effect.is_empty() || effect == taint.effect) && value
}

fn matches(term: &NodeSelectorTerm, node: &Node, labels: &BTreeMap<String, String>) -> bool {
    let fits = |operator: &str, values: Option<&Vec<String>>, value: Option<&str>| {
        let listed = || value.is_some_and(|value| values.into_iter().flatten().any(|known| known == value));
        match operator {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    };
    let label = |it: &k8s_openapi::api::core::v1::NodeSelectorRequirement| {
        fits(&it.operator, it.values.as_ref(), labels.get(&it.key).map(String::as_str))
    };
    let field = |it: &k8s_openapi::api::core::v1::NodeSelectorRequirement| {
        it.key == "metadata.name" && fits(&it.operator, it.values.as_ref(), node.metadata.name.as_deref())
    };
    let given = term.match_expressions.is_some() || term.match_fields.is_some();
    given && term.match_expressions.iter().flatten().all(label) && term.match_fields.iter().flatten().all(field)
}

fn check_room(asked: Asked, node: &Node, load: Option<&Load>) -> Result<(), String> {
    let allocatable = node.status.as_ref().and_then(|status| status.allocatable.clone()).unwrap_or_default();
    let room = |name: &str| allocatable.get(name).and_then(|amount| amount.0.parse::<Quantity>().ok());
    if let Some(pods) = room("pods").and_then(|amount| usize::try_from(amount.millis() / 1000).ok())
        && load.is_some_and(|load| load.pods >= pods)
    {
        return Err("Too many pods".to_owned());
    }
    let taken = load.map(|load| load.asked).unwrap_or_default();
    let amounts = [("cpu", asked.cpu, taken.cpu), ("memory", asked.memory, taken.memory)];
    for (name, asked, taken) in amounts {
        if let Some(amount) = room(name)
            && asked > 0
            && taken.saturating_add(asked) > amount.millis()
        {
            return Err(format!("Insufficient {name}"));
        }
    }
    Ok(())
}
