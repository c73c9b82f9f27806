//! Deployments.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod::{self, Within};
use super::{Errors, Rules, check_not_negative, check_unchanged, selector};
use crate::failure::FieldError;

impl Rules for Deployment {
    fn fill(&mut self) {
        let spec = &mut self.spec;
        spec.replicas.get_or_insert(1);
        spec.revision_history_limit.get_or_insert(10);
        spec.progress_deadline_seconds.get_or_insert(600);
        let strategy = spec.strategy.get_or_insert_default();
        let kind = strategy.type_.get_or_insert_with(|| "RollingUpdate".to_owned());
        if kind == "RollingUpdate" {
            let rolling = strategy.rolling_update.get_or_insert_default();
            rolling.max_unavailable.get_or_insert_with(|| IntOrString::String("25%".to_owned()));
            rolling.max_surge.get_or_insert_with(|| IntOrString::String("25%".to_owned()));
        }
        pod::fill_template(&mut spec.template);
    }

    fn begin(&mut self) {
        self.status = Some(DeploymentStatus::default());
    }

    fn check(&self, errors: &mut Errors) {
        let spec = &self.spec;
        check_not_negative(errors, "spec.replicas", spec.replicas);
        let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        selector::check(&spec.selector, "deployment", labels, errors);
        pod::check_template(&spec.template, "spec.template", Within::Template, errors);
        pod::check_restart_policy(&spec.template, errors);
        let strategy = spec.strategy.clone().unwrap_or_default();
        match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
            ("Recreate", Some(_)) => {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                errors.push(FieldError::forbidden("spec.strategy.rollingUpdate", detail));
            }
            ("RollingUpdate", Some(rolling)) => check_rolling(rolling, errors),
            ("Recreate" | "RollingUpdate", None) => {}
            (other, _) => {
                let known = ["Recreate", "RollingUpdate"];
                errors.push(FieldError::not_supported("spec.strategy.type", other, &known));
            }
        }
        check_not_negative(errors, "spec.minReadySeconds", spec.min_ready_seconds);
        check_not_negative(errors, "spec.revisionHistoryLimit", spec.revision_history_limit);
        let deadline = spec.progress_deadline_seconds;
        check_not_negative(errors, "spec.progressDeadlineSeconds", deadline);
        if deadline.is_some_and(|deadline| deadline <= spec.min_ready_seconds.unwrap_or(0)) {
            let detail = "must be greater than minReadySeconds";
            errors.push(FieldError::invalid("spec.progressDeadlineSeconds", deadline, detail));
        }
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        let (new, old) = (&self.spec, &old.spec);
        check_unchanged(errors, "spec.selector", &new.selector, &old.selector);
    }
}

fn check_rolling(rolling: &RollingUpdateDeployment, errors: &mut Errors) {
    let field = "spec.strategy.rollingUpdate";
    let amount = |name: &str, value: Option<&IntOrString>, errors: &mut Errors| {
        value.and_then(|value| check_amount(&format!("{field}.{name}"), value, errors))
    };
    let unavailable = amount("maxUnavailable", rolling.max_unavailable.as_ref(), errors);
    let surge = amount("maxSurge", rolling.max_surge.as_ref(), errors);
    let is_nothing = |amount| matches!(amount, Some(Amount::Number(0) | Amount::Percent(0)));
    if is_nothing(unavailable) && is_nothing(surge) {
        let value = serde_json::to_value(&rolling.max_unavailable).unwrap_or_default();
        let detail = "may not be 0 when `maxSurge` is 0";
        errors.push(FieldError::invalid(format!("{field}.maxUnavailable"), value, detail));
    }
}

/// A number of pods, or a part of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amount {
    /// So many.
    Number(i32),
    /// So many of a hundred.
    Percent(i32),
}

impl Amount {
    /// Reads a number or a text such as `25%`.
    pub(crate) fn of(value: &IntOrString) -> Option<Self> {
        match value {
            IntOrString::Int(number) => Some(Self::Number(*number)),
            IntOrString::String(text) => Some(Self::Percent(text.strip_suffix('%')?.parse().ok()?)),
        }
    }

    /// So many of this total, parts rounded up or down.
    pub(crate) fn of_total(self, total: i32, up: bool) -> i32 {
        match self {
            Self::Number(number) => number,
            Self::Percent(percent) => {
                let hundredths = i64::from(percent) * i64::from(total);
                let rounded = if up { (hundredths + 99).div_euclid(100) } else { hundredths.div_euclid(100) };
                i32::try_from(rounded).unwrap_or(i32::MAX)
            }
        }
    }
}

/// Checks a number or a percentage of pods.
pub(super) fn check_amount(field: &str, value: &IntOrString, errors: &mut Errors) -> Option<Amount> {
    let amount = Amount::of(value);
    let shown = || serde_json::to_value(value).unwrap_or_default();
    match amount {
        Some(Amount::Number(number)) => check_not_negative(errors, field, Some(number)),
        Some(Amount::Percent(percent)) if percent > 100 => {
            errors.push(FieldError::invalid(field, shown(), "must not be greater than 100%"));
        }
        Some(Amount::Percent(percent)) if percent >= 0 => {}
        _ => {
            let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                          '93%', regex used for validation is '[0-9]+%')";
            errors.push(FieldError::invalid(field, shown(), detail));
        }
    }
    amount
}
