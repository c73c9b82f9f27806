//! Which StatefulSets the fleet shows, and in which order: pure.

use std::cmp::{Ordering, Reverse};

use topology::fleet::{Attention, Summary};
use topology::{SetKey, Timestamp};

/// For how long something counts as recently changed, in milliseconds.
pub const RECENT: i64 = 600_000;
/// How long a search may be, in characters; what an address has beyond that is left out.
pub const MAX_QUERY: usize = 200;

/// What the reader wants to see of the fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Words that must all be part of the namespace or the name.
    pub query: String,
    /// What must hold of each StatefulSet, all of it; in the order of [`Show::ALL`].
    pub shows: Vec<Show>,
    /// In which order.
    pub sort: Sort,
    /// Whether those of a namespace stand together.
    pub grouped: bool,
}

/// What may be asked of a StatefulSet to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Not all wanted pods are Ready.
    NotReady,
    /// It will not go on by itself, or a pod fails.
    Stuck,
    /// A pod came, went or changed within [`RECENT`].
    Changed,
    /// There are warnings.
    Warnings,
}

/// Orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By namespace and name.
    #[default]
    Name,
    /// What needs attention first.
    Attention,
    /// Where most pods are missing first.
    Ready,
    /// What changed last first.
    Changed,
}

impl Show {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NotReady, Self::Stuck, Self::Changed, Self::Warnings];

    /// Its word in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotReady => "notready",
            Self::Stuck => "stuck",
            Self::Changed => "changed",
            Self::Warnings => "warnings",
        }
    }

    fn admits(self, summary: &Summary, now: Timestamp) -> bool {
        match self {
            Self::NotReady => summary.missing() > 0,
            Self::Stuck => summary.attention == Attention::Stuck,
            Self::Changed => summary.changed.is_some_and(|changed| now.millis_since(changed) <= RECENT),
            Self::Warnings => summary.warnings > 0,
        }
    }
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Name, Self::Attention, Self::Ready, Self::Changed];

    /// Its word in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Attention => "attention",
            Self::Ready => "ready",
            Self::Changed => "changed",
        }
    }

    fn compare(self, (key, summary): (&SetKey, &Summary), (other_key, other): (&SetKey, &Summary)) -> Ordering {
        let by = match self {
            Self::Name => Ordering::Equal,
            Self::Attention => (Reverse(summary.attention), Reverse(summary.warnings > 0))
                .cmp(&(Reverse(other.attention), Reverse(other.warnings > 0))),
            Self::Ready => other.missing().cmp(&summary.missing()),
            Self::Changed => other.changed.cmp(&summary.changed),
        };
        by.then_with(|| key.cmp(other_key))
    }
}

impl Choice {
    /// Whether everything is shown.
    pub fn is_all(&self) -> bool {
        self.query.trim().is_empty() && self.shows.is_empty()
    }

    /// Whether time alone can change what is shown.
    pub fn depends_on_time(&self) -> bool {
        self.shows.contains(&Show::Changed)
    }

    /// The same with something asked for that was not, or the other way around.
    #[must_use]
    pub fn toggled(&self, show: Show) -> Self {
        let is_shown = |it: &Show| self.shows.contains(it) != (*it == show);
        Self { shows: Show::ALL.into_iter().filter(is_shown).collect(), ..self.clone() }
    }

    /// Whether a StatefulSet is shown at `now`.
    pub fn admits(&self, set: &SetKey, summary: &Summary, now: Timestamp) -> bool {
        // Names are of small ASCII letters.
        let query = self.query.to_ascii_lowercase();
        let part = |word: &str| match word.split_once('/') {
            Some((namespace, name)) => set.namespace.ends_with(namespace) && set.name.starts_with(name),
            None => set.name.contains(word) || set.namespace.contains(word),
        };
        query.split_whitespace().all(part) && self.shows.iter().all(|show| show.admits(summary, now))
    }

    /// Which of two StatefulSets comes first.
    pub fn order(&self, one: (&SetKey, &Summary), other: (&SetKey, &Summary)) -> Ordering {
        let apart = if self.grouped { one.0.namespace.cmp(&other.0.namespace) } else { Ordering::Equal };
        apart.then_with(|| self.sort.compare(one, other))
    }
}

#[cfg(test)]
mod tests {
    use topology::fleet::{Attention, Summary};
    use topology::{SetKey, Timestamp};

    use super::{Choice, RECENT, Show, Sort};

    fn summary(ready: u32, attention: Attention, warnings: u32, changed: i64) -> Summary {
        Summary {
            exists: true,
            replicas: 3,
            ready,
            service_name: String::new(),
            dots: Vec::new(),
            attention,
            warnings,
            changed: Some(Timestamp::from_millis(changed)),
            why: None,
        }
    }

    fn fleet() -> Vec<(SetKey, Summary)> {
        vec![
            (SetKey::new("shop", "cart"), summary(3, Attention::Settled, 0, 5)),
            (SetKey::new("shop", "web"), summary(1, Attention::Stuck, 0, 20)),
            (SetKey::new("data", "web-cache"), summary(0, Attention::Busy, 2, 10)),
            (SetKey::new("data", "zk"), summary(3, Attention::Settled, 1, 1)),
        ]
    }

    fn shown(choice: &Choice, now: i64) -> String {
        let now = Timestamp::from_millis(now);
        let mut rows: Vec<_> = fleet().into_iter().filter(|(set, it)| choice.admits(set, it, now)).collect();
        rows.sort_unstable_by(|one, other| choice.order((&one.0, &one.1), (&other.0, &other.1)));
        rows.iter().map(|(set, _)| set.name.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn given_a_search_when_it_has_several_words_then_each_is_somewhere() {
        for (query, names) in [
            ("", "web-cache zk cart web"),
            ("  ", "web-cache zk cart web"),
            ("web", "web-cache web"),
            ("WEB data", "web-cache"),
            ("shop/we", "web"),
            ("a/z", "zk"),
            ("web nothing", ""),
        ] {
            let choice = Choice { query: query.to_owned(), ..Choice::default() };
            assert_eq!(shown(&choice, 0), names, "{query:?}");
        }
    }

    #[test]
    fn given_filters_when_several_are_on_then_all_of_them_hold() {
        let showing = |shows: &[Show]| Choice { shows: shows.to_vec(), ..Choice::default() };
        for (shows, names) in [
            (&[Show::NotReady][..], "web-cache web"),
            (&[Show::Stuck], "web"),
            (&[Show::Warnings], "web-cache zk"),
            (&[Show::NotReady, Show::Warnings], "web-cache"),
            (&[Show::Stuck, Show::Warnings], ""),
        ] {
            assert_eq!(shown(&showing(shows), 0), names, "{shows:?}");
        }
        assert_eq!(shown(&showing(&[Show::Changed]), RECENT + 10), "web-cache web");
        let choice = Choice::default().toggled(Show::Warnings).toggled(Show::NotReady);
        assert_eq!(choice.shows, [Show::NotReady, Show::Warnings]);
        assert_eq!(choice.toggled(Show::NotReady).shows, [Show::Warnings]);
    }

    #[test]
    fn given_an_order_when_arranged_then_names_decide_between_equals() {
        for (sort, grouped, names) in [
            (Sort::Name, false, "web-cache zk cart web"),
            (Sort::Attention, false, "web web-cache zk cart"),
            (Sort::Ready, false, "web-cache web zk cart"),
            (Sort::Changed, false, "web web-cache cart zk"),
            (Sort::Changed, true, "web-cache zk web cart"),
        ] {
            let choice = Choice { sort, grouped, ..Choice::default() };
            assert_eq!(shown(&choice, 0), names, "{sort:?}");
        }
    }
}
