//! Reasons, warnings and what DNS says: the one place where they become words.

pub(crate) mod asking;
pub mod cluster_dns;
mod reasons;
mod warnings;

pub use reasons::say;
pub use warnings::{warn, warning_name};

use topology::Stage;
use topology::order::Reason;

use crate::language::Language;

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

/// A sentence or two.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Saying(pub Vec<Part>);

/// What a text of the catalogues says with these values: `said!(language, catalogue.key, name = value…)`.
macro_rules! said {
    ($language:expr, $catalogue:ident.$key:ident $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::say::Saying::of(&$crate::language::tr!(
            $language, $catalogue.$key $(, $name = $crate::say::escaped(&($value)))*
        ))
    };
}
pub(crate) use said;

impl Saying {
    /// Reads a text of the catalogues: the gist is between asterisks, names and commands are between backticks.
    pub(crate) fn of(text: &str) -> Self {
        let mut parts = Vec::new();
        for (at, text) in text.split('`').enumerate() {
            if at % 2 == 1 {
                parts.push(Part::Code(unescaped(text)));
                continue;
            }
            for (at, text) in text.split('*').enumerate().filter(|(_, text)| !text.is_empty()) {
                let text = unescaped(text);
                parts.push(if at % 2 == 1 { Part::Strong(text) } else { Part::Text(text) });
            }
        }
        Self(parts)
    }

    /// Goes on with another sentence.
    #[must_use]
    pub(crate) fn and(mut self, language: Language, next: Self) -> Self {
        if !language.space().is_empty() {
            self.0.push(Part::Text(language.space().to_owned()));
        }
        self.0.extend(next.0);
        self
    }

    /// Goes on in the same sentence.
    #[must_use]
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Text(text.into()));
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

/// What stands for the marks in values, which mean nothing there: characters that no text has.
const ESCAPES: [(char, char); 2] = [('`', '\u{f8fe}'), ('*', '\u{f8ff}')];

/// A value of a text, in which no mark means anything.
pub(crate) fn escaped(value: &dyn std::fmt::Display) -> String {
    ESCAPES
        .into_iter()
        .fold(value.to_string(), |text, (mark, escape)| text.replace(mark, escape.encode_utf8(&mut [0; 4])))
}

fn unescaped(text: &str) -> String {
    ESCAPES
        .into_iter()
        .fold(text.to_owned(), |text, (mark, escape)| text.replace(escape, mark.encode_utf8(&mut [0; 4])))
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

#[cfg(test)]
mod tests {
    use super::{Part, Saying};
    use crate::language::Language;

    #[test]
    fn given_a_text_with_marks_when_read_then_they_are_its_looks_and_those_of_values_are_not() {
        let hostile = "a`b*c";
        let said = said!(Language::English, reasons.failing, pod = "web-0", status = hostile);
        assert_eq!(said.0, [Part::Strong("web-0 is failing: a`b*c.".to_owned())]);
        let said = said!(Language::English, warnings.selects_others, service = "nginx", pods = hostile);
        let strong = Part::Strong("The Service nginx selects other pods.".to_owned());
        let (before, after) = (Part::Text(" Its name leads to ".to_owned()), Part::Text(" instead.".to_owned()));
        assert_eq!(said, Saying(vec![strong, before, Part::Code(hostile.to_owned()), after]));
    }
}
