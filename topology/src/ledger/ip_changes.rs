//! How the addresses of identities changed, derived from rows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Elapsed, Moment, Row};
use crate::{Ordinal, SetKey, Stage, Timestamp, Uid};

/// An identity got another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IpChange {
    /// When the new address was known; while there is none yet, when the old pod's end was.
    pub at: Timestamp,
    /// The StatefulSet.
    pub set: SetKey,
    /// The identity within it.
    pub ordinal: Ordinal,
    /// The address before.
    pub old: IpAddr,
    /// The pod that had it.
    pub old_pod: Uid,
    /// The address now; `None` while there is none yet.
    pub new: Option<IpAddr>,
    /// The pod that has it, where it is there already.
    pub new_pod: Option<Uid>,
    /// Since when the identity had no Ready pod; `None` when it always had, or never had.
    pub away_since: Option<Timestamp>,
    /// How long it had none; `None` while it is so, and when it never had one.
    pub away: Option<Elapsed>,
    /// Since when its name was not in DNS; `None` when it always was, or never was.
    pub out_of_dns_since: Option<Timestamp>,
    /// How long it was not; `None` while it is so, and when it never was.
    pub out_of_dns: Option<Elapsed>,
    /// Who had the new address before, where that was another pod: clients of that one may still use it.
    pub recycled_from: Option<Holder>,
}

/// A pod that had an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Holder {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub pod: String,
    /// Its UID.
    pub uid: Uid,
    /// When it had the address no more, at the latest.
    pub until: Timestamp,
}

/// The changes of the addresses of identities that the rows tell, oldest first. Rows of other identities tell who had
/// an address before.
pub fn ip_changes(rows: &[Row]) -> Vec<IpChange> {
    let mut identities: BTreeMap<(&SetKey, Ordinal), Vec<&Row>> = BTreeMap::new();
    let mut holders: BTreeMap<IpAddr, Vec<Holder>> = BTreeMap::new();
    for row in rows {
        identities.entry((&row.set, row.ordinal)).or_default().push(row);
        for held in &row.addresses {
            let until = held.until.map(Moment::latest).or(row.ended.map(|ended| ended.at.latest()));
            if let Some(until) = until {
                let (namespace, pod, uid) = (row.set.namespace.clone(), row.pod.clone(), row.uid.clone());
                holders.entry(held.ip).or_default().push(Holder { namespace, pod, uid, until });
            }
        }
    }
    let mut changes = Vec::new();
    for rows in identities.values_mut() {
        rows.sort_by_key(|row| (row.first_seen, row.ended.is_none()));
        for family in [IpAddr::is_ipv4, IpAddr::is_ipv6] {
            changes.extend(of_identity(rows, family));
        }
    }
    for change in &mut changes {
        let Some(new) = change.new else { continue };
        let others = holders.get(&new).into_iter().flatten();
        let before = others.filter(|holder| Some(&holder.uid) != change.new_pod.as_ref() && holder.until <= change.at);
        change.recycled_from = before.max_by_key(|holder| holder.until).cloned();
    }
    changes.sort_by(|one, other| {
        (one.at, &one.set, one.ordinal, one.new).cmp(&(other.at, &other.set, other.ordinal, other.new))
    });
    changes
}

/// An address of an identity, with the pod that had it.
struct Had<'a> {
    ip: IpAddr,
    from: Moment,
    row: &'a Row,
}

fn of_identity(rows: &[&Row], family: fn(&IpAddr) -> bool) -> Vec<IpChange> {
    let addresses = rows.iter().flat_map(|row| row.addresses.iter().map(|held| (*row, held)));
    let addresses = addresses.filter(|(_, held)| family(&held.ip));
    let had: Vec<Had<'_>> = addresses.map(|(row, held)| Had { ip: held.ip, from: held.from, row }).collect();
    let mut changes: Vec<IpChange> =
        had.windows(2).filter(|pair| pair[0].ip != pair[1].ip).map(|pair| change(rows, &pair[0], &pair[1])).collect();
    if let (Some(last), Some(newest)) = (had.last(), rows.last())
        && let Some(ended) = last.row.ended
    {
        let next = (newest.uid != last.row.uid).then(|| newest.uid.clone());
        let (away_since, out_of_dns_since) = (stopped_ready(last.row), stopped_in_dns(last.row));
        changes.push(IpChange {
            at: ended.at.latest(),
            set: last.row.set.clone(),
            ordinal: last.row.ordinal,
            old: last.ip,
            old_pod: last.row.uid.clone(),
            new: None,
            new_pod: next,
            away_since: away_since.map(Moment::latest),
            away: None,
            out_of_dns_since: out_of_dns_since.map(Moment::latest),
            out_of_dns: None,
            recycled_from: None,
        });
    }
    changes
}

fn change(rows: &[&Row], old: &Had<'_>, new: &Had<'_>) -> IpChange {
    let same = old.row.uid == new.row.uid;
    let (away_from, dns_from) = if same { (None, None) } else { (stopped_ready(old.row), stopped_in_dns(old.row)) };
    // The pod that got the address may have ended before it was Ready: then a later one ended the absence.
    let later: Vec<&&Row> = rows.iter().skip_while(|row| row.uid != new.row.uid).collect();
    let ready = later.iter().find_map(|row| began_ready(row));
    let served = later.iter().find_map(|row| row.dns.first().map(|stretch| stretch.entered));
    let elapsed = |from: Option<Moment>, until: Option<Moment>| Some(Elapsed::between(from?, until?));
    IpChange {
        at: new.from.latest(),
        set: new.row.set.clone(),
        ordinal: new.row.ordinal,
        old: old.ip,
        old_pod: old.row.uid.clone(),
        new: Some(new.ip),
        new_pod: Some(new.row.uid.clone()),
        away_since: away_from.map(Moment::latest),
        away: elapsed(away_from, ready),
        out_of_dns_since: dns_from.map(Moment::latest),
        out_of_dns: elapsed(dns_from, served),
        recycled_from: None,
    }
}

/// When the pod was Ready last; `None` when it never was, or still is.
fn stopped_ready(row: &Row) -> Option<Moment> {
    let last = row.stages.iter().rposition(|stage| stage.stage == Stage::Ready)?;
    row.stages.get(last + 1).map(|next| next.seen).or(row.ended.map(|ended| ended.at.into()))
}

fn began_ready(row: &Row) -> Option<Moment> {
    row.stages.iter().find(|stage| stage.stage == Stage::Ready).map(|stage| stage.seen)
}

fn stopped_in_dns(row: &Row) -> Option<Moment> {
    row.dns.last()?.left
}
