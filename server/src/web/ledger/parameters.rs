//! What may be asked of the ledger, and how.

use std::net::IpAddr;

use topology::ledger::IpChange;
use topology::{Timestamp, Uid};

use super::super::parameters::{Given, Parameter, not, wrong};
use super::super::problem::Problem;
use crate::ledger::{Filter, MAX_PAGE, Position, State};

/// How many rows a page has unless it is said.
const USUAL_PAGE: u32 = 100;

/// The parameters of `/api/v1/ledger`.
pub(in crate::web) const ROWS: &[Parameter] = &[
    ("namespace", "Only pods of this namespace"),
    ("statefulset", "Only pods of StatefulSets of this name"),
    ("pod", "Only pods of this name"),
    ("node", "Only pods on this node"),
    ("ip", "Only pods that had this address"),
    ("from", "Only pods that were not gone before this time (RFC 3339, as 2026-01-31T12:00:00Z)"),
    ("to", "Only pods that had come by this time (RFC 3339)"),
    ("ended", "true: only pods that are gone; false: only pods that exist"),
    ("limit", "How many rows a page has, from 1 to 1000 (default 100)"),
    ("after", "Where the page begins: `next` of the page before"),
    ("format", "json: a page (the default); csv or ndjson: every row, to download"),
];

/// The parameters of `/api/v1/ledger/changes`.
pub(in crate::web) const CHANGES: &[Parameter] = &[
    ("namespace", "Only identities of this namespace"),
    ("statefulset", "Only identities of StatefulSets of this name"),
    ("pod", "Only the identity of this name, as web-0"),
    ("ip", "Only changes from or to this address"),
    ("from", "Only changes since this time (RFC 3339, as 2026-01-31T12:00:00Z)"),
    ("to", "Only changes until this time (RFC 3339)"),
    ("recycled", "true: only changes to an address that another pod had before"),
    ("format", "json (the default), csv or ndjson"),
];

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Export {
    /// Comma-separated values.
    Csv,
    /// A JSON object on each line.
    Lines,
}

/// In which form rows are wanted.
#[derive(Debug)]
pub(super) enum Format {
    /// A page as JSON.
    Page { limit: u32, after: Option<Position> },
    /// All of them.
    Export(Export),
}

/// What is asked of `/api/v1/ledger`.
#[derive(Debug)]
pub(super) struct RowsQuery {
    pub(super) filter: Filter,
    pub(super) format: Format,
}

/// What is asked of `/api/v1/ledger/changes`.
#[derive(Debug)]
pub(super) struct ChangesQuery {
    /// The rows that the changes are derived from.
    pub(super) filter: Filter,
    ip: Option<IpAddr>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    recycled: bool,
    pub(super) format: Option<Export>,
}

impl RowsQuery {
    pub(super) fn parse(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let given = Given::new(pairs, ROWS)?;
        let (limit, after) = (given.limit()?, given.after()?);
        let format = match given.export()? {
            None => Format::Page { limit: limit.unwrap_or(USUAL_PAGE), after },
            Some(export) if limit.is_none() && after.is_none() => Format::Export(export),
            Some(_) => {
                return Err(wrong("limit and after are for pages of JSON; a download has every row: leave them out"));
            }
        };
        let filter = Filter {
            node: given.text("node"),
            ip: given.parsed("ip", "an IP address, as 10.1.2.3 or fd00::1")?,
            from: given.time("from")?,
            until: given.time("to")?,
            state: given.flag("ended")?.map(|ended| if ended { State::Ended } else { State::Open }),
            ..given.identities()
        };
        if let (Some(from), Some(until)) = (filter.from, filter.until)
            && from > until
        {
            return Err(wrong("from is later than to: exchange them"));
        }
        Ok(Self { filter, format })
    }
}

impl ChangesQuery {
    pub(super) fn parse(pairs: &[(String, String)]) -> Result<Self, Problem> {
        let given = Given::new(pairs, CHANGES)?;
        Ok(Self {
            filter: given.identities(),
            ip: given.parsed("ip", "an IP address, as 10.1.2.3 or fd00::1")?,
            from: given.time("from")?,
            to: given.time("to")?,
            recycled: given.flag("recycled")?.unwrap_or_default(),
            format: given.export()?,
        })
    }

    pub(super) fn wants(&self, change: &IpChange) -> bool {
        self.ip.is_none_or(|ip| change.old == ip || change.new == Some(ip))
            && self.from.is_none_or(|from| change.at >= from)
            && self.to.is_none_or(|to| change.at <= to)
            && (!self.recycled || change.recycled_from.is_some())
    }
}

impl Given<'_> {
    fn identities(&self) -> Filter {
        Filter {
            namespace: self.text("namespace"),
            statefulset: self.text("statefulset"),
            pod: self.text("pod"),
            ..Filter::default()
        }
    }

    fn limit(&self) -> Result<Option<u32>, Problem> {
        let what = "a number from 1 to 1000";
        match self.parsed("limit", what)? {
            Some(limit) if !(1..=MAX_PAGE).contains(&limit) => Err(not("limit", limit, what)),
            limit => Ok(limit),
        }
    }

    fn after(&self) -> Result<Option<Position>, Problem> {
        let read = |value: &str| {
            let (millis, uid) = value.split_once('.')?;
            Some(Position { first_seen: Timestamp::from_millis(millis.parse().ok()?), uid: Uid::from(uid) })
        };
        let read = |value| {
            read(value).ok_or_else(|| not("after", value, "a place in the ledger: give `next` of a page as it is"))
        };
        self.get("after").map(read).transpose()
    }

    fn export(&self) -> Result<Option<Export>, Problem> {
        match self.get("format") {
            None | Some("json") => Ok(None),
            Some("csv") => Ok(Some(Export::Csv)),
            Some("ndjson") => Ok(Some(Export::Lines)),
            Some(other) => Err(not("format", other, "json, csv or ndjson")),
        }
    }
}

/// The value of `after` for the page that begins after that row.
pub(super) fn cursor(position: &Position) -> String {
    format!("{}.{}", position.first_seen.as_millis(), position.uid)
}
