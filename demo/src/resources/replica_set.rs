//! ReplicaSets.

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetStatus};
use serde_json::{Map, Value, json};

use super::pod::{self, Within};
use super::{Errors, Rules, add, check_not_negative, check_unchanged, selector, within};

impl Rules for ReplicaSet {
    fn fill(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        let template = spec.template.get_or_insert_default();
        if self.metadata.labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty) {
            self.metadata.labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
        }
        pod::fill_template(template);
    }

    fn begin(&mut self) {
        self.status = Some(ReplicaSetStatus::default());
    }

    fn check(&self, errors: &mut Errors) {
        let spec = &self.spec;
        check_not_negative(errors, "spec.replicas", spec.replicas);
        check_not_negative(errors, "spec.minReadySeconds", spec.min_ready_seconds);
        let template = spec.template.clone().unwrap_or_default();
        let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        selector::check(&spec.selector, "deployment", labels, errors);
        pod::check_template(&template, "spec.template", Within::Template, errors);
        pod::check_restart_policy(&template, errors);
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        let (new, old) = (&self.spec, &old.spec);
        check_unchanged(errors, "spec.selector", &new.selector, &old.selector);
    }

    fn complete(object: &mut Map<String, Value>) {
        if let Some(status) = within(object, "status") {
            add(status, "replicas", json!(0));
        }
    }
}
