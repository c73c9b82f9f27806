//! Warnings in words: what is wrong, what it breaks, and what mends it.

use topology::SetKey;
use topology::board::{LongName, Pods, Warning};
use topology::kubernetes::Labels;

use super::{Saying, said};
use crate::language::{Language, tr};
use crate::time::Zone;

/// The name of a warning's variant, by which scripts and tests know it.
pub fn warning_name(warning: &Warning) -> &'static str {
    match warning {
        Warning::NoServiceName => "NoServiceName",
        Warning::ServiceMissing { .. } => "ServiceMissing",
        Warning::NotHeadless { .. } => "NotHeadless",
        Warning::SelectsNobody { .. } => "SelectsNobody",
        Warning::SelectsOthers { .. } => "SelectsOthers",
        Warning::ReachesOthers { .. } => "ReachesOthers",
        Warning::NotSelected { .. } => "NotSelected",
        Warning::UnnamedPort { .. } => "UnnamedPort",
        Warning::NotReadyWithheld { .. } => "NotReadyWithheld",
        Warning::NotReadyPublished { .. } => "NotReadyPublished",
        Warning::NameTooLong { .. } => "NameTooLong",
        Warning::OtherService { .. } => "OtherService",
        Warning::AddressReused { .. } => "AddressReused",
        Warning::UnusableAddress { .. } => "UnusableAddress",
    }
}

/// Says a warning about `set`.
#[allow(clippy::too_many_lines, reason = "a few words for each variant")]
pub fn warn(warning: &Warning, set: &SetKey, language: Language, zone: Zone) -> Saying {
    let pods_text = |pods: &Pods| match pods.more {
        0 => pods.first.clone(),
        more => tr!(language, warnings.pods_more, pod = pods.first, more = more),
    };
    let chosen = |saying: Saying, selector: &Labels, labels: &Labels| {
        let labels = labels_text(labels);
        let next = if selector.is_empty() {
            said!(language, warnings.no_selector, labels = labels)
        } else {
            said!(language, warnings.selector, selector = labels_text(selector), labels = labels)
        };
        saying.and(language, next)
    };
    match warning {
        Warning::NoServiceName => {
            let command = format!("kubectl delete sts {} -n {} --cascade=orphan", set.name, set.namespace);
            said!(language, warnings.no_service_name, command = command)
        }
        Warning::ServiceMissing { service } => said!(language, warnings.service_missing, service = service),
        Warning::NotHeadless { service } => said!(language, warnings.not_headless, service = service),
        Warning::SelectsNobody { service, selector, labels } => {
            chosen(said!(language, warnings.selects_nobody, service = service), selector, labels)
        }
        Warning::SelectsOthers { service, selector, labels, pods } => {
            let saying = said!(language, warnings.selects_others, service = service, pods = pods_text(pods));
            chosen(saying, selector, labels)
        }
        Warning::ReachesOthers { service, pods } => {
            said!(language, warnings.reaches_others, service = service, pods = pods_text(pods))
        }
        Warning::NotSelected { service, selector, pods } => {
            let (pods, selector) = (pods_text(pods), labels_text(selector));
            said!(language, warnings.not_selected, service = service, pods = pods, selector = selector)
        }
        Warning::UnnamedPort { service, port, protocol } => {
            said!(language, warnings.unnamed_port, service = service, port = port, protocol = protocol.name())
        }
        Warning::NotReadyWithheld { service, pods } => {
            said!(language, warnings.not_ready_withheld, service = service, pods = pods_text(pods))
        }
        Warning::NotReadyPublished { service, pods } => {
            said!(language, warnings.not_ready_published, service = service, pods = pods_text(pods))
        }
        Warning::NameTooLong { name, of } => {
            let length = name.chars().count();
            match of {
                LongName::Pod => said!(language, warnings.pod_name_too_long, name = name, length = length),
                LongName::Revision => said!(language, warnings.revision_name_too_long, name = name, length = length),
            }
        }
        Warning::OtherService { service, headless, by_name } => {
            let saying = if *headless {
                said!(language, warnings.other_headless, service = service)
            } else {
                said!(language, warnings.other_virtual, service = service)
            };
            let next = if *by_name {
                said!(language, warnings.other_by_name)
            } else {
                said!(language, warnings.other_not_by_name)
            };
            saying.and(language, next)
        }
        Warning::AddressReused { label, service, address, namespace, pod, until, .. } => {
            let (name, pod) = (format!("{label}.{service}"), format!("{namespace}/{pod}"));
            let until = zone.time(*until);
            said!(language, warnings.address_reused, address = address, name = name, until = until, pod = pod)
        }
        Warning::UnusableAddress { service, slice, address, count: 0 | 1 } => {
            said!(language, warnings.unusable_address, slice = slice, service = service, address = address)
        }
        Warning::UnusableAddress { service, slice, address, count } => said!(
            language,
            warnings.unusable_addresses,
            slice = slice,
            service = service,
            address = address,
            more = count - 1
        ),
    }
}

fn labels_text(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use topology::SetKey;
    use topology::board::{Pods, Warning};

    use super::warn;
    use crate::language::Language;
    use crate::time::Zone;

    #[test]
    fn given_warnings_when_said_then_cause_damage_and_mend_are_there() {
        let set = SetKey::new("default", "web");
        let said = |warning| warn(&warning, &set, Language::English, Zone::Utc).plain();
        assert_eq!(
            said(Warning::ServiceMissing { service: "nginx".to_owned() }),
            "The Service nginx does not exist. serviceName names it, so that the pods' names cannot be found until it is \
             made: a Service nginx with clusterIP: None and the pods' labels as its selector."
        );
        let pods = Pods { first: "web-0".to_owned(), more: 2 };
        let withheld = said(Warning::NotReadyWithheld { service: "nginx".to_owned(), pods });
        assert!(withheld.contains("web-0 and 2 more") && withheld.contains("publishNotReadyAddresses: true"));
    }
}
