//! StatefulSets.

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
    StatefulSetStatus,
};
use k8s_openapi::api::core::v1::Volume;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

use super::deployment::{Amount, check_amount};
use super::pod::{self, Within};
use super::{Errors, Rules, add, check_not_negative, check_unchanged, selector, within};
use crate::failure::FieldError;
use crate::names;

impl Rules for StatefulSet {
    fn name_errors(name: &str) -> Vec<String> {
        let wrong = names::label(name);
        wrong.into_iter().map(|wrong| wrong.replace("63 bytes", "63 characters")).collect()
    }

    fn fill(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        spec.service_name.get_or_insert_default();
        spec.pod_management_policy.get_or_insert_with(|| "OrderedReady".to_owned());
        let strategy = spec.update_strategy.get_or_insert_default();
        let kind = strategy.type_.get_or_insert_with(|| "RollingUpdate".to_owned());
        if kind == "RollingUpdate" {
            let rolling = strategy.rolling_update.get_or_insert_default();
            rolling.partition.get_or_insert(0);
            rolling.max_unavailable.get_or_insert(IntOrString::Int(1));
        }
        let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
        retention.when_deleted.get_or_insert_with(|| "Retain".to_owned());
        retention.when_scaled.get_or_insert_with(|| "Retain".to_owned());
        pod::fill_template(&mut spec.template);
        for claim in spec.volume_claim_templates.iter_mut().flatten() {
            super::volume::fill_claim(claim);
            claim.status.get_or_insert_default().phase.get_or_insert_with(|| "Pending".to_owned());
        }
    }

    fn begin(&mut self) {
        self.status = Some(StatefulSetStatus { available_replicas: Some(0), ..StatefulSetStatus::default() });
    }

    fn check(&self, errors: &mut Errors) {
        let spec = &self.spec;
        check_policies(spec, errors);
        for (index, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
            super::volume::check_claim(&format!("spec.volumeClaimTemplates[{index}].spec"), claim, errors);
        }
        check_not_negative(errors, "spec.replicas", spec.replicas);
        check_not_negative(errors, "spec.minReadySeconds", spec.min_ready_seconds);
        check_not_negative(errors, "spec.ordinals.start", spec.ordinals.as_ref().and_then(|ordinals| ordinals.start));
        let service = spec.service_name.as_deref().unwrap_or_default();
        if !service.is_empty() {
            for wrong in names::label(service) {
                errors.push(FieldError::invalid("spec.serviceName", service, wrong));
            }
        }
        let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        selector::check(&spec.selector, "statefulset", labels, errors);
        pod::check_template(&with_claims(spec), "spec.template", Within::Template, errors);
        let template = spec.template.spec.as_ref();
        let policy = template.and_then(|spec| spec.restart_policy.as_deref()).unwrap_or_default();
        if policy != "Always" {
            let field = "spec.template.spec.restartPolicy";
            errors.push(FieldError::not_supported(field, policy, &["Always"]));
        }
        if template.is_some_and(|spec| spec.active_deadline_seconds.is_some()) {
            let detail = "activeDeadlineSeconds in StatefulSet is not Supported";
            errors.push(FieldError::forbidden("spec.template.spec.activeDeadlineSeconds", detail));
        }
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        let (new, old) = (&self.spec, &old.spec);
        check_unchanged(errors, "spec.selector", &new.selector, &old.selector);
        let templates = "spec.volumeClaimTemplates";
        check_unchanged(errors, templates, &new.volume_claim_templates, &old.volume_claim_templates);
        check_unchanged(errors, "spec.serviceName", &new.service_name, &old.service_name);
        let policy = "spec.podManagementPolicy";
        check_unchanged(errors, policy, &new.pod_management_policy, &old.pod_management_policy);
    }

    fn complete(object: &mut Map<String, Value>) {
        if let Some(status) = within(object, "status") {
            add(status, "replicas", json!(0));
            add(status, "availableReplicas", json!(0));
        }
    }
}

fn check_policies(spec: &StatefulSetSpec, errors: &mut Errors) {
    let policy = spec.pod_management_policy.as_deref().unwrap_or_default();
    if !["OrderedReady", "Parallel"].contains(&policy) {
        let detail = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid("spec.podManagementPolicy", policy, detail));
    }
    let strategy = spec.update_strategy.clone().unwrap_or_default();
    let rolling = strategy.rolling_update.as_ref();
    match (strategy.type_.as_deref(), rolling) {
        (Some("RollingUpdate"), Some(rolling)) => check_rolling(rolling, errors),
        (Some("RollingUpdate" | "OnDelete"), None) => {}
        (Some("OnDelete"), Some(rolling)) => {
            let value = json!({"Partition": rolling.partition.unwrap_or(0), "MaxUnavailable": rolling.max_unavailable});
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(FieldError::invalid("spec.updateStrategy.rollingUpdate", value, detail));
        }
        (kind, rolling) => {
            let value = json!({"Type": kind, "RollingUpdate": rolling});
            let detail = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid("spec.updateStrategy", value, detail));
        }
    }
    let nothing = StatefulSetPersistentVolumeClaimRetentionPolicy::default();
    let retention = spec.persistent_volume_claim_retention_policy.as_ref().unwrap_or(&nothing);
    for (name, value) in [("whenDeleted", &retention.when_deleted), ("whenScaled", &retention.when_scaled)] {
        let value = value.as_deref().unwrap_or_default();
        if !["Retain", "Delete"].contains(&value) {
            let field = format!("spec.persistentVolumeClaimRetentionPolicy.{name}");
            errors.push(FieldError::not_supported(field, value, &["Retain", "Delete"]));
        }
    }
}

fn check_rolling(rolling: &RollingUpdateStatefulSetStrategy, errors: &mut Errors) {
    let field = "spec.updateStrategy.rollingUpdate";
    check_not_negative(errors, &format!("{field}.partition"), rolling.partition);
    let Some(most) = &rolling.max_unavailable else { return };
    let field = format!("{field}.maxUnavailable");
    let amount = check_amount(&field, most, errors);
    if amount == Some(Amount::Number(0)) || amount == Some(Amount::Percent(0)) {
        errors.push(FieldError::invalid(field, serde_json::to_value(most).unwrap_or_default(), "cannot be 0"));
    }
}

/// The template with the volumes that the controller adds for the claims, which mounts may name.
fn with_claims(spec: &StatefulSetSpec) -> k8s_openapi::api::core::v1::PodTemplateSpec {
    let mut template = spec.template.clone();
    let Some(pod) = &mut template.spec else { return template };
    // The controller sets them.
    pod.hostname = None;
    pod.subdomain = None;
    let claims = spec.volume_claim_templates.iter().flatten();
    let names: Vec<String> = claims.filter_map(|claim| claim.metadata.name.clone()).collect();
    let volumes = pod.volumes.get_or_insert_default();
    volumes.retain(|volume| !names.contains(&volume.name));
    volumes.extend(names.into_iter().map(|name| Volume {
        name,
        empty_dir: Some(k8s_openapi::api::core::v1::EmptyDirVolumeSource::default()),
        ..Volume::default()
    }));
    template
}
