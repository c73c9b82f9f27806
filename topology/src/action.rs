//! What a reader may ask Berth to do to a cluster, each with the kubectl command that does the same.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{SetKey, Uid};

/// How many pods may be deleted at once.
pub const MAX_PODS: usize = 1_000;
/// How many replicas may be asked for.
pub const MAX_REPLICAS: u32 = 1_000;
/// The annotation by which the demo's kubelets hold a pod's readiness back.
pub const READY_ANNOTATION: &str = "berth.demo/ready";

/// Something to do to a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Action {
    /// Deletes pods, each only if it is still the one that was meant.
    Delete {
        /// Their namespace.
        namespace: String,
        /// Which, at most [`MAX_PODS`].
        pods: Vec<PodRef>,
    },
    /// Changes how many pods a StatefulSet has.
    Scale {
        /// Which StatefulSet.
        set: SetKey,
        /// How many, at most [`MAX_REPLICAS`].
        #[serde(deserialize_with = "replicas")]
        replicas: u32,
    },
    /// Changes the template, so that pods are replaced as the set's update strategy says: from the highest ordinal down to
    /// the partition, or, with `OnDelete`, each when somebody deletes it.
    Restart {
        /// Of which StatefulSet.
        set: SetKey,
    },
    /// Gives a container another image.
    SetImage {
        /// Of which StatefulSet.
        set: SetKey,
        /// Which container.
        container: String,
        /// The image.
        image: String,
    },
    /// Holds a pod's readiness back, or lets it go (in the demo only).
    SetReady {
        /// The pod's namespace.
        namespace: String,
        /// The pod.
        pod: String,
        /// Whether it may be Ready.
        ready: bool,
    },
    /// Applies the walk-through's Service and StatefulSet. On a cluster that is not the demo's, only where none of that name
    /// exists that Berth did not make.
    ApplyWalkThrough {
        /// Where.
        namespace: String,
    },
}

/// Reads how many; of what somebody wrote, says what can be.
fn replicas<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    if !from.is_human_readable() {
        return u32::deserialize(from);
    }
    let wanted = i64::deserialize(from)?;
    let wrong = |_| D::Error::custom(format!("replicas is {wanted}: between 0 and {MAX_REPLICAS} can be asked for"));
    u32::try_from(wanted).map_err(wrong)
}

/// A pod, and which one of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodRef {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: Uid,
}

/// What an [`Action`] needs to be allowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Ability {
    /// `delete` on pods.
    DeletePods,
    /// `patch` on the scale of StatefulSets.
    Scale,
    /// `patch` on StatefulSets.
    ChangeTemplate,
    /// `patch` on pods, in the demo.
    SetReady,
    /// `get`, `create` and `patch` on Services and StatefulSets.
    Apply,
}

/// What may be done in a namespace, and what there is to change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// What is allowed, sorted.
    pub abilities: Vec<Ability>,
    /// The containers of the StatefulSet that was asked about, with their images.
    pub containers: Vec<(String, String)>,
}

impl Action {
    /// What it needs.
    pub const fn needs(&self) -> Ability {
        match self {
            Self::Delete { .. } => Ability::DeletePods,
            Self::Scale { .. } => Ability::Scale,
            Self::Restart { .. } | Self::SetImage { .. } => Ability::ChangeTemplate,
            Self::SetReady { .. } => Ability::SetReady,
            Self::ApplyWalkThrough { .. } => Ability::Apply,
        }
    }

    /// The kubectl command that does the same, to be pasted into a shell.
    ///
    /// ```
    /// use topology::SetKey;
    /// use topology::action::Action;
    ///
    /// let scale = Action::Scale { set: SetKey::new("shop", "web"), replicas: 3 };
    /// assert_eq!(scale.command(), "kubectl scale statefulset web --replicas=3 -n shop");
    /// ```
    pub fn command(&self) -> String {
        let (what, namespace) = match self {
            Self::Delete { namespace, pods } => {
                let names: Vec<String> = pods.iter().map(|pod| quoted(&pod.name)).collect();
                (format!("delete pod {}", names.join(" ")), namespace.as_str())
            }
            Self::Scale { set, replicas } => {
                (format!("scale statefulset {} --replicas={replicas}", quoted(&set.name)), set.namespace.as_str())
            }
            Self::Restart { set } => {
                (format!("rollout restart statefulset {}", quoted(&set.name)), set.namespace.as_str())
            }
            Self::SetImage { set, container, image } => {
                let image = quoted(&format!("{container}={image}"));
                (format!("set image statefulset {} {image}", quoted(&set.name)), set.namespace.as_str())
            }
            Self::SetReady { namespace, pod, ready } => {
                let change = if *ready { format!("{READY_ANNOTATION}-") } else { format!("{READY_ANNOTATION}=false") };
                (format!("annotate pod {} {change} --overwrite", quoted(pod)), namespace.as_str())
            }
            Self::ApplyWalkThrough { namespace } => {
                ("apply -f svc.yaml -f statefulset.yaml".to_owned(), namespace.as_str())
            }
        };
        let namespace =
            if namespace == DEFAULT_NAMESPACE { String::new() } else { format!(" -n {}", quoted(namespace)) };
        format!("kubectl {what}{namespace}")
    }
}

/// The namespace that kubectl takes when none is named.
const DEFAULT_NAMESPACE: &str = "default";

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:=@+,%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_actions_when_written_as_commands_then_a_shell_would_do_the_same() {
        let set = SetKey::new("default", "web");
        let pod = |name: &str| PodRef { name: name.to_owned(), uid: Uid::default() };
        let image =
            |image: &str| Action::SetImage { set: set.clone(), container: "nginx".to_owned(), image: image.to_owned() };
        let ready = |ready| Action::SetReady { namespace: "shop".to_owned(), pod: "web-0".to_owned(), ready };
        for (action, command) in [
            (
                Action::Delete { namespace: "shop".to_owned(), pods: vec![pod("web-0"), pod("web-1")] },
                "kubectl delete pod web-0 web-1 -n shop",
            ),
            (Action::Restart { set: set.clone() }, "kubectl rollout restart statefulset web"),
            (image("nginx:1.25"), "kubectl set image statefulset web nginx=nginx:1.25"),
            (image("x; rm -rf '/'"), r"kubectl set image statefulset web 'nginx=x; rm -rf '\''/'\'''"),
            (ready(false), "kubectl annotate pod web-0 berth.demo/ready=false --overwrite -n shop"),
            (ready(true), "kubectl annotate pod web-0 berth.demo/ready- --overwrite -n shop"),
            (
                Action::ApplyWalkThrough { namespace: "shop".to_owned() },
                "kubectl apply -f svc.yaml -f statefulset.yaml -n shop",
            ),
        ] {
            assert_eq!(action.command(), command);
        }
    }
}
