//! What a dialog asks for, and its words.

use topology::Ordinal;
use topology::action::{Ability, Action, MAX_REPLICAS};
use topology::facts::UpdateStrategy;

use crate::language::{Language, tr};
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

pub(crate) fn told(asking: &Asking, language: Language) -> String {
    match (&asking.stands, amiss(asking)) {
        (Stands::Partly { said, .. } | Stands::Refused(said), _) => said.clone(),
        (Stands::Open | Stands::Sent, Some(Amiss::Lacks(right))) => tr!(language, dialogs.lacks, right = right),
        (Stands::Open | Stands::Sent, Some(Amiss::NoNumber)) => {
            tr!(language, dialogs.whole_number, most = MAX_REPLICAS)
        }
        (Stands::Open | Stands::Sent, None) => String::new(),
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
enum Amiss {
    /// Berth may not do it: it lacks this.
    Lacks(&'static str),
    /// What was typed is no number of replicas.
    NoNumber,
}

fn amiss(asking: &Asking) -> Option<Amiss> {
    let unclear = asking.ask == Ask::Scale && replicas(asking).is_none();
    lacks(asking).map(Amiss::Lacks).or(unclear.then_some(Amiss::NoNumber))
}

/// What Berth may not do for it: verbs and resources, as a role names them.
fn lacks(asking: &Asking) -> Option<&'static str> {
    let (needs, missing) = match &asking.ask {
        Ask::Delete(_) => (Ability::DeletePods, "delete pods"),
        Ask::Scale => (Ability::Scale, "patch statefulsets/scale"),
        Ask::Restart | Ask::SetImage => (Ability::ChangeTemplate, "get, patch statefulsets"),
        Ask::SetReady { .. } => (Ability::SetReady, "patch pods"),
        Ask::ApplyWalkThrough => (Ability::Apply, "get, create, patch services, statefulsets"),
    };
    asking.offer.as_ref().filter(|offer| !offer.abilities.contains(&needs)).map(|_| missing)
}

pub(crate) fn title(asking: &Asking, language: Language) -> String {
    let set = asking.set.as_ref().map(|set| set.name.as_str()).unwrap_or_default();
    match &asking.ask {
        Ask::Delete(pods) => match pods.as_slice() {
            [] => tr!(language, dialogs.no_pods, set = set),
            [pod] => tr!(language, dialogs.delete_one, pod = pod.name),
            pods => tr!(language, dialogs.delete_all, count = pods.len(), set = set),
        },
        Ask::Scale => tr!(language, dialogs.scale, set = set),
        Ask::Restart => tr!(language, dialogs.restart, set = set),
        Ask::SetImage => tr!(language, dialogs.set_image, set = set),
        Ask::SetReady { pod, ready: false } => tr!(language, dialogs.make_not_ready, pod = pod),
        Ask::SetReady { pod, ready: true } => tr!(language, dialogs.let_ready, pod = pod),
        Ask::ApplyWalkThrough => tr!(language, dialogs.apply).to_owned(),
    }
}

/// What comes of a changed template.
pub(crate) fn note(asking: &Asking, language: Language) -> String {
    let (Ask::Restart | Ask::SetImage, Some(set), Some(spec)) = (&asking.ask, &asking.set, &asking.spec) else {
        return String::new();
    };
    match spec.strategy {
        UpdateStrategy::OnDelete => tr!(language, dialogs.note_on_delete).to_owned(),
        UpdateStrategy::RollingUpdate { partition: 0, .. } => tr!(language, dialogs.note_rolling).to_owned(),
        UpdateStrategy::RollingUpdate { partition, .. } if partition >= spec.replicas => {
            tr!(language, dialogs.note_partition_all).to_owned()
        }
        UpdateStrategy::RollingUpdate { partition, .. } => {
            let last = set.pod_name(Ordinal(spec.start.0.saturating_add(partition)));
            tr!(language, dialogs.note_partition, last = last)
        }
        UpdateStrategy::Other(_) => String::new(),
    }
}

pub(crate) fn verb(ask: &Ask, language: Language) -> &'static str {
    match ask {
        Ask::Delete(_) => tr!(language, dialogs.verb_delete),
        Ask::Scale => tr!(language, dialogs.verb_scale),
        Ask::Restart => tr!(language, dialogs.verb_restart),
        Ask::SetImage => tr!(language, dialogs.verb_change),
        Ask::SetReady { .. } => tr!(language, dialogs.verb_do),
        Ask::ApplyWalkThrough => tr!(language, dialogs.verb_apply),
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
                let note = note(&asking(ask, strategy.clone()), Language::English);
                assert!(note.contains(said), "{strategy:?}: {note}");
            }
        }
        assert_eq!(note(&asking(Ask::Scale, rolling(0)), Language::English), "");
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
                (told(&asking, Language::English).as_str(), told_word(&asking)),
                ("Type a whole number from 0 to 1000.", "refused")
            );
            assert_eq!((action(&asking), can_go(&asking)), (None, false), "{typed}");
        }
        assert_eq!(told(&asking(Ask::Scale, UpdateStrategy::OnDelete), Language::English), "");
    }
}
