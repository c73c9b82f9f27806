//! The steps of the walk-through, in order.

use serde::{Deserialize, Serialize};

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A headless Service and a StatefulSet are made.
    Make,
    /// web-0 is Ready before web-1 exists.
    Order,
    /// `hostname` in each pod is its name.
    Hostnames,
    /// DNS answers for both names.
    Resolve,
    /// Both pods are deleted.
    Delete,
    /// The same names are back with other addresses.
    Return,
    /// A Deployment's pods do not get their names back.
    Contrast,
    /// More pods come in order.
    ScaleUp,
    /// They go in reverse.
    ScaleDown,
    /// A rolling update stops at the partition.
    Partition,
    /// Without the partition it goes on.
    Finish,
    /// A broken image blocks the rollout.
    Break,
    /// The way out of it.
    Mend,
    /// A pod that is not ready leaves DNS.
    NotReady,
    /// Its address is published all the same.
    Publish,
    /// All is as before.
    Restore,
    /// A StatefulSet whose pods come all at once.
    Parallel,
}

/// The walk-through's first part: what it grew from.
pub const NAMES_STAY: [Step; 7] =
    [Step::Make, Step::Order, Step::Hostnames, Step::Resolve, Step::Delete, Step::Return, Step::Contrast];

/// The second: what else can happen.
pub const DAY_TWO: [Step; 10] = [
    Step::ScaleUp,
    Step::ScaleDown,
    Step::Partition,
    Step::Finish,
    Step::Break,
    Step::Mend,
    Step::NotReady,
    Step::Publish,
    Step::Restore,
    Step::Parallel,
];

impl Step {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES_STAY.into_iter().chain(DAY_TWO)
    }

    /// Its name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Make => "make",
            Self::Order => "order",
            Self::Hostnames => "hostnames",
            Self::Resolve => "resolve",
            Self::Delete => "delete",
            Self::Return => "return",
            Self::Contrast => "contrast",
            Self::ScaleUp => "scale-up",
            Self::ScaleDown => "scale-down",
            Self::Partition => "partition",
            Self::Finish => "finish",
            Self::Break => "break",
            Self::Mend => "mend",
            Self::NotReady => "not-ready",
            Self::Publish => "publish",
            Self::Restore => "restore",
            Self::Parallel => "parallel",
        }
    }

    /// The step of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|step| step.name() == name)
    }

    /// What one types into a terminal for it; `files` is the address of the folder that has the manifests.
    pub fn commands(self, files: &str) -> Vec<String> {
        let apply = |names: &[&str]| {
            let files: Vec<String> = names.iter().map(|name| format!(" -f {files}/{name}")).collect();
            vec![format!("kubectl apply{}", files.concat())]
        };
        let partition = |partition: u32| {
            let patch = format!(r#"{{"spec":{{"updateStrategy":{{"rollingUpdate":{{"partition":{partition}}}}}}}}}"#);
            format!("kubectl patch statefulset web -p '{patch}'")
        };
        let publish = |publish: bool| {
            let patch = format!(r#"{{"spec":{{"publishNotReadyAddresses":{publish}}}}}"#);
            format!("kubectl patch service nginx -p '{patch}'")
        };
        let image = |tag: &str| format!("kubectl set image statefulset web nginx=nginx:{tag}");
        let fixed = |commands: &[&str]| commands.iter().map(|&command| command.to_owned()).collect();
        match self {
            Self::Make => apply(&["svc.yaml", "statefulset.yaml"]),
            Self::Order => fixed(&["kubectl get pods -w -l app=nginx"]),
            Self::Hostnames => fixed(&["for i in 0 1; do kubectl exec web-$i -- sh -c 'hostname'; done"]),
            Self::Resolve => fixed(&[
                "kubectl run -i --tty --image busybox:1.28.4 dns-test --restart=Never --rm -- /bin/sh",
                "nslookup web-0.nginx",
                "nslookup web-1.nginx",
            ]),
            Self::Delete => fixed(&["kubectl delete pod -l app=nginx"]),
            Self::Return => fixed(&["kubectl get pods -o wide -l app=nginx"]),
            Self::Contrast => fixed(&["kubectl delete pod -l app=api"]),
            Self::ScaleUp => fixed(&["kubectl scale statefulset web --replicas=4"]),
            Self::ScaleDown => fixed(&["kubectl scale statefulset web --replicas=2"]),
            Self::Partition => vec![partition(1), image("1.9.2")],
            Self::Finish => vec![partition(0)],
            Self::Break => vec![image("missing")],
            Self::Mend => vec![image("1.9.2"), "kubectl delete pod web-1".to_owned()],
            Self::NotReady => fixed(&["kubectl annotate pod web-0 berth.demo/ready=false --overwrite"]),
            Self::Publish => vec![publish(true)],
            Self::Restore => vec!["kubectl annotate pod web-0 berth.demo/ready-".to_owned(), publish(false)],
            Self::Parallel => apply(&["parallel.yaml"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn given_every_step_when_named_then_the_name_leads_back_to_it() {
        assert_eq!(Step::all().count(), 17);
        for step in Step::all() {
            assert_eq!(Step::named(step.name()), Some(step));
            assert_eq!(serde_json::to_value(step).unwrap(), step.name());
        }
    }
}
