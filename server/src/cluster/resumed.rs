//! What the ledger knew of a cluster before this run.

use std::collections::BTreeMap;

use topology::Timestamp;
use topology::board::{MAX_UNWATCHED, Unwatched};
use topology::facts::Watch;
use topology::ledger::Row;

use crate::ledger::Found;

/// What the ledger knew of the cluster before.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// The rows of the pods that may still exist, and of their forerunners; oldest first.
    pub rows: Vec<Row>,
    /// Until when each watch had been kept.
    pub watched: Vec<(Watch, Timestamp)>,
    /// When nobody had watched before that, by namespace, oldest first.
    pub gaps: BTreeMap<String, Vec<Unwatched>>,
}

impl Resumed {
    /// What was found, for these watches. What only another server watches is that one's to tell.
    pub fn new(found: Found, watches: &[Watch], namespaces: Option<&[String]>) -> Self {
        let until = |watch: &Watch| Some((watch.clone(), found.watched_until(watch.namespace.as_deref())?));
        let watched = watches.iter().filter_map(until).collect();
        let wanted = |row: &Row| namespaces.is_none_or(|namespaces| namespaces.contains(&row.set.namespace));
        let mut gaps = BTreeMap::new();
        for row in found.rows.iter().filter(|row| wanted(row)) {
            let namespace = row.set.namespace.as_str();
            if !gaps.contains_key(namespace) {
                gaps.insert(namespace.to_owned(), gaps_of(&found, namespace));
            }
        }
        let mut rows = found.rows;
        rows.retain(wanted);
        Self { rows, watched, gaps }
    }
}

/// Between the stretches in which somebody watched, the latest of them.
fn gaps_of(found: &Found, namespace: &str) -> Vec<Unwatched> {
    let mut stretches: Vec<(Timestamp, Timestamp)> =
        found.covering(Some(namespace)).map(|watched| (watched.began, watched.until)).collect();
    stretches.sort_unstable();
    let (mut gaps, mut end) = (Vec::new(), None);
    for (began, until) in stretches {
        if let Some(from) = end.filter(|end| *end < began) {
            gaps.push(Unwatched { from, to: began });
        }
        end = end.max(Some(until));
    }
    let excess = (gaps.len() + 1).saturating_sub(MAX_UNWATCHED);
    gaps.drain(..excess);
    gaps
}
