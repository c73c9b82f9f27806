//! Reasons, warnings and what DNS says, in English: the one place where they become words.

pub(crate) mod asking;
pub mod cluster_dns;
mod reasons;
mod warnings;

pub use reasons::say;
pub use warnings::{warn, warning_name};

use topology::Stage;
use topology::order::Reason;

/// A stretch of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The gist.
    Strong(String),
    /// Plain words.
    Text(String),
    /// A name or a command.
    Code(String),
}

/// A sentence or two under construction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Saying(pub Vec<Part>);

impl Saying {
    /// Begins with the gist.
    pub fn gist(text: impl Into<String>) -> Self {
        Self(vec![Part::Strong(text.into())])
    }

    /// Goes on with plain words.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Goes on with a name or a command.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Code(text.into()));
        self
    }

    /// The words without their looks.
    pub fn plain(&self) -> String {
        let texts = self.0.iter().map(|part| match part {
            Part::Strong(text) | Part::Text(text) | Part::Code(text) => text.as_str(),
        });
        texts.collect()
    }
}

/// The name of a reason's variant, by which scripts and tests know it.
pub fn name(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoController { .. } => "NoController",
        Reason::Deleting { .. } => "Deleting",
        Reason::Settled { .. } => "Settled",
        Reason::ScaledToZero => "ScaledToZero",
        Reason::NotObserved { .. } => "NotObserved",
        Reason::CreatesNext { .. } => "CreatesNext",
        Reason::CannotCreate { .. } => "CannotCreate",
        Reason::WaitsForReady { .. } => "WaitsForReady",
        Reason::WaitsForAvailable { .. } => "WaitsForAvailable",
        Reason::WaitsForTermination { .. } => "WaitsForTermination",
        Reason::ReplacesEnded { .. } => "ReplacesEnded",
        Reason::ScalesDown { .. } => "ScalesDown",
        Reason::ScaleDownWaits { .. } => "ScaleDownWaits",
        Reason::Updates { .. } => "Updates",
        Reason::UpdateWaits { .. } => "UpdateWaits",
        Reason::RolloutStuck { .. } => "RolloutStuck",
        Reason::PartitionHolds { .. } => "PartitionHolds",
        Reason::WaitsForDelete { .. } => "WaitsForDelete",
        Reason::Parallel { .. } => "Parallel",
        Reason::NotKnown { .. } => "NotKnown",
    }
}

/// How alarming a reason looks.
pub fn tone(reason: &Reason) -> &'static str {
    match reason {
        Reason::RolloutStuck { .. }
        | Reason::CannotCreate { .. }
        | Reason::WaitsForReady { stage: Stage::Failing, .. }
        | Reason::UpdateWaits { stage: Stage::Failing, .. }
        | Reason::ScaleDownWaits { stage: Stage::Failing, .. } => "stuck",
        Reason::Parallel { failing, .. } if *failing > 0 => "stuck",
        Reason::Settled { .. } | Reason::ScaledToZero => "settled",
        _ => "busy",
    }
}
