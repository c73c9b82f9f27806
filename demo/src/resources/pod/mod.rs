//! Pods, and the templates that they are made from.

mod check;
mod containers;
mod fill;
mod quality;
mod update;
mod volumes;

use k8s_openapi::api::core::v1::{Pod, PodStatus, Toleration};
use serde_json::{Map, Value};

use super::{Errors, Rules, add};

pub(crate) use check::{Within, check_port_number, check_protocol, check_restart_policy, check_template};
pub(crate) use fill::fill_template;
pub(crate) use quality::quality;

/// The seconds for which a pod stays on a node that is not reachable.
const PATIENCE: i64 = 300;

impl Rules for Pod {
    fn fill(&mut self) {
        let spec = self.spec.get_or_insert_default();
        fill::fill_spec(spec);
        spec.enable_service_links.get_or_insert(true);
        fill::requests_from_limits(spec);
        if spec.host_network == Some(true) {
            fill::host_ports(spec);
        }
    }

    fn begin(&mut self) {
        let spec = self.spec.get_or_insert_default();
        spec.priority.get_or_insert(0);
        spec.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".to_owned());
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let tolerations = spec.tolerations.get_or_insert_default();
            let tolerates = |it: &Toleration| {
                it.key.as_deref().is_none_or(|known| known == key || known.is_empty())
                    && it.effect.as_deref().is_none_or(|effect| effect == "NoExecute" || effect.is_empty())
            };
            if !tolerations.iter().any(tolerates) {
                tolerations.push(Toleration {
                    effect: Some("NoExecute".to_owned()),
                    key: Some(key.to_owned()),
                    operator: Some("Exists".to_owned()),
                    toleration_seconds: Some(PATIENCE),
                    value: None,
                });
            }
        }
        let status = PodStatus {
            phase: Some("Pending".to_owned()),
            qos_class: Some(quality(spec).to_owned()),
            ..PodStatus::default()
        };
        self.status = Some(status);
    }

    fn check(&self, errors: &mut Errors) {
        let nothing = k8s_openapi::api::core::v1::PodSpec::default();
        check::check_spec(self.spec.as_ref().unwrap_or(&nothing), "spec", Within::Pod, errors);
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        if let (Some(new), Some(old)) = (&self.spec, &old.spec) {
            update::check(new, old, errors);
        }
    }

    fn complete(object: &mut Map<String, Value>) {
        let status = object.get_mut("status").and_then(Value::as_object_mut);
        let Some(status) = status else { return };
        let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
        for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
            add(condition, "lastProbeTime", Value::Null);
        }
        for name in ["containerStatuses", "initContainerStatuses"] {
            let containers = status.get_mut(name).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                add(container, "lastState", Value::Object(Map::new()));
                add(container, "state", Value::Object(Map::new()));
            }
        }
    }
}
