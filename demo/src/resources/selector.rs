//! The selectors of workloads: by which labels they know their pods.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use serde_json::json;

use super::Errors;
use crate::failure::FieldError;
use crate::names;
use crate::selectors::LabelSelector;

/// Checks the selector of a workload, and that it selects what the template makes. `of` is the kind that messages name.
pub(super) fn check(
    selector: &meta::LabelSelector,
    of: &str,
    template_labels: Option<&BTreeMap<String, String>>,
    errors: &mut Errors,
) {
    let nothing = selector.match_labels.is_none() && selector.match_expressions.is_none();
    if nothing {
        // A selector that is not there and one that is empty look the same here; the first is the usual mistake.
        errors.push(FieldError::required("spec.selector", ""));
    } else {
        check_parts(selector, errors);
        let labels = selector.match_labels.as_ref().map_or(0, BTreeMap::len);
        if labels + selector.match_expressions.as_ref().map_or(0, Vec::len) == 0 {
            let detail = format!("empty selector is invalid for {of}");
            errors.push(FieldError::invalid("spec.selector", json!({}), detail));
        }
    }
    match LabelSelector::of(selector) {
        None => {
            let value = serde_json::to_value(selector).unwrap_or_default();
            errors.push(FieldError::invalid("spec.selector", value, ""));
        }
        Some(parsed) => {
            if nothing || !parsed.matches(template_labels.unwrap_or(&BTreeMap::new())) {
                let detail = "`selector` does not match template `labels`";
                errors.push(FieldError::invalid("spec.template.metadata.labels", json!(template_labels), detail));
            }
        }
    }
}

fn check_parts(selector: &meta::LabelSelector, errors: &mut Errors) {
    super::metadata::check_labels("spec.selector.matchLabels", selector.match_labels.as_ref(), errors);
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let field = format!("spec.selector.matchExpressions[{index}]");
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(FieldError::required(format!("{field}.values"), detail));
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(FieldError::forbidden(format!("{field}.values"), detail));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                errors.push(FieldError::invalid(format!("{field}.operator"), other, "not a valid selector operator"));
            }
        }
        for wrong in names::label_key(&expression.key) {
            errors.push(FieldError::invalid(format!("{field}.key"), expression.key.as_str(), wrong));
        }
        for (at, value) in values.iter().enumerate() {
            for wrong in names::label_value(value) {
                errors.push(FieldError::invalid(format!("{field}.values[{at}]"), value.as_str(), wrong));
            }
        }
    }
}
