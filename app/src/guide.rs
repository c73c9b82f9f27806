//! The walk-through as the page shows it: the server tells the steps, in the reader's language, and which were done.

use serde::{Deserialize, Serialize};
use topology::Timestamp;

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Guide {
    /// The language that it is told in, as in `lang` attributes.
    pub language: String,
    /// The chapters, in order.
    pub chapters: Vec<Chapter>,
}

/// A part of the walk-through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Chapter {
    /// Its title.
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Step {
    /// Its name in addresses.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What happens, and why.
    pub text: String,
    /// What one types into a terminal for it.
    pub commands: Vec<String>,
    /// When the cluster did it last; `None` when it has not yet.
    pub done: Option<Timestamp>,
    /// What it printed when it was run from a page.
    pub output: Option<String>,
}

/// Texts of the walk-through's own buttons, which are in the reader's language as well.
pub struct Words {
    /// Runs a step.
    pub run: &'static str,
    /// Copies a command.
    pub copy: &'static str,
    /// It was copied.
    pub copied: &'static str,
    /// Brings the demo back to the start.
    pub reset: &'static str,
    /// Asks whether that is meant.
    pub reset_title: &'static str,
    /// What it does.
    pub reset_does: &'static str,
    /// What it leaves as it is.
    pub reset_leaves: &'static str,
    /// Leaves everything as it is.
    pub cancel: &'static str,
    /// Told to who has no buttons.
    pub follows: &'static str,
    /// Another language.
    pub other: &'static str,
    /// The tag of that language.
    pub other_tag: &'static str,
    /// The title of the drawer.
    pub title: &'static str,
}

impl Words {
    /// Those of a language.
    pub fn of(language: &str) -> Self {
        if language.starts_with("zh") {
            Self {
                run: "运行",
                copy: "复制",
                copied: "已复制",
                reset: "从头开始",
                reset_title: "从头开始？",
                reset_does: "这会删除命名空间 default 中所有的 StatefulSet、Deployment、ReplicaSet、Service（kubernetes \
                             除外）、Pod 和 PersistentVolumeClaim，然后重新创建 nginx、web 和 api。每个步骤重新变为未完成。",
                reset_leaves: "不会改变的：其他命名空间、节点及其注解、PersistentVolume，以及 Berth 记录的历史。",
                cancel: "取消",
                follows: "你在旁观：步骤由演示者运行。",
                other: "EN",
                other_tag: "en",
                title: "引导练习",
            }
        } else {
            Self {
                run: "Run it",
                copy: "Copy",
                copied: "Copied",
                reset: "Start over",
                reset_title: "Start over?",
                reset_does: "This deletes every StatefulSet, Deployment, ReplicaSet, Service (but kubernetes), pod and \
                             PersistentVolumeClaim in the namespace default, and then makes nginx, web and api anew. No \
                             step counts as done any more.",
                reset_leaves: "It leaves as they are: other namespaces, nodes and their annotations, PersistentVolumes, \
                               and the history that Berth keeps.",
                cancel: "Cancel",
                follows: "You look on: the presenter runs the steps.",
                other: "中文",
                other_tag: "zh",
                title: "Walk-through",
            }
        }
    }
}
