//! Identities: names, ordinals, and the pods that have them.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaimVolumeSource, Pod, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::controllers::owner_reference;
use crate::kinds::Typed;

/// The label with the name of a pod.
pub(super) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

/// The label with the ordinal of a pod.
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The label with the revision of a pod.
pub(super) const REVISION: &str = "controller-revision-hash";

/// The set's name and the ordinal that the name of a pod is made of.
pub(super) fn parent_and_ordinal(name: &str) -> Option<(&str, i32)> {
    let (parent, ordinal) = name.rsplit_once('-')?;
    let digits = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
    Some((parent, ordinal.parse().ok().filter(|_| digits)?))
}

/// The ordinal of a pod.
pub(super) fn ordinal(pod: &Pod) -> i32 {
    parent_and_ordinal(pod.name()).map_or(-1, |(_, ordinal)| ordinal)
}

/// The first ordinal of a set.
pub(super) fn start(set: &StatefulSet) -> i32 {
    set.spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0)
}

/// The revision of a pod.
pub(super) fn revision(pod: &Pod) -> &str {
    let labels = pod.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(REVISION)).map_or("", String::as_str)
}

/// The name of a claim of a pod.
pub(super) fn claim_name(set: &StatefulSet, template: &str, ordinal: i32) -> String {
    format!("{template}-{}-{ordinal}", set.name())
}

/// The names of a set's templates of claims.
pub(super) fn claim_templates(set: &StatefulSet) -> impl Iterator<Item = &str> {
    set.spec.volume_claim_templates.iter().flatten().map(|claim| claim.metadata.name.as_deref().unwrap_or_default())
}

/// A pod with an identity of a set, from a template.
pub(super) fn new_pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &str, ordinal: i32) -> Pod {
    let name = format!("{}-{ordinal}", set.name());
    let given = template.metadata.clone().unwrap_or_default();
    let mut labels = given.labels.unwrap_or_default();
    set_identity(&mut labels, &name, ordinal);
    labels.insert(REVISION.to_owned(), revision.to_owned());
    let mut spec = template.spec.clone().unwrap_or_default();
    spec.hostname = Some(name.clone());
    spec.subdomain = set.spec.service_name.clone().filter(|service| !service.is_empty());
    let mut pod = Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", set.name())),
            name: Some(name),
            namespace: set.metadata.namespace.clone(),
            labels: Some(labels),
            annotations: given.annotations,
            finalizers: given.finalizers,
            owner_references: Some(vec![owner_reference(set)]),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    };
    set_volumes(set, &mut pod, ordinal);
    pod
}

fn set_identity(labels: &mut BTreeMap<String, String>, name: &str, ordinal: i32) {
    labels.insert(POD_NAME.to_owned(), name.to_owned());
    labels.insert(POD_INDEX.to_owned(), ordinal.to_string());
}

/// Whether a pod carries its name as a label.
pub(super) fn matches(pod: &Pod) -> bool {
    pod.metadata.labels.as_ref().and_then(|labels| labels.get(POD_NAME)).is_some_and(|name| name == pod.name())
}

/// Gives a pod the labels of its identity again.
pub(super) fn repair(pod: &mut Pod) {
    let (name, ordinal) = (pod.name().to_owned(), ordinal(pod));
    set_identity(pod.metadata.labels.get_or_insert_default(), &name, ordinal);
}

/// Whether a pod uses the claims of its identity.
pub(super) fn storage_matches(set: &StatefulSet, pod: &Pod) -> bool {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    claim_templates(set).all(|template| {
        let claim = claim_name(set, template, ordinal(pod));
        let volume = volumes.iter().find(|volume| volume.name == template);
        volume.and_then(|volume| volume.persistent_volume_claim.as_ref()).is_some_and(|used| used.claim_name == claim)
    })
}

fn set_volumes(set: &StatefulSet, pod: &mut Pod, ordinal: i32) {
    let Some(spec) = &mut pod.spec else { return };
    let mut volumes: Vec<Volume> = claim_templates(set)
        .map(|template| Volume {
            name: template.to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim_name(set, template, ordinal),
                read_only: None,
            }),
            ..Volume::default()
        })
        .collect();
    for volume in spec.volumes.take().into_iter().flatten() {
        if !volumes.iter().any(|known| known.name == volume.name) {
            volumes.push(volume);
        }
    }
    spec.volumes = Some(volumes).filter(|volumes| !volumes.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_when_taken_apart_then_the_ordinal_is_what_stands_behind_the_last_dash() {
        let table = [
            ("web-0", Some(("web", 0))),
            ("web-a-12", Some(("web-a", 12))),
            ("web-", None),
            ("web", None),
            ("web--1", Some(("web-", 1))),
            ("web-99999999999", None),
        ];
        for (name, expected) in table {
            assert_eq!(parent_and_ordinal(name), expected, "{name}");
        }
    }
}
