//! What a dialog asks for, and its words.

use topology::Ordinal;
use topology::action::{Ability, Action, MAX_REPLICAS};
use topology::facts::UpdateStrategy;

use crate::state::{Ask, Asking, Stands};

/// What is asked for, as far as the fields say something.
pub(crate) fn action(asking: &Asking) -> Option<Action> {
    let namespace = asking.namespace.trim().to_owned();
    let set = || asking.set.clone();
    Some(match &asking.ask {
        Ask::Delete(pods) => Action::Delete { namespace, pods: pods.clone() },
        Ask::Scale => Action::Scale { set: set()?, replicas: replicas(asking)? },
        Ask::Restart => Action::Restart { set: set()? },
        Ask::SetImage => {
            let (container, image) = (asking.container.clone(), asking.image.trim().to_owned());
            Action::SetImage { set: set()?, container, image }
        }
        Ask::SetReady { pod, ready } => Action::SetReady { namespace, pod: pod.clone(), ready: *ready },
        Ask::ApplyWalkThrough => Action::ApplyWalkThrough { namespace },
    })
}

/// How many replicas were typed, where that is a number that can be asked for.
fn replicas(asking: &Asking) -> Option<u32> {
    asking.replicas.trim().parse().ok().filter(|replicas| *replicas <= MAX_REPLICAS)
}

/// Whether it can be confirmed now.
pub(crate) fn can_go(asking: &Asking) -> bool {
    let Some(action) = action(asking) else { return false };
    let says_something = match &action {
        Action::Delete { pods, .. } => !pods.is_empty(),
        Action::SetImage { image, .. } => !image.is_empty(),
        _ => true,
    };
    let is_free = matches!(asking.stands, Stands::Open | Stands::Refused(_));
    says_something && is_free && asking.offer.as_ref().is_some_and(|offer| offer.abilities.contains(&action.needs()))
}

pub(crate) fn told_word(asking: &Asking) -> &'static str {
    match (&asking.stands, amiss(asking)) {
        (Stands::Partly { .. }, _) => "done",
        (Stands::Refused(_), _) | (_, Some(_)) => "refused",
        (Stands::Open | Stands::Sent, None) => "",
    }
}

pub(crate) fn told(asking: &Asking) -> String {
    match &asking.stands {
        Stands::Partly { said, .. } | Stands::Refused(said) => said.clone(),
        Stands::Open | Stands::Sent => amiss(asking).unwrap_or_default(),
    }
}

/// What was not done.
pub(crate) fn failed(asking: &Asking) -> String {
    match &asking.stands {
        Stands::Partly { failed, .. } => failed.clone(),
        Stands::Open | Stands::Sent | Stands::Refused(_) => String::new(),
    }
}

/// What keeps it from being confirmed, where that is not plain to see.
fn amiss(asking: &Asking) -> Option<String> {
    let unclear = asking.ask == Ask::Scale && replicas(asking).is_none();
    let number = unclear.then(|| format!("Type a whole number from 0 to {MAX_REPLICAS}."));
    lacks(asking).map(str::to_owned).or(number)
}

/// What Berth may not do for it.
fn lacks(asking: &Asking) -> Option<&'static str> {
    let (needs, missing) = match &asking.ask {
        Ask::Delete(_) => (Ability::DeletePods, "Berth may not do this: its role lacks delete on pods."),
        Ask::Scale => (Ability::Scale, "Berth may not do this: its role lacks patch on statefulsets/scale."),
        Ask::Restart | Ask::SetImage => {
            (Ability::ChangeTemplate, "Berth may not do this: its role lacks get and patch on statefulsets.")
        }
        Ask::SetReady { .. } => (Ability::SetReady, "Berth may not do this: its role lacks patch on pods."),
        Ask::ApplyWalkThrough => {
            let missing =
                "Berth may not do this: its role lacks get, create and patch on services and statefulsets there.";
            (Ability::Apply, missing)
        }
    };
    asking.offer.as_ref().filter(|offer| !offer.abilities.contains(&needs)).map(|_| missing)
}

pub(crate) fn title(asking: &Asking) -> String {
    let set = asking.set.as_ref().map(|set| set.name.as_str()).unwrap_or_default();
    match &asking.ask {
        Ask::Delete(pods) => match pods.as_slice() {
            [] => format!("{set} has no pods to delete"),
            [pod] => format!("Delete {}?", pod.name),
            pods => format!("Delete all {} pods of {set}?", pods.len()),
        },
        Ask::Scale => format!("Scale {set}"),
        Ask::Restart => format!("Restart {set}?"),
        Ask::SetImage => format!("Change the image of {set}"),
        Ask::SetReady { pod, ready: false } => format!("Make {pod} not ready?"),
        Ask::SetReady { pod, ready: true } => format!("Let {pod} be ready?"),
        Ask::ApplyWalkThrough => "Apply the walk-through's Service and StatefulSet?".to_owned(),
    }
}

/// What comes of a changed template.
pub(crate) fn note(asking: &Asking) -> String {
    let (Ask::Restart | Ask::SetImage, Some(set), Some(spec)) = (&asking.ask, &asking.set, &asking.spec) else {
        return String::new();
    };
    match spec.strategy {
        UpdateStrategy::OnDelete => {
            "Its update strategy is OnDelete: no pod is replaced now. Each gets the change when somebody deletes it."
                .to_owned()
        }
        UpdateStrategy::RollingUpdate { partition: 0, .. } => {
            "Its pods are replaced from the highest number down, as many at a time as maxUnavailable allows.".to_owned()
        }
        UpdateStrategy::RollingUpdate { partition, .. } if partition >= spec.replicas => {
            "Its partition keeps all pods as they are: none is replaced now.".to_owned()
        }
        UpdateStrategy::RollingUpdate { partition, .. } => {
            let last = set.pod_name(Ordinal(spec.start.0.saturating_add(partition)));
            format!(
                "Its pods are replaced from the highest number down to {last}; the partition keeps the others as they are."
            )
        }
        UpdateStrategy::Other(_) => String::new(),
    }
}

pub(crate) fn verb(ask: &Ask) -> &'static str {
    match ask {
        Ask::Delete(_) => "Delete",
        Ask::Scale => "Scale",
        Ask::Restart => "Restart",
        Ask::SetImage => "Change",
        Ask::SetReady { .. } => "Do it",
        Ask::ApplyWalkThrough => "Apply",
    }
}

#[cfg(test)]
mod tests {
    use topology::action::PodRef;
    use topology::board::Spec;
    use topology::facts::{MaxUnavailable, PodManagement};
    use topology::{SetKey, Uid};

    use super::*;

    fn asking(ask: Ask, strategy: UpdateStrategy) -> Asking {
        let spec = Spec {
            uid: Uid::default(),
            created: None,
            deleting: None,
            generation: 1,
            replicas: 3,
            start: Ordinal(0),
            policy: PodManagement::OrderedReady,
            service_name: "nginx".to_owned(),
            strategy,
            min_ready_seconds: 0,
            claims: Vec::new(),
        };
        Asking {
            serial: crate::state::Serial::default(),
            ask,
            set: Some(SetKey::new("shop", "web")),
            spec: Some(spec),
            namespace: "shop".to_owned(),
            offer: None,
            stands: Stands::Open,
            replicas: "3".to_owned(),
            container: "nginx".to_owned(),
            image: "nginx:2".to_owned(),
        }
    }

    #[test]
    fn given_a_strategy_when_a_template_is_changed_then_the_dialog_says_which_pods_are_replaced() {
        let rolling = |partition| UpdateStrategy::RollingUpdate { partition, max_unavailable: MaxUnavailable::Pods(1) };
        for (strategy, said) in [
            (rolling(0), "as many at a time as maxUnavailable allows"),
            (rolling(1), "down to web-1; the partition keeps the others"),
            (rolling(3), "none is replaced now"),
            (UpdateStrategy::OnDelete, "no pod is replaced now"),
        ] {
            for ask in [Ask::Restart, Ask::SetImage] {
                let note = note(&asking(ask, strategy.clone()));
                assert!(note.contains(said), "{strategy:?}: {note}");
            }
        }
        assert_eq!(note(&asking(Ask::Scale, rolling(0))), "");
    }

    #[test]
    fn given_each_thing_to_do_when_confirmed_then_it_is_done_to_the_set_that_was_asked_about() {
        let pods = vec![PodRef { name: "web-0".to_owned(), uid: Uid::default() }];
        for (ask, command) in [
            (Ask::Delete(pods), "kubectl delete pod web-0 -n shop"),
            (Ask::Scale, "kubectl scale statefulset web --replicas=3 -n shop"),
            (Ask::Restart, "kubectl rollout restart statefulset web -n shop"),
            (Ask::SetImage, "kubectl set image statefulset web nginx=nginx:2 -n shop"),
            (Ask::ApplyWalkThrough, "kubectl apply -f svc.yaml -f statefulset.yaml -n shop"),
        ] {
            let asking = asking(ask, UpdateStrategy::OnDelete);
            assert_eq!(action(&asking).map(|action| action.command()).as_deref(), Some(command));
        }
    }

    #[test]
    fn given_replicas_that_cannot_be_when_typed_then_it_is_said_what_can_and_nothing_is_sent() {
        for typed in ["-1", "1001", "99999999999", "2.5", "two", ""] {
            let asking = Asking { replicas: typed.to_owned(), ..asking(Ask::Scale, UpdateStrategy::OnDelete) };
            assert_eq!(
                (told(&asking).as_str(), told_word(&asking)),
                ("Type a whole number from 0 to 1000.", "refused")
            );
            assert_eq!((action(&asking), can_go(&asking)), (None, false), "{typed}");
        }
        assert_eq!(told(&asking(Ask::Scale, UpdateStrategy::OnDelete)), "");
    }
}
