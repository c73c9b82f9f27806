//! The columns of claims, volumes and classes.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::{Column, name, or, text, wide};
use crate::kinds::Typed;

pub(super) const CLAIM: &[Column] = &[
    name("Name"),
    text("Status"),
    text("Volume"),
    text("Capacity"),
    text("Access Modes"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Age"),
    wide("VolumeMode"),
];

pub(super) fn claim(claim: &PersistentVolumeClaim, age: &str, _: Timestamp) -> Vec<Value> {
    let (spec, status) = (claim.spec.clone().unwrap_or_default(), claim.status.clone().unwrap_or_default());
    let volume = spec.volume_name.unwrap_or_default();
    let (capacity, access) = if volume.is_empty() {
        (String::new(), String::new())
    } else {
        let capacity = status.capacity.iter().flatten().find(|(name, _)| *name == "storage");
        (capacity.map_or_else(|| "0".to_owned(), |(_, amount)| amount.0.clone()), modes(status.access_modes.as_deref()))
    };
    vec![
        json!(claim.name()),
        phase(status.phase.as_deref(), claim.metadata.deletion_timestamp.is_some()),
        json!(volume),
        json!(capacity),
        json!(access),
        or(spec.storage_class_name.as_deref(), ""),
        or(spec.volume_attributes_class_name.as_deref(), "<unset>"),
        json!(age),
        or(spec.volume_mode.as_deref(), "<unset>"),
    ]
}

pub(super) const VOLUME: &[Column] = &[
    name("Name"),
    text("Capacity"),
    text("Access Modes"),
    text("Reclaim Policy"),
    text("Status"),
    text("Claim"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Reason"),
    text("Age"),
    wide("VolumeMode"),
];

pub(super) fn volume(volume: &PersistentVolume, age: &str, _: Timestamp) -> Vec<Value> {
    let (spec, status) = (volume.spec.clone().unwrap_or_default(), volume.status.clone().unwrap_or_default());
    let capacity = spec.capacity.iter().flatten().find(|(name, _)| *name == "storage");
    let claim = spec.claim_ref.as_ref().map(|claim| {
        format!("{}/{}", claim.namespace.as_deref().unwrap_or_default(), claim.name.as_deref().unwrap_or_default())
    });
    vec![
        json!(volume.name()),
        json!(capacity.map_or("0", |(_, amount)| amount.0.as_str())),
        json!(modes(spec.access_modes.as_deref())),
        or(spec.persistent_volume_reclaim_policy.as_deref(), ""),
        phase(status.phase.as_deref(), volume.metadata.deletion_timestamp.is_some()),
        json!(claim.unwrap_or_default()),
        or(spec.storage_class_name.as_deref(), ""),
        or(spec.volume_attributes_class_name.as_deref(), "<unset>"),
        or(status.reason.as_deref(), ""),
        json!(age),
        or(spec.volume_mode.as_deref(), "<unset>"),
    ]
}

pub(super) const CLASS: &[Column] = &[
    name("Name"),
    text("Provisioner"),
    text("ReclaimPolicy"),
    text("VolumeBindingMode"),
    text("AllowVolumeExpansion"),
    text("Age"),
];

pub(super) fn class(class: &StorageClass, age: &str, _: Timestamp) -> Vec<Value> {
    let mut annotations = class.metadata.annotations.iter().flatten();
    let default =
        annotations.any(|(key, value)| key == "storageclass.kubernetes.io/is-default-class" && value == "true");
    let name = if default { format!("{} (default)", class.name()) } else { class.name().to_owned() };
    vec![
        json!(name),
        json!(class.provisioner),
        or(class.reclaim_policy.as_deref(), "Delete"),
        or(class.volume_binding_mode.as_deref(), "Immediate"),
        json!(class.allow_volume_expansion.unwrap_or(false)),
        json!(age),
    ]
}

fn phase(phase: Option<&str>, deleting: bool) -> Value {
    if deleting { json!("Terminating") } else { or(phase, "") }
}

fn modes(modes: Option<&[String]>) -> String {
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let has = |long: &str| modes.into_iter().flatten().any(|mode| mode == long);
    short.into_iter().filter(|(long, _)| has(long)).map(|(_, short)| short).collect::<Vec<_>>().join(",")
}
