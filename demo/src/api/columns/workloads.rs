//! The columns of workloads.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector as MetaSelector;
use serde_json::{Value, json};

use super::{Column, integer, name, text, wide};
use crate::kinds::Typed;
use crate::selectors::LabelSelector;

pub(super) const STATEFUL_SET: &[Column] =
    &[name("Name"), text("Ready"), text("Age"), wide("Containers"), wide("Images")];

pub(super) fn stateful_set(set: &StatefulSet, age: &str, _: Timestamp) -> Vec<Value> {
    let ready = set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let ready = format!("{ready}/{}", set.spec.replicas.unwrap_or(0));
    let (names, images) = containers(Some(&set.spec.template));
    vec![json!(set.name()), json!(ready), json!(age), json!(names), json!(images)]
}

pub(super) const DEPLOYMENT: &[Column] = &[
    name("Name"),
    text("Ready"),
    text("Up-to-date"),
    text("Available"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

pub(super) fn deployment(deployment: &Deployment, age: &str, _: Timestamp) -> Vec<Value> {
    let status = deployment.status.clone().unwrap_or_default();
    let ready = format!("{}/{}", status.ready_replicas.unwrap_or(0), deployment.spec.replicas.unwrap_or(0));
    let (names, images) = containers(Some(&deployment.spec.template));
    vec![
        json!(deployment.name()),
        json!(ready),
        json!(status.updated_replicas.unwrap_or(0)),
        json!(status.available_replicas.unwrap_or(0)),
        json!(age),
        json!(names),
        json!(images),
        json!(selector(&deployment.spec.selector, "<invalid>")),
    ]
}

pub(super) const REPLICA_SET: &[Column] = &[
    name("Name"),
    integer("Desired"),
    integer("Current"),
    integer("Ready"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];

pub(super) fn replica_set(set: &ReplicaSet, age: &str, _: Timestamp) -> Vec<Value> {
    let status = set.status.clone().unwrap_or_default();
    let (names, images) = containers(set.spec.template.as_ref());
    vec![
        json!(set.name()),
        json!(set.spec.replicas.unwrap_or(0)),
        json!(status.replicas),
        json!(status.ready_replicas.unwrap_or(0)),
        json!(age),
        json!(names),
        json!(images),
        json!(selector(&set.spec.selector, "<error>")),
    ]
}

pub(super) const CONTROLLER_REVISION: &[Column] = &[name("Name"), text("Controller"), text("Revision"), text("Age")];

pub(super) fn controller_revision(revision: &ControllerRevision, age: &str, _: Timestamp) -> Vec<Value> {
    let mut owners = revision.metadata.owner_references.iter().flatten();
    let controller = owners.find(|owner| owner.controller == Some(true)).map(|owner| {
        let group = owner.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
        format!("{}{group}/{}", owner.kind.to_lowercase(), owner.name)
    });
    let controller = controller.unwrap_or_else(|| "<none>".to_owned());
    vec![json!(revision.name()), json!(controller), json!(revision.revision.unwrap_or(0)), json!(age)]
}

/// The names and the images of a template's containers.
fn containers(template: Option<&PodTemplateSpec>) -> (String, String) {
    let containers = template.and_then(|template| template.spec.as_ref()).map_or(&[][..], |spec| &spec.containers);
    let names: Vec<&str> = containers.iter().map(|container| container.name.as_str()).collect();
    let images: Vec<&str> = containers.iter().map(|container| container.image.as_deref().unwrap_or_default()).collect();
    (names.join(","), images.join(","))
}

fn selector(selector: &MetaSelector, broken: &str) -> String {
    LabelSelector::of(selector).map_or_else(|| broken.to_owned(), |selector| selector.to_string())
}
