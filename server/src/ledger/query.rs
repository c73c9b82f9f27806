//! Questions to the ledger.

use std::net::IpAddr;

use topology::ledger::Row;
use topology::{Ordinal, Timestamp, Uid};

use super::sql::{Sql, Value};
use super::store::{Store, StoreError};

/// How many rows one answer has at most.
pub const MAX_PAGE: u32 = 1_000;

/// Which rows are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Of StatefulSets of this name.
    pub statefulset: Option<String>,
    /// Of this ordinal.
    pub ordinal: Option<Ordinal>,
    /// That had this address.
    pub ip: Option<IpAddr>,
    /// Of the pod of this name.
    pub pod: Option<String>,
    /// On this node.
    pub node: Option<String>,
    /// That exist, or that are gone.
    pub state: Option<State>,
    /// That were not gone before.
    pub from: Option<Timestamp>,
    /// That had come by then.
    pub until: Option<Timestamp>,
}

/// Whether a pod exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does, as far as is known.
    Open,
    /// It is gone.
    Ended,
}

/// Where an answer goes on: after this row. Rows are given newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// Its UID.
    pub uid: Uid,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, newest first.
    pub rows: Vec<Row>,
    /// Where it goes on, if it does.
    pub next: Option<Position>,
}

impl Store {
    /// The rows of a cluster that a filter lets through, newest first, at most [`MAX_PAGE`] of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn page(
        &self,
        cluster: &str,
        filter: &Filter,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut sql = Sql::new("SELECT document FROM incarnations WHERE cluster = ");
        sql.bind(cluster);
        if let Some(namespace) = &filter.namespace {
            sql.push(" AND namespace = ").bind(namespace.as_str());
        }
        if let Some(name) = &filter.statefulset {
            sql.push(" AND statefulset = ").bind(name.as_str());
        }
        if let Some(ordinal) = filter.ordinal {
            sql.push(" AND ordinal = ").bind(i64::from(ordinal.0));
        }
        if let Some(pod) = &filter.pod {
            sql.push(" AND pod = ").bind(pod.as_str());
        }
        if let Some(node) = &filter.node {
            sql.push(" AND node = ").bind(node.as_str());
        }
        match filter.state {
            Some(State::Open) => drop(sql.push(" AND ended IS NULL")),
            Some(State::Ended) => drop(sql.push(" AND ended IS NOT NULL")),
            None => {}
        }
        if let Some(ip) = filter.ip {
            sql.push(" AND uid IN (SELECT uid FROM addresses WHERE cluster = ").bind(cluster);
            sql.push(" AND ip = ").bind(ip.to_string()).push(")");
        }
        if let Some(from) = filter.from {
            sql.push(" AND (ended IS NULL OR ended >= ").bind(from.as_millis()).push(")");
        }
        if let Some(until) = filter.until {
            sql.push(" AND first_seen <= ").bind(until.as_millis());
        }
        if let Some(after) = after {
            let (first_seen, uid) = (after.first_seen.as_millis(), after.uid.0.as_ref());
            sql.push(" AND (first_seen < ").bind(first_seen).push(" OR (first_seen = ").bind(first_seen);
            sql.push(" AND uid < ").bind(uid).push("))");
        }
        sql.push(" ORDER BY first_seen DESC, uid DESC LIMIT ").bind(i64::from(limit) + 1);
        let mut rows = self.fetch(sql).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more);
        let next = next.map(|last| Position { first_seen: last.first_seen, uid: last.uid.clone() });
        Ok(Page { rows, next })
    }

    /// The rows of whoever had one of these addresses, at most [`MAX_PAGE`], the newest.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn holders(&self, cluster: &str, addresses: &[IpAddr]) -> Result<Vec<Row>, StoreError> {
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT document FROM incarnations WHERE cluster = ");
        sql.bind(cluster).push(" AND uid IN (SELECT uid FROM addresses WHERE cluster = ").bind(cluster);
        sql.push(" AND ip IN ").tuple(addresses.iter().map(|ip| Value::from(ip.to_string())));
        sql.push(") ORDER BY first_seen DESC, uid DESC LIMIT ").bind(i64::from(MAX_PAGE));
        self.fetch(sql).await
    }
}
