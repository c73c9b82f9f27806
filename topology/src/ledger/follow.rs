//! Follows a topology's changes, and tells which rows they make.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::why::{Verdict, why_deleted};
use super::{Ended, Moment, Row, Who, Why};
use crate::board::{Change, Controller, End, EndpointView};
use crate::facts::Kind;
use crate::fold::Delta;
use crate::{Ordinal, ResourceVersion, SetKey, Timestamp, Topology, Uid};

/// How many rows of one identity can still change: the pod of now, and pods that are gone while DNS still serves them.
const MAX_OPEN: usize = 4;
/// The kinds that DNS follows.
const DNS: [Kind; 2] = [Kind::EndpointSlice, Kind::Service];

/// The rows that can still change.
#[derive(Debug, Default)]
pub struct Ledger {
    sets: BTreeMap<SetKey, Open>,
    /// Where it goes on after an earlier run whose rows' names have not been looked up again.
    resumed: Option<Resumption>,
}

/// The rows of one StatefulSet that can still change.
#[derive(Debug, Default)]
struct Open {
    rows: BTreeMap<Ordinal, Vec<Row>>,
    /// Of pods whose deletion was seen, the version of their object that told it first.
    asked: BTreeMap<Uid, ResourceVersion>,
}

/// Until when an earlier run had watched, as far as it told.
#[derive(Debug, Clone, Copy)]
struct Resumption {
    after: Option<Timestamp>,
}

impl Ledger {
    /// A ledger that goes on where one before it ended, which had watched until then.
    pub fn resume(rows: impl IntoIterator<Item = Row>, watched_until: Option<Timestamp>) -> Self {
        let mut ledger = Self { resumed: Some(Resumption { after: watched_until }), ..Self::default() };
        for row in rows.into_iter().filter(is_open) {
            let set = ledger.sets.entry(row.set.clone()).or_default();
            set.rows.entry(row.ordinal).or_default().push(row);
        }
        ledger
    }

    /// Takes what a batch changed, `topology` being the state after it; the rows that are new or different now.
    pub fn follow(&mut self, topology: &Topology, delta: &Delta) -> Vec<Row> {
        let mut changed = Vec::new();
        for (set, changes) in &delta.boards {
            let open = self.sets.entry(set.clone()).or_default();
            let mut page = Page::new(topology, delta, set, open);
            for change in changes {
                page.take(change);
            }
            page.look_names_up(page.names_moment());
            changed.extend(page.finish());
            if self.sets.get(set).is_some_and(|open| open.rows.is_empty()) {
                self.sets.remove(set);
            }
        }
        changed.extend(self.look_again(topology, delta));
        changed
    }

    /// Once after a resumption, when all that DNS follows is listed: names may have left it without a change since.
    fn look_again(&mut self, topology: &Topology, delta: &Delta) -> Vec<Row> {
        let listed = |set: &SetKey| DNS.iter().all(|kind| topology.has_listed(*kind, &set.namespace));
        let Some(Resumption { after }) = self.resumed.filter(|_| self.sets.keys().all(listed)) else {
            return Vec::new();
        };
        self.resumed = None;
        let mut changed = Vec::new();
        for (set, open) in &mut self.sets {
            let mut page = Page::new(topology, delta, set, open);
            page.names.extend(page.open.rows.keys());
            let before = delta.at;
            page.look_names_up(after.map_or(Moment::Before { before }, |after| Moment::Between { after, before }));
            changed.extend(page.finish());
        }
        self.sets.retain(|_, open| !open.rows.is_empty());
        changed
    }
}

/// Whether the controller has not told yet what it made of its newest spec. It deletes the first pod of a rollout before it
/// tells the revision that it rolls out.
fn is_behind(topology: &Topology, set: &SetKey) -> bool {
    let Some(board) = topology.board(set) else { return false };
    matches!(&board.controller, Controller::Present(spec) if board.counts.observed_generation < spec.generation)
}

fn is_open(row: &Row) -> bool {
    row.ended.is_none() || row.is_in_dns()
}

/// The rows of one StatefulSet, while a batch is taken.
struct Page<'a> {
    topology: &'a Topology,
    delta: &'a Delta,
    set: &'a SetKey,
    open: &'a mut Open,
    /// Identities with rows that are different now.
    changed: BTreeSet<Ordinal>,
    /// Identities whose names may answer something else now.
    names: BTreeSet<Ordinal>,
}

impl<'a> Page<'a> {
    fn new(topology: &'a Topology, delta: &'a Delta, set: &'a SetKey, open: &'a mut Open) -> Self {
        Self { topology, delta, set, open, changed: BTreeSet::new(), names: BTreeSet::new() }
    }

    fn take(&mut self, change: &Change) {
        match change {
            Change::Forgotten => *self.open = Open::default(),
            Change::Started { ordinal, incarnation } => {
                let moment = self.moment(&[Kind::Pod]);
                let row = Row::new(self.set, *ordinal, incarnation, moment);
                let rows = self.open.rows.entry(*ordinal).or_default();
                // After a restart, what is found may be in the ledger already.
                if !rows.iter().any(|known| known.uid == row.uid) {
                    rows.push(row);
                    if rows.len() > MAX_OPEN {
                        rows.remove(0);
                    }
                }
                self.names.insert(*ordinal);
                self.changed.insert(*ordinal);
            }
            Change::Pod { ordinal, changes } => {
                let moment = self.moment(&[Kind::Pod]);
                let (topology, delta, set) = (self.topology, self.delta, self.set);
                if let Some(row) = self.current(*ordinal) {
                    row.apply(changes, moment);
                    if row.deleting.is_some() && row.why.is_none() {
                        let seen = matches!(moment, Moment::Seen { .. }) && row.deletion_was_seen();
                        let verdict = why_deleted(topology, delta, row, seen);
                        if !seen || verdict.why != Why::Deleted || !is_behind(topology, set) {
                            row.judge(verdict);
                        }
                        let asked = topology.pod(&set.namespace, &row.pod).filter(|pod| pod.uid == row.uid && seen);
                        self.open.asked.extend(asked.map(|pod| (pod.uid.clone(), pod.version)));
                    }
                    self.names.insert(*ordinal);
                    self.changed.insert(*ordinal);
                }
            }
            Change::Ended { ordinal, end } => self.end(*ordinal, *end),
            Change::Resumed(ordinal) => self.take_back(*ordinal),
            Change::Endpoints { gone, come, .. } => self.named(gone.iter().chain(come)),
            Change::Slice { slice, .. } => self.named(&slice.endpoints),
            Change::SliceGone { .. } | Change::Service(_) | Change::ServiceGone(_) => {
                self.names.extend(self.open.rows.keys());
            }
            Change::Former { former, .. } => {
                let pod = former.pod.as_deref();
                self.names.extend(pod.and_then(|pod| Ordinal::of_pod(pod, &self.set.name)));
            }
            Change::Counts(_) | Change::Controller(_) => self.decide(),
            Change::Appeared(_)
            | Change::Order(_)
            | Change::Reach { .. }
            | Change::Stranger(_)
            | Change::StrangerGone(_)
            | Change::Warned(_)
            | Change::WarningGone(_)
            | Change::Unseen(_)
            | Change::Unwatched(_)
            | Change::Observed { .. } => {}
        }
    }

    /// The controller has told what it made of its newest spec: now it is known what it deleted pods for since. And two
    /// watches may tell in another order than that in which it happened: what the StatefulSet wanted before a pod was
    /// deleted counts, also when it is heard of after that.
    fn decide(&mut self) {
        if is_behind(self.topology, self.set) {
            return;
        }
        let Open { rows, asked } = &mut *self.open;
        let set = self.topology.stateful_set(self.set);
        let was_before = |asked: &ResourceVersion| set.is_some_and(|set| set.version.is_covered_by(*asked));
        let late = |row: &Row| row.who == Some(Who::Client) && asked.get(&row.uid).is_some_and(was_before);
        let undecided = |row: &Row| row.deleting.is_some() && row.ended.is_none() && (row.why.is_none() || late(row));
        for (ordinal, rows) in rows.iter_mut() {
            for row in rows.iter_mut().filter(|row| undecided(row)) {
                row.judge(why_deleted(self.topology, self.delta, row, row.deletion_was_seen()));
                self.changed.insert(*ordinal);
            }
        }
    }

    fn named<'e>(&mut self, endpoints: impl IntoIterator<Item = &'e EndpointView>) {
        let pods = endpoints.into_iter().filter_map(|endpoint| endpoint.pod.as_deref());
        self.names.extend(pods.filter_map(|pod| Ordinal::of_pod(pod, &self.set.name)));
    }

    fn end(&mut self, ordinal: Ordinal, end: End) {
        let (topology, delta) = (self.topology, self.delta);
        let Some(row) = self.current(ordinal) else { return };
        let exists = topology.pod(&row.set.namespace, &row.pod).is_some_and(|pod| pod.uid == row.uid);
        let verdict = match (row.why, end) {
            _ if exists => Verdict { why: Why::Released, who: None },
            (Some(why), _) => Verdict { why, who: row.who },
            (None, End::Unseen { .. }) => Verdict { why: Why::NotKnown, who: None },
            // It went without its deletion being seen first.
            (None, End::Seen { .. }) => {
                why_deleted(topology, delta, row, row.deleting.is_none() || row.deletion_was_seen())
            }
        };
        (row.ended, row.who) = (Some(Ended { at: end, why: verdict.why }), verdict.who);
        self.names.insert(ordinal);
        self.changed.insert(ordinal);
    }

    /// A pod that had been released is a member again. Its row may have been let go by now; then the store joins the new
    /// one with it.
    fn take_back(&mut self, ordinal: Ordinal) {
        let moment = self.moment(&[Kind::Pod]);
        let Some(pod) = self.topology.board(self.set).and_then(|board| board.lane(ordinal)?.incarnations.last()) else {
            return;
        };
        let rows = self.open.rows.entry(ordinal).or_default();
        match rows.iter_mut().find(|row| row.uid == pod.uid) {
            Some(row) => (row.ended, row.why, row.who) = (None, None, None),
            None => rows.push(Row::new(self.set, ordinal, pod, moment)),
        }
        self.names.insert(ordinal);
        self.changed.insert(ordinal);
    }

    /// Asks what the names that may have changed answer now.
    fn look_names_up(&mut self, moment: Moment) {
        // Before the first lists, DNS only seems to serve nothing.
        if !DNS.iter().all(|kind| self.topology.has_listed(*kind, &self.set.namespace)) {
            return;
        }
        for ordinal in std::mem::take(&mut self.names) {
            let Some(rows) = self.open.rows.get_mut(&ordinal) else { continue };
            // An address that the pod of now has is not served for the one before.
            let taken: Vec<IpAddr> = rows.last().map_or_else(Vec::new, |row| row.ips().collect());
            let last = rows.len().saturating_sub(1);
            for (at, row) in rows.iter_mut().enumerate() {
                let is = row.ips().any(|ip| (at == last || !taken.contains(&ip)) && serves(self.topology, row, ip));
                if is == row.is_in_dns() {
                    continue;
                }
                if is {
                    row.enter_dns(moment);
                } else {
                    row.leave_dns(moment);
                }
                self.changed.insert(ordinal);
            }
        }
    }

    /// The rows that are different now. Those that cannot change any more are let go.
    fn finish(self) -> Vec<Row> {
        let mut changed = Vec::new();
        let Open { rows: all, asked } = self.open;
        for ordinal in self.changed {
            let Some(rows) = all.get_mut(&ordinal) else { continue };
            if let Some(row) = rows.last_mut() {
                let pod = self.topology.pod(&row.set.namespace, &row.pod).filter(|pod| pod.uid == row.uid);
                row.version = pod.map_or(row.resource_version(), |pod| pod.version.max(row.resource_version())).0;
            }
            changed.extend(rows.iter().cloned());
            for over in rows.iter().filter(|row| row.ended.is_some()) {
                asked.remove(&over.uid);
            }
            rows.retain(is_open);
            if rows.is_empty() {
                all.remove(&ordinal);
            }
        }
        changed
    }

    fn current(&mut self, ordinal: Ordinal) -> Option<&mut Row> {
        self.open.rows.get_mut(&ordinal)?.last_mut().filter(|row| row.ended.is_none())
    }

    /// When names changed what they answer.
    fn names_moment(&self) -> Moment {
        self.moment(&DNS)
    }

    /// When what the batch tells of these kinds happened.
    fn moment(&self, kinds: &[Kind]) -> Moment {
        let at = self.delta.at;
        let learnt = kinds.iter().filter_map(|kind| self.delta.learnt.get(kind).copied());
        match learnt.min() {
            None => Moment::Seen { at },
            Some(Some(after)) => Moment::Between { after, before: at },
            Some(None) => Moment::Before { before: at },
        }
    }
}

/// Whether the pod's own name answers with that address.
fn serves(topology: &Topology, row: &Row, ip: IpAddr) -> bool {
    let Some(subdomain) = &row.subdomain else { return false };
    let service = topology.directory().service(&row.set.namespace, subdomain);
    service.is_some_and(|service| service.answers(&row.hostname, ip))
}
