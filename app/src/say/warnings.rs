//! Warnings in words: what is wrong, what it breaks, and what mends it.

use topology::SetKey;
use topology::board::{LongName, Pods, Warning};
use topology::kubernetes::Labels;

use super::Saying;
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
pub fn warn(warning: &Warning, set: &SetKey, zone: Zone) -> Saying {
    match warning {
        Warning::NoServiceName => Saying::gist("The StatefulSet names no Service (serviceName).")
            .text(" Its pods have no names in DNS. The field cannot be changed later: delete the StatefulSet with ")
            .code(format!("kubectl delete sts {} -n {} --cascade=orphan", set.name, set.namespace))
            .text(", which keeps its pods, and create it anew with serviceName."),
        Warning::ServiceMissing { service } => Saying::gist(format!("The Service {service} does not exist."))
            .text(" serviceName names it, so that the pods' names cannot be found until it is made: a Service ")
            .code(service)
            .text(" with ")
            .code("clusterIP: None")
            .text(" and the pods' labels as its selector."),
        Warning::NotHeadless { service } => Saying::gist(format!("The Service {service} is not headless."))
            .text(" Its own name leads to one virtual address instead of the pods. Delete it and create it anew with ")
            .code("clusterIP: None")
            .text("; the field cannot be changed."),
        Warning::SelectsNobody { service, selector, labels } => {
            let saying = Saying::gist(format!("The Service {service} selects no pods."))
                .text(" Nothing is behind its names, so that they cannot be found.");
            selector_text(saying, selector, labels)
        }
        Warning::SelectsOthers { service, selector, labels, pods } => {
            let saying = Saying::gist(format!("The Service {service} selects other pods."))
                .text(" Its name leads to ")
                .code(pods_text(pods))
                .text(" instead.");
            selector_text(saying, selector, labels)
        }
        Warning::ReachesOthers { service, pods } => Saying::gist(format!(
            "The Service {service} reaches other pods as well."
        ))
        .text(" Its own name also answers with the addresses of ")
        .code(pods_text(pods))
        .text(
            ". A label that only this StatefulSet's pods have, in its template and in the selector, keeps them apart.",
        ),
        Warning::NotSelected { service, selector, pods } => {
            Saying::gist(format!("The Service {service} does not select every pod."))
                .text(" ")
                .code(pods_text(pods))
                .text(" lacks a label of its selector ")
                .code(labels_text(selector))
                .text(" and cannot be found by name. Put the label back, or delete the pod: it comes back with it.")
        }
        Warning::UnnamedPort { service, port, protocol } => {
            Saying::gist(format!("Port {port}/{} of {service} has no name.", protocol.name()))
                .text(" There is no SRV record to find it by. Name the port in the Service.")
        }
        Warning::NotReadyWithheld { service, pods } => {
            Saying::gist(format!("{service} withholds pods that are not Ready."))
                .text(" DNS has no address for ")
                .code(pods_text(pods))
                .text(" now. Where pods must find each other before they are Ready, the Service needs ")
                .code("publishNotReadyAddresses: true")
                .text(".")
        }
        Warning::NotReadyPublished { service, pods } => {
            Saying::gist(format!("{service} publishes pods that are not Ready."))
                .text(" DNS answers with the address of ")
                .code(pods_text(pods))
                .text(" though it does not serve, because of publishNotReadyAddresses.")
        }
        Warning::NameTooLong { name, of } => {
            let what = match of {
                LongName::Pod => "Its pod's name",
                LongName::Revision => "Its revision's name",
            };
            Saying::gist("A name is too long.").text(format!(" {what}, ")).code(name).text(format!(
                ", has {} characters; a label has 63 at most, so the pod cannot be created. The StatefulSet needs a \
                     shorter name.",
                name.chars().count()
            ))
        }
        Warning::OtherService { service, headless, by_name } => {
            let saying = Saying::gist(format!("The Service {service} selects the same pods."));
            let saying = match headless {
                true => saying.text(" Its name answers with all their addresses."),
                false => saying.text(" Its name answers with its own virtual address."),
            };
            if *by_name {
                saying.text(" The pods have names below it too.")
            } else {
                saying
                    .text(" The pods have no names below it: those are only below the Service that serviceName names.")
            }
        }
        Warning::AddressReused { label, service, address, namespace, pod, until, .. } => {
            Saying::gist(format!("{address} belongs to another pod now."))
                .text(" It was ")
                .code(format!("{label}.{service}"))
                .text("'s, and clients may keep that answer until ")
                .text(zone.time(*until))
                .text(": they reach ")
                .code(format!("{namespace}/{pod}"))
                .text(" instead. It passes by itself; connections that check whom they talk to are safe.")
        }
        Warning::UnusableAddress { service, slice, address, count } => {
            Saying::gist(format!("The slice {slice} of {service} has an address that is none."))
                .text(" ")
                .code(address)
                .text(match count {
                    0 | 1 => " is skipped.".to_owned(),
                    _ => format!(" and {} more are skipped.", count - 1),
                })
                .text(" Whoever wrote the slice has to mend it.")
        }
    }
}

fn selector_text(saying: Saying, selector: &Labels, labels: &Labels) -> Saying {
    let saying = if selector.is_empty() {
        saying.text(" It has no selector")
    } else {
        saying.text(" Its selector is ").code(labels_text(selector))
    };
    saying.text("; it must be among the pods' labels, ").code(labels_text(labels)).text(".")
}

fn labels_text(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn pods_text(pods: &Pods) -> String {
    match pods.more {
        0 => pods.first.clone(),
        more => format!("{} and {more} more", pods.first),
    }
}

#[cfg(test)]
mod tests {
    use topology::SetKey;
    use topology::board::{Pods, Warning};

    use super::warn;
    use crate::time::Zone;

    #[test]
    fn given_warnings_when_said_then_cause_damage_and_mend_are_there() {
        let set = SetKey::new("default", "web");
        let said = |warning| warn(&warning, &set, Zone::Utc).plain();
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
