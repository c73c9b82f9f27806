//! Rows and changes for spreadsheets. What has several parts in one column has them with `; ` between.
//!
//! Times are RFC 3339. Where nobody saw it happen, `A..B` is between two times and `..B` is before one.

use axum::body::Bytes;
use csv::WriterBuilder;
use topology::Timestamp;
use topology::board::End;
use topology::ledger::{Elapsed, IpChange, Moment, Row};

const ROWS: [&str; 20] = [
    "namespace",
    "statefulset",
    "statefulset_uid",
    "ordinal",
    "pod",
    "uid",
    "found",
    "created",
    "first_seen",
    "node",
    "revision",
    "addresses",
    "stages",
    "restarts",
    "in_dns",
    "deletion_asked",
    "why",
    "ended_after",
    "ended_before",
    "who",
];

const CHANGES: [&str; 17] = [
    "at",
    "namespace",
    "statefulset",
    "ordinal",
    "old",
    "old_uid",
    "new",
    "new_uid",
    "away_since",
    "away_least_ms",
    "away_most_ms",
    "out_of_dns_since",
    "out_of_dns_least_ms",
    "out_of_dns_most_ms",
    "recycled_from",
    "recycled_from_uid",
    "recycled_from_until",
];

/// The first line of an export of rows.
pub(super) fn rows_head() -> Bytes {
    table([ROWS.map(str::to_owned)])
}

/// Rows, each on its line.
pub(super) fn rows(rows: &[Row]) -> Bytes {
    table(rows.iter().map(row))
}

/// Changes, with their first line.
pub(super) fn changes(changes: &[IpChange]) -> Bytes {
    table(std::iter::once(CHANGES.map(str::to_owned)).chain(changes.iter().map(change)))
}

fn row(row: &Row) -> [String; ROWS.len()] {
    let addresses = row.addresses.iter().map(|held| format!("{} {}", held.ip, stretch(held.from, held.until)));
    let stages = row.stages.iter().map(|stage| format!("{:?} {}", stage.stage, moment(stage.seen)));
    let dns = row.dns.iter().map(|stretch_in| stretch(stretch_in.entered, stretch_in.left));
    let why = row.ended.map(|ended| ended.why).or(row.why);
    let (after, before) = match row.ended.map(|ended| ended.at) {
        Some(End::Seen { at }) => (at.to_rfc3339(), at.to_rfc3339()),
        Some(End::Unseen { after, before }) => (after.to_rfc3339(), before.to_rfc3339()),
        None => (String::new(), String::new()),
    };
    [
        row.set.namespace.clone(),
        row.set.name.clone(),
        row.set_uid.to_string(),
        row.ordinal.to_string(),
        row.pod.clone(),
        row.uid.to_string(),
        format!("{:?}", row.found),
        time(row.created),
        row.first_seen.to_rfc3339(),
        row.node.clone().unwrap_or_default(),
        row.revision.clone().unwrap_or_default(),
        list(addresses),
        list(stages),
        row.columns.restarts.count.to_string(),
        list(dns),
        time(row.deleting),
        why.map(|why| format!("{why:?}")).unwrap_or_default(),
        after,
        before,
        row.who.map(|who| format!("{who:?}")).unwrap_or_default(),
    ]
}

fn change(change: &IpChange) -> [String; CHANGES.len()] {
    let least = |elapsed: Option<Elapsed>| elapsed.map(|elapsed| elapsed.least.to_string()).unwrap_or_default();
    let most = |elapsed: Option<Elapsed>| {
        elapsed.and_then(|elapsed| elapsed.most).map(|most| most.to_string()).unwrap_or_default()
    };
    let holder = change.recycled_from.as_ref();
    [
        change.at.to_rfc3339(),
        change.set.namespace.clone(),
        change.set.name.clone(),
        change.ordinal.to_string(),
        change.old.to_string(),
        change.old_pod.to_string(),
        change.new.map(|ip| ip.to_string()).unwrap_or_default(),
        change.new_pod.as_ref().map(ToString::to_string).unwrap_or_default(),
        time(change.away_since),
        least(change.away),
        most(change.away),
        time(change.out_of_dns_since),
        least(change.out_of_dns),
        most(change.out_of_dns),
        holder.map(|holder| format!("{}/{}", holder.namespace, holder.pod)).unwrap_or_default(),
        holder.map(|holder| holder.uid.to_string()).unwrap_or_default(),
        time(holder.map(|holder| holder.until)),
    ]
}

fn table<const N: usize>(lines: impl IntoIterator<Item = [String; N]>) -> Bytes {
    let mut writer = WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for line in lines {
        // Writing to memory does not fail, and every line has as many fields.
        let _ = writer.write_record(&line);
    }
    writer.into_inner().unwrap_or_default().into()
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

fn stretch(from: Moment, until: Option<Moment>) -> String {
    let until = until.map(moment).unwrap_or_default();
    format!("{}/{until}", moment(from))
}

fn moment(moment: Moment) -> String {
    match moment {
        Moment::Seen { at } => at.to_rfc3339(),
        Moment::Between { after, before } => format!("{}..{}", after.to_rfc3339(), before.to_rfc3339()),
        Moment::Before { before } => format!("..{}", before.to_rfc3339()),
    }
}

fn time(at: Option<Timestamp>) -> String {
    at.map(Timestamp::to_rfc3339).unwrap_or_default()
}
