//! What the names of each Service answered before. Kept apart from the Services and slices: what stopped is asked for
//! when they are gone.

use std::collections::BTreeMap;

use crate::Timestamp;
use crate::board::{Former, remember};

/// Of how many Services it is kept; the ones of which nothing stopped for the longest time go first.
const MAX_SERVICES: usize = 4_096;

/// By namespace and Service.
#[derive(Debug, Default)]
pub(super) struct Histories {
    services: BTreeMap<(String, String), Vec<Former>>,
}

impl Histories {
    pub(super) fn of(&self, namespace: &str, service: &str) -> &[Former] {
        self.services.get(&(namespace.to_owned(), service.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub(super) fn all(&self) -> Vec<(String, String, Vec<Former>)> {
        let all = self.services.iter();
        all.map(|((namespace, service), former)| (namespace.clone(), service.clone(), former.clone())).collect()
    }

    pub(super) fn remember(&mut self, namespace: &str, service: &str, former: &[Former]) {
        let all = self.services.entry((namespace.to_owned(), service.to_owned())).or_default();
        for former in former {
            remember(all, former);
        }
        if self.services.len() > MAX_SERVICES {
            let latest = |all: &[Former]| all.last().map_or(Timestamp::default(), |last| last.stopped.latest());
            let oldest = self.services.iter().min_by_key(|(_, all)| latest(all)).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| self.services.remove(&oldest));
        }
    }
}
