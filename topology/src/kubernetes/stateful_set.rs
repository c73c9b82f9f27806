//! `apps/v1/StatefulSet`.

use serde::{Deserialize, Serialize};

use super::{Labels, Metadata, or_default};

/// A StatefulSet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct StatefulSet {
    /// Its metadata.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What was asked for.
    #[serde(deserialize_with = "or_default")]
    pub spec: StatefulSetSpec,
    /// What is, as its controller counts.
    #[serde(deserialize_with = "or_default")]
    pub status: StatefulSetStatus,
}

/// `spec` of a StatefulSet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetSpec {
    /// How many pods; absent means 1.
    #[serde(deserialize_with = "or_default")]
    pub replicas: Option<i32>,
    /// The Service that its pods' subdomain names.
    #[serde(deserialize_with = "or_default")]
    pub service_name: String,
    /// `OrderedReady` (also when empty) or `Parallel`.
    #[serde(deserialize_with = "or_default")]
    pub pod_management_policy: String,
    /// Where ordinals start.
    #[serde(deserialize_with = "or_default")]
    pub ordinals: Ordinals,
    /// How changed templates are rolled out.
    #[serde(deserialize_with = "or_default")]
    pub update_strategy: UpdateStrategy,
    /// How long a pod must be Ready to count as available, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub min_ready_seconds: i32,
    /// Which pods it may adopt.
    #[serde(deserialize_with = "or_default")]
    pub selector: LabelSelector,
    /// What its pods look like.
    #[serde(deserialize_with = "or_default")]
    pub template: PodTemplate,
    /// The claims made for each ordinal.
    #[serde(deserialize_with = "or_default")]
    pub volume_claim_templates: Vec<ClaimTemplate>,
}

/// `spec.ordinals`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ordinals {
    /// The first ordinal.
    #[serde(deserialize_with = "or_default")]
    pub start: i32,
}

/// `spec.updateStrategy`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpdateStrategy {
    /// `RollingUpdate` (also when empty) or `OnDelete`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// The settings of a rolling update.
    #[serde(deserialize_with = "or_default")]
    pub rolling_update: Option<RollingUpdate>,
}

/// `spec.updateStrategy.rollingUpdate`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollingUpdate {
    /// Ordinals below `start + partition` keep their revision.
    #[serde(deserialize_with = "or_default")]
    pub partition: i32,
    /// How many may be unavailable; absent means 1.
    #[serde(deserialize_with = "or_default")]
    pub max_unavailable: Option<IntOrString>,
}

/// A number, or a percentage as text.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number.
    Int(i64),
    /// A percentage, as `25%`.
    Text(String),
}

/// A label selector.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Pairs that must be there.
    #[serde(deserialize_with = "or_default")]
    pub match_labels: Labels,
    /// Further conditions.
    #[serde(deserialize_with = "or_default")]
    pub match_expressions: Vec<SelectorRequirement>,
}

impl LabelSelector {
    /// Whether `labels` fulfil every part of the selector. An empty selector matches all, an operator that
    /// Kubernetes does not know matches nothing.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

/// One of `matchExpressions`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct SelectorRequirement {
    /// The label's key.
    #[serde(deserialize_with = "or_default")]
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "or_default")]
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
}

impl SelectorRequirement {
    fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator.as_str() {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

/// `spec.template`, of which only the labels are used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// The labels that new pods get are in here.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
}

/// One of `spec.volumeClaimTemplates`, of which only the name is used.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClaimTemplate {
    /// Its name begins the claims' names.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
}

/// `status` of a StatefulSet.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatefulSetStatus {
    /// The generation of the spec that the controller has seen.
    #[serde(deserialize_with = "or_default")]
    pub observed_generation: i64,
    /// Existing pods.
    #[serde(deserialize_with = "or_default")]
    pub replicas: u32,
    /// Pods that run and are Ready.
    #[serde(deserialize_with = "or_default")]
    pub ready_replicas: u32,
    /// Pods that are Ready for `minReadySeconds`.
    #[serde(deserialize_with = "or_default")]
    pub available_replicas: u32,
    /// Pods of the current revision.
    #[serde(deserialize_with = "or_default")]
    pub current_replicas: u32,
    /// Pods of the update revision.
    #[serde(deserialize_with = "or_default")]
    pub updated_replicas: u32,
    /// The revision that was rolled out before.
    #[serde(deserialize_with = "or_default")]
    pub current_revision: String,
    /// The revision of the newest template.
    #[serde(deserialize_with = "or_default")]
    pub update_revision: String,
}
