//! What every object has: a name, labels, annotations, owners, finalizers.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Errors, check_unchanged};
use crate::failure::FieldError;
use crate::kinds::Kind;
use crate::names;

/// The most bytes of all annotations together.
const MAX_ANNOTATIONS: usize = 256 << 10;

/// Checks the metadata of an object.
pub(crate) fn check(kind: Kind, metadata: &ObjectMeta, errors: &mut Errors) {
    let name = metadata.name.as_deref().unwrap_or_default();
    let prefix = metadata.generate_name.as_deref().unwrap_or_default();
    if !prefix.is_empty() {
        // What is generated ends in a letter or a digit.
        let stem = prefix.strip_suffix('-').unwrap_or(prefix);
        for wrong in super::name_errors(kind, stem) {
            errors.push(FieldError::invalid("metadata.generateName", prefix, wrong));
        }
    }
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        for wrong in super::name_errors(kind, name) {
            errors.push(FieldError::invalid("metadata.name", name, wrong));
        }
    }
    check_labels("metadata.labels", metadata.labels.as_ref(), errors);
    check_annotations("metadata.annotations", metadata.annotations.as_ref(), errors);
    let mut controllers = 0;
    for (index, owner) in metadata.owner_references.iter().flatten().enumerate() {
        let field = format!("metadata.ownerReferences[{index}]");
        for (name, value) in
            [("apiVersion", &owner.api_version), ("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)]
        {
            if value.is_empty() {
                errors.push(FieldError::invalid(format!("{field}.{name}"), "", format!("{name} must not be empty")));
            }
        }
        controllers += usize::from(owner.controller == Some(true));
    }
    if controllers > 1 {
        let detail = "Only one reference can have Controller set to true";
        errors.push(FieldError::invalid("metadata.ownerReferences", "", detail));
    }
    for (index, finalizer) in metadata.finalizers.iter().flatten().enumerate() {
        let well_known = ["orphan", "foregroundDeletion", "kubernetes"].contains(&finalizer.as_str());
        for wrong in names::label_key(finalizer) {
            errors.push(FieldError::invalid("metadata.finalizers", finalizer.as_str(), wrong));
        }
        if !well_known && !finalizer.contains('/') {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(format!("metadata.finalizers[{index}]"), finalizer.as_str(), detail));
        }
    }
}

/// Checks what must not change.
pub(crate) fn check_update(new: &ObjectMeta, old: &ObjectMeta, errors: &mut Errors) {
    if old.deletion_timestamp.is_some() {
        let known = old.finalizers.as_deref().unwrap_or_default();
        let added: Vec<&String> = new.finalizers.iter().flatten().filter(|it| !known.contains(it)).collect();
        if !added.is_empty() {
            let listed: Vec<String> = added.iter().map(|it| format!("{it:?}")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                listed.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", detail));
        }
    }
    check_unchanged(errors, "metadata.name", &new.name, &old.name);
}

/// Checks labels.
pub(crate) fn check_labels(field: &str, labels: Option<&BTreeMap<String, String>>, errors: &mut Errors) {
    for (key, value) in labels.into_iter().flatten() {
        for wrong in names::label_key(key) {
            errors.push(FieldError::invalid(field, key.as_str(), wrong));
        }
        for wrong in names::label_value(value) {
            errors.push(FieldError::invalid(field, value.as_str(), wrong));
        }
    }
}

/// Checks annotations.
pub(crate) fn check_annotations(field: &str, annotations: Option<&BTreeMap<String, String>>, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in annotations.into_iter().flatten() {
        for wrong in names::label_key(&key.to_lowercase()) {
            errors.push(FieldError::invalid(field, key.as_str(), wrong));
        }
        size += key.len() + value.len();
    }
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(field, MAX_ANNOTATIONS));
    }
}
