//! Rows of earlier runs that are found when the cluster is watched already.

use super::{Ended, InDns, Moment, Row, Why};
use crate::board::End;
use crate::facts::Kind;
use crate::{Timestamp, Topology};

/// Of rows that were left open, those whose pods do not exist any more, with their ends. `watched_until` tells until when
/// an earlier run had watched. Where the pods were not listed, nothing is known.
pub fn missing(
    topology: &Topology,
    rows: impl IntoIterator<Item = Row>,
    watched_until: Option<Timestamp>,
    at: Timestamp,
) -> Vec<Row> {
    let is_gone = |row: &Row| {
        let pod = topology.pod(&row.set.namespace, &row.pod);
        topology.has_listed(Kind::Pod, &row.set.namespace) && pod.is_none_or(|pod| pod.uid != row.uid)
    };
    let open = rows.into_iter().filter(|row| (row.ended.is_none() || row.is_in_dns()) && is_gone(row));
    let close = |mut row: Row| {
        let after = watched_until.map_or(row.last_sign(), |until| until.max(row.last_sign())).min(at);
        let why = row.why.unwrap_or(Why::NotKnown);
        row.ended.get_or_insert(Ended { at: End::Unseen { after, before: at }, why });
        if let Some(InDns { left: left @ None, .. }) = row.dns.last_mut() {
            *left = Some(Moment::Between { after, before: at });
        }
        row
    };
    open.map(close).collect()
}
