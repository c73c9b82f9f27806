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
