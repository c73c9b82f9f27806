//! The ReplicaSets of a Deployment: which one has its template, and what is noted on them.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::controllers::{owner_reference, template_hash};
use crate::fields::LAST_APPLIED;
use crate::kinds::Typed;
use crate::resources::Amount;

/// The label by which the pods of different templates are told apart.
const HASH: &str = "pod-template-hash";

/// The annotation with the number of a template.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// The annotation with the numbers that a template had before.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";

/// The annotation with how many replicas the Deployment wanted.
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";

/// The annotation with how many there could be at once.
const MAX: &str = "deployment.kubernetes.io/max-replicas";

/// How many replicas a Deployment wants.
pub(super) fn wanted(deployment: &Deployment) -> i32 {
    deployment.spec.replicas.unwrap_or(0)
}

/// How many replicas a ReplicaSet wants.
pub(super) fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(0)
}

/// How many replicas of a ReplicaSet are available.
pub(super) fn available(set: &ReplicaSet) -> i32 {
    set.status.as_ref().and_then(|status| status.available_replicas).unwrap_or(0)
}

pub(super) fn is_rolling(deployment: &Deployment) -> bool {
    deployment.spec.strategy.as_ref().and_then(|strategy| strategy.type_.as_deref()) == Some("RollingUpdate")
}

/// How many replicas there may be too many, and how many may be missing, while pods are moved.
fn limits(deployment: &Deployment) -> (i32, i32) {
    let rolling = deployment.spec.strategy.as_ref().and_then(|strategy| strategy.rolling_update.clone());
    let rolling = rolling.unwrap_or_default();
    let total = wanted(deployment);
    let surge = rolling.max_surge.as_ref().and_then(Amount::of).map_or(0, |amount| amount.of_total(total, true));
    let missing =
        rolling.max_unavailable.as_ref().and_then(Amount::of).map_or(0, |amount| amount.of_total(total, false));
    if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing) }
}

/// How many replicas there may be too many.
pub(super) fn surge(deployment: &Deployment) -> i32 {
    if is_rolling(deployment) { limits(deployment).0 } else { 0 }
}

/// How many replicas may be missing.
pub(super) fn unavailable(deployment: &Deployment) -> i32 {
    if !is_rolling(deployment) || wanted(deployment) == 0 {
        return 0;
    }
    limits(deployment).1.min(wanted(deployment))
}

/// Whether a ReplicaSet has the template of a Deployment.
pub(super) fn has_template(set: &ReplicaSet, deployment: &Deployment) -> bool {
    let mut template = set.spec.template.clone().unwrap_or_default();
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH);
    }
    let mut own = deployment.spec.template.clone();
    if let Some(labels) = own.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH);
    }
    template == own
}

/// The number of a ReplicaSet's template.
pub(super) fn revision(set: &ReplicaSet) -> i64 {
    let annotations = set.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(REVISION)?.parse().ok()).unwrap_or(0)
}

/// A number that is noted on a ReplicaSet.
fn noted(set: &ReplicaSet, name: &str) -> Option<i32> {
    set.metadata.annotations.as_ref()?.get(name)?.parse().ok()
}

/// How many replicas the Deployment wanted when the ReplicaSet was scaled last.
pub(super) fn desired(set: &ReplicaSet) -> Option<i32> {
    noted(set, DESIRED)
}

/// How many replicas there could be at once then.
pub(super) fn max_before(set: &ReplicaSet) -> Option<i32> {
    noted(set, MAX)
}

/// Notes how many replicas are wanted now; tells whether that is news.
pub(super) fn note_replicas(set: &mut ReplicaSet, deployment: &Deployment) -> bool {
    let total = wanted(deployment);
    let annotations = set.metadata.annotations.get_or_insert_default();
    let mut news = false;
    for (name, value) in [(DESIRED, total), (MAX, total.saturating_add(surge(deployment)))] {
        let value = value.to_string();
        news |= annotations.get(name) != Some(&value);
        annotations.insert(name.to_owned(), value);
    }
    news
}

/// Notes on the ReplicaSet of the template what the Deployment says; tells whether that is news.
pub(super) fn note_revision(set: &mut ReplicaSet, deployment: &Deployment, number: i64) -> bool {
    let mut news = false;
    let known = revision(set);
    let annotations = set.metadata.annotations.get_or_insert_default();
    for (name, value) in deployment.metadata.annotations.iter().flatten() {
        let own = name == LAST_APPLIED || [REVISION, HISTORY, DESIRED, MAX].contains(&name.as_str());
        if !own && annotations.get(name) != Some(value) {
            annotations.insert(name.clone(), value.clone());
            news = true;
        }
    }
    if known < number {
        if known > 0 {
            let history = annotations.get(HISTORY).filter(|history| !history.is_empty());
            let history = history.map_or_else(|| known.to_string(), |history| format!("{history},{known}"));
            annotations.insert(HISTORY.to_owned(), history);
        }
        annotations.insert(REVISION.to_owned(), number.to_string());
        news = true;
    }
    news
}

/// A ReplicaSet for the template of a Deployment.
pub(super) fn new(deployment: &Deployment, number: i64, replicas: i32) -> ReplicaSet {
    let collisions = deployment.status.as_ref().and_then(|status| status.collision_count).unwrap_or(0);
    let hash = template_hash::hash(&deployment.spec.template, collisions);
    let with_hash = |labels: Option<&BTreeMap<String, String>>| {
        let mut labels = labels.cloned().unwrap_or_default();
        labels.insert(HASH.to_owned(), hash.clone());
        labels
    };
    let template = deployment.spec.template.clone();
    let given = template.metadata.unwrap_or_default();
    let labels = with_hash(given.labels.as_ref());
    let mut selector = deployment.spec.selector.clone();
    selector.match_labels = Some(with_hash(selector.match_labels.as_ref()));
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name())),
            namespace: deployment.metadata.namespace.clone(),
            labels: Some(labels.clone()),
            owner_references: Some(vec![owner_reference(deployment)]),
            ..ObjectMeta::default()
        },
        spec: ReplicaSetSpec {
            min_ready_seconds: deployment.spec.min_ready_seconds,
            replicas: Some(replicas),
            selector,
            template: Some(PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..given }),
                spec: template.spec,
            }),
        },
        status: None,
    };
    note_revision(&mut set, deployment, number);
    note_replicas(&mut set, deployment);
    set
}
