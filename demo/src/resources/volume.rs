//! Storage: claims, volumes, classes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
    PersistentVolumeStatus,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{Errors, Rules, check_unchanged};
use crate::failure::FieldError;
use crate::schema;

/// The finalizer by which a claim waits for the pods that use it.
pub(crate) const CLAIM_IN_USE: &str = "kubernetes.io/pvc-protection";

const MODES: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

impl Rules for PersistentVolumeClaim {
    fn fill(&mut self) {
        fill_claim(self);
    }

    fn begin(&mut self) {
        let finalizers = self.metadata.finalizers.get_or_insert_default();
        if !finalizers.iter().any(|known| known == CLAIM_IN_USE) {
            finalizers.push(CLAIM_IN_USE.to_owned());
        }
        let phase = Some("Pending".to_owned());
        self.status = Some(PersistentVolumeClaimStatus { phase, ..PersistentVolumeClaimStatus::default() });
    }

    fn check(&self, errors: &mut Errors) {
        check_claim("spec", self, errors);
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        let may_change = |spec: &Option<PersistentVolumeClaimSpec>| {
            let mut spec = spec.clone().unwrap_or_default();
            // How much may grow, and the volume is set once, by the controller.
            spec.resources = None;
            spec.volume_attributes_class_name = None;
            spec
        };
        let (new, mut old_spec) = (may_change(&self.spec), may_change(&old.spec));
        if old_spec.volume_name.is_none() {
            old_spec.volume_name.clone_from(&new.volume_name);
        }
        if old_spec.storage_class_name.is_none() {
            old_spec.storage_class_name.clone_from(&new.storage_class_name);
        }
        if new != old_spec {
            let detail = "spec is immutable after creation except resources.requests and volumeAttributesClassName for \
                          bound claims";
            errors.push(FieldError::forbidden("spec", detail));
        }
    }
}

/// Fills in a claim, also in a template.
pub(super) fn fill_claim(claim: &mut PersistentVolumeClaim) {
    let spec = claim.spec.get_or_insert_default();
    spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    spec.resources.get_or_insert_default();
}

/// Checks a claim, also in a template; `field` is the path to its spec.
pub(super) fn check_claim(field: &str, claim: &PersistentVolumeClaim, errors: &mut Errors) {
    let nothing = PersistentVolumeClaimSpec::default();
    let spec = claim.spec.as_ref().unwrap_or(&nothing);
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        let detail = "at least 1 access mode is required";
        errors.push(FieldError::required(format!("{field}.accessModes"), detail));
    }
    for mode in modes.iter().filter(|mode| !MODES.contains(&mode.as_str())) {
        errors.push(FieldError::not_supported(format!("{field}.accessModes"), mode.as_str(), &MODES));
    }
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    check_storage(&format!("{field}.resources[storage]"), requests, errors);
}

fn check_storage(field: &str, amounts: Option<&BTreeMap<String, Quantity>>, errors: &mut Errors) {
    match amounts.and_then(|amounts| amounts.get("storage")) {
        None => errors.push(FieldError::required(field, "")),
        Some(Quantity(text)) => {
            let amount = text.parse::<schema::Quantity>();
            if amount.is_ok_and(|amount| amount.is_zero() || amount.is_negative()) {
                errors.push(FieldError::invalid(field, text.as_str(), "must be greater than zero"));
            }
        }
    }
}

impl Rules for PersistentVolume {
    fn fill(&mut self) {
        let spec = self.spec.get_or_insert_default();
        spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
        spec.persistent_volume_reclaim_policy.get_or_insert_with(|| "Retain".to_owned());
    }

    fn begin(&mut self) {
        let phase = Some("Pending".to_owned());
        self.status = Some(PersistentVolumeStatus { phase, ..PersistentVolumeStatus::default() });
    }

    fn check(&self, errors: &mut Errors) {
        let Some(spec) = &self.spec else { return };
        if spec.access_modes.as_ref().is_none_or(Vec::is_empty) {
            errors.push(FieldError::required("spec.accessModes", ""));
        }
        if spec.capacity.as_ref().is_none_or(|capacity| !capacity.contains_key("storage")) {
            let found = serde_json::to_value(&spec.capacity).unwrap_or_default();
            let known = ["storage"];
            errors.push(FieldError::not_supported("spec.capacity", found, &known));
        }
    }
}

impl Rules for StorageClass {
    fn fill(&mut self) {
        self.reclaim_policy.get_or_insert_with(|| "Delete".to_owned());
        self.volume_binding_mode.get_or_insert_with(|| "Immediate".to_owned());
    }

    fn check(&self, errors: &mut Errors) {
        if self.provisioner.is_empty() {
            errors.push(FieldError::required("provisioner", ""));
        }
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        check_unchanged(errors, "provisioner", &self.provisioner, &old.provisioner);
        check_unchanged(errors, "parameters", &self.parameters, &old.parameters);
    }
}
