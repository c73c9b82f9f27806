//! Records, and what a question and its answer are made of.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::Name;

/// The types of records that a cluster's DNS holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// A port and the name to reach it at.
    Srv,
    /// The name of an address.
    Ptr,
    /// Another name for the same.
    Cname,
    /// Text.
    Txt,
    /// The zone itself.
    Soa,
}

impl RecordType {
    /// Its name, as DNS tools write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Srv => "SRV",
            Self::Ptr => "PTR",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
            Self::Soa => "SOA",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::A, Self::Aaaa, Self::Srv, Self::Ptr, Self::Cname, Self::Txt, Self::Soa];
        all.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// The type of records that hold such an address.
    pub const fn of_address(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::A } else { Self::Aaaa }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryType {
    /// Records of one type.
    Records(RecordType),
    /// A whole zone (AXFR, IXFR): refused.
    Transfer,
    /// Any other type: such records do not exist, but the name may.
    Other,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Its name.
    pub name: Name,
    /// How long it may be kept, in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A port, and the name to reach it at.
    Srv(Srv),
    /// The name of an address.
    Ptr(Name),
    /// Another name for the same.
    Cname(Name),
    /// Text.
    Txt(String),
    /// The zone itself.
    Soa(Box<Soa>),
}

/// A port, and the name to reach it at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Srv {
    /// Lower ones are tried first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The name.
    pub target: Name,
}

/// The head of a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Soa {
    /// The server that the zone comes from.
    pub server: Name,
    /// Who answers for it: a mail address, its `@` written as a dot.
    pub contact: Name,
    /// Grows with every change.
    pub serial: u32,
    /// How often a copy is to be refreshed, in seconds.
    pub refresh: u32,
    /// After how long a failed refresh is to be tried again, in seconds.
    pub retry: u32,
    /// After how long a copy is worth nothing, in seconds.
    pub expire: u32,
    /// How long an answer that there is nothing may be kept, in seconds.
    pub minimum: u32,
}

impl RecordData {
    /// The record that holds an address.
    pub const fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::A(address),
            IpAddr::V6(address) => Self::Aaaa(address),
        }
    }

    /// The type of such a record.
    pub const fn kind(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Srv(_) => RecordType::Srv,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Cname(_) => RecordType::Cname,
            Self::Txt(_) => RecordType::Txt,
            Self::Soa(_) => RecordType::Soa,
        }
    }
}

impl fmt::Display for RecordData {
    /// As DNS tools write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Srv(Srv { priority, weight, port, target }) => write!(f, "{priority} {weight} {port} {target}"),
            Self::Ptr(name) | Self::Cname(name) => name.fmt(f),
            Self::Txt(text) => write!(f, "{text:?}"),
            Self::Soa(soa) => write!(
                f,
                "{} {} {} {} {} {} {}",
                soa.server, soa.contact, soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum
            ),
        }
    }
}

impl fmt::Display for Record {
    /// Name, type and data, as DNS tools write them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.data.kind(), self.data)
    }
}

/// How a question went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Rcode {
    /// The name exists; with no answer, it has no record of the type (NODATA).
    NoError,
    /// The server cannot tell.
    ServFail,
    /// The name does not exist.
    NxDomain,
    /// The name is not in a zone of this server, or nobody may ask such a thing.
    Refused,
}

impl Rcode {
    /// Its name, as DNS tools write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoError => "NOERROR",
            Self::ServFail => "SERVFAIL",
            Self::NxDomain => "NXDOMAIN",
            Self::Refused => "REFUSED",
        }
    }

    /// The code of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::NoError, Self::ServFail, Self::NxDomain, Self::Refused].into_iter().find(|rcode| rcode.name() == name)
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it went.
    pub rcode: Rcode,
    /// The records that were asked for.
    pub answers: Vec<Record>,
    /// In negative answers, the zone's SOA record: it says how long they may be kept.
    pub authority: Option<Record>,
    /// The addresses of the names in the answers.
    pub additional: Vec<Record>,
}

impl Answer {
    /// An answer without records.
    pub const fn bare(rcode: Rcode) -> Self {
        Self { rcode, answers: Vec::new(), authority: None, additional: Vec::new() }
    }
}
