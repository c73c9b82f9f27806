//! The addresses of one EndpointSlice that count for DNS.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::name::{cmp_ignore_case, dashed};
use crate::facts::EndpointPort;

/// The counted addresses of one slice, each with its label, and the ports that all of them have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Sorted by label without regard to case, then by address.
    rows: Vec<Row>,
    ports: Vec<EndpointPort>,
}

/// One counted address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The first label of its name: the endpoint's host name, else its address with hyphens.
    pub label: Box<str>,
    /// The address.
    pub address: IpAddr,
}

impl Row {
    fn cmp(&self, other: &Self) -> Ordering {
        let labels = cmp_ignore_case(&self.label, &other.label);
        labels.then_with(|| self.address.cmp(&other.address)).then_with(|| self.label.cmp(&other.label))
    }
}

impl Rows {
    /// From the served endpoints of a slice: the host name, if any, and the addresses of each.
    pub fn new<'a>(served: impl Iterator<Item = (Option<&'a str>, &'a [IpAddr])>, ports: &[EndpointPort]) -> Self {
        let row = |hostname: Option<&str>, address: IpAddr| Row {
            label: hostname.map_or_else(|| dashed(address), str::to_owned).into(),
            address,
        };
        let mut rows: Vec<Row> =
            served.flat_map(|(hostname, addresses)| addresses.iter().map(move |it| row(hostname, *it))).collect();
        rows.sort_by(Row::cmp);
        Self { rows, ports: ports.to_vec() }
    }

    /// All of them.
    pub fn all(&self) -> &[Row] {
        &self.rows
    }

    /// Those with that label.
    pub fn of_label(&self, label: &str) -> &[Row] {
        let from = self.rows.partition_point(|row| cmp_ignore_case(&row.label, label).is_lt());
        let count = self.rows[from..].partition_point(|row| cmp_ignore_case(&row.label, label).is_eq());
        &self.rows[from..from + count]
    }

    /// Whether that label has that address.
    pub fn has(&self, label: &str, address: IpAddr) -> bool {
        self.of_label(label).iter().any(|row| row.address == address)
    }

    /// Those that `other` has not; of equal ones as many as there are more of here.
    pub fn without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Row> {
        let mut others = other.rows.iter().peekable();
        self.rows.iter().filter(move |row| {
            while others.next_if(|other| other.cmp(row).is_lt()).is_some() {}
            others.next_if(|other| other == row).is_none()
        })
    }

    /// The ports of every row; none means that the slice names none.
    pub fn ports(&self) -> &[EndpointPort] {
        &self.ports
    }
}
