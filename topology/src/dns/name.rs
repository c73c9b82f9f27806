//! Names of the DNS.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest name, as text without the last dot (RFC 1035 §2.3.4).
const MAX_NAME: usize = 253;
/// The longest label.
pub(crate) const MAX_LABEL: usize = 63;

/// A full name, without the dot at its end: `web-0.nginx.default.svc.cluster.local`. Keeps the case that it was written
/// in; comparison does not look at it. Cheap to clone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Name(Arc<str>);

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// It is too long as a whole.
    #[error("a name of {0} characters; at most {MAX_NAME} are allowed")]
    TooLong(usize),
    /// One of its labels is empty, too long, or has a space or another character that no name has.
    #[error("{0:?} is no label: 1 to {MAX_LABEL} letters, digits, hyphens or underscores")]
    Label(String),
}

impl Name {
    /// Reads a name as people write it; a dot at its end makes no difference.
    ///
    /// ```
    /// use topology::dns::Name;
    /// assert_eq!(Name::parse("Cluster.Local.")?, Name::parse("cluster.local")?);
    /// assert!(Name::parse("a..b").is_err());
    /// # Ok::<(), topology::dns::NameError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > MAX_NAME {
            return Err(NameError::TooLong(text.len()));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let odd = |label: &&str| label.is_empty() || label.len() > MAX_LABEL || !label.bytes().all(plain);
        match text.split('.').find(odd) {
            Some(label) if !text.is_empty() => Err(NameError::Label(label.to_owned())),
            _ => Ok(Self(text.into())),
        }
    }

    /// A name from text that is taken as it is: labels of Kubernetes objects, or a question's. What is no real name
    /// matches none.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The name as text, in its own case, without a dot at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in small letters.
    pub fn to_lowercase(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The name under which the address is looked up (`239.3.42.10.in-addr.arpa`).
    pub fn reverse(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => {
                let (mut text, mut digits) = (String::with_capacity(28), itoa::Buffer::new());
                for octet in address.octets().into_iter().rev() {
                    text.push_str(digits.format(octet));
                    text.push('.');
                }
                text.push_str(IPV4_REVERSE);
                Self(text.into())
            }
            IpAddr::V6(address) => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let mut text = String::with_capacity(72);
                for octet in address.octets().iter().rev() {
                    for nibble in [octet & 15, octet >> 4] {
                        text.push(char::from(DIGITS[usize::from(nibble)]));
                        text.push('.');
                    }
                }
                text.push_str(IPV6_REVERSE);
                Self(text.into())
            }
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_ignore_case(&self.0, &other.0)
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.bytes().for_each(|byte| state.write_u8(byte.to_ascii_lowercase()));
    }
}

impl fmt::Display for Name {
    /// With the dot at the end, as DNS tools write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.", self.0)
    }
}

/// Compares as if both were in small letters.
pub(super) fn cmp_ignore_case(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.bytes(), other.bytes());
    one.map(|byte| byte.to_ascii_lowercase()).cmp(other.map(|byte| byte.to_ascii_lowercase()))
}

/// The zone of IPv4 addresses.
pub(super) const IPV4_REVERSE: &str = "in-addr.arpa";
/// The zone of IPv6 addresses.
pub(super) const IPV6_REVERSE: &str = "ip6.arpa";

/// The address that a name within [`IPV4_REVERSE`] spells.
pub(super) fn ipv4_of_reverse(labels: &str) -> Option<IpAddr> {
    let mut octets = labels.rsplit('.');
    let mut next = || octets.next().and_then(decimal);
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    octets.next().is_none().then_some(IpAddr::V4(address))
}

/// The address that a name within [`IPV6_REVERSE`] spells. An IPv4 address within IPv6 is meant as itself.
pub(super) fn ipv6_of_reverse(labels: &str) -> Option<IpAddr> {
    let mut nibbles = labels.rsplit('.').map(|label| match label.as_bytes() {
        [digit] => char::from(*digit).to_digit(16),
        _ => None,
    });
    let mut bits: u128 = 0;
    for _ in 0..32 {
        bits = bits << 4 | u128::from(nibbles.next()??);
    }
    nibbles.next().is_none().then(|| IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical())
}

/// A number without leading zeros.
fn decimal(label: &str) -> Option<u8> {
    let plain = label == "0" || (!label.starts_with('0') && label.bytes().all(|byte| byte.is_ascii_digit()));
    plain.then(|| label.parse().ok()).flatten()
}

/// The label that an endpoint without a host name has: its address with hyphens, and never one at the end.
///
/// ```
/// use topology::dns::dashed;
/// assert_eq!(dashed("10.42.1.5".parse()?), "10-42-1-5");
/// assert_eq!(dashed("fd00:42::".parse()?), "fd00-42--0");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn dashed(address: IpAddr) -> String {
    let mut label = address.to_string().replace(['.', ':'], "-");
    if address.is_ipv6() && label.ends_with('-') {
        label.push('0');
    }
    label
}

/// The address that the label of a pod's name spells: three single hyphens make an IPv4 address, all else IPv6. An IPv4
/// address within IPv6 is meant as itself.
pub(super) fn undashed(label: &str) -> Option<IpAddr> {
    let hyphens = label.bytes().filter(|byte| *byte == b'-').count();
    if hyphens == 3 && !label.contains("--") {
        let mut octets = label.split('-');
        let mut next = || octets.next().and_then(decimal);
        return Some(IpAddr::V4(Ipv4Addr::new(next()?, next()?, next()?, next()?)));
    }
    let address: Ipv6Addr = label.replace('-', ":").parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_addresses_when_written_backwards_then_the_name_is_read_back() {
        for text in ["10.42.3.239", "0.0.0.0", "255.255.255.255", "fd00:42::1:2", "::", "2001:db8::567:89ab"] {
            let address: IpAddr = text.parse().unwrap();
            let name = Name::reverse(address);
            let read = match address {
                IpAddr::V4(_) => ipv4_of_reverse(name.as_str().strip_suffix(".in-addr.arpa").unwrap()),
                IpAddr::V6(_) => ipv6_of_reverse(name.as_str().strip_suffix(".ip6.arpa").unwrap()),
            };
            assert_eq!(read, Some(address), "{name}");
        }
        let known = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        assert_eq!(ipv6_of_reverse(known), Some("2001:db8::567:89ab".parse().unwrap()));
    }

    #[test]
    fn given_what_is_no_reverse_name_when_read_then_there_is_no_address() {
        for labels in ["", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "a.b.c.d", "1..2.3", "+1.2.3.4"] {
            assert_eq!(ipv4_of_reverse(labels), None, "{labels}");
        }
        let short = "0.".repeat(30) + "0";
        let long = "0.".repeat(32) + "0";
        for labels in ["", "g", &short, &long, "00.0"] {
            assert_eq!(ipv6_of_reverse(labels), None, "{labels}");
        }
    }

    #[test]
    fn given_labels_of_pods_when_read_then_they_spell_addresses_or_nothing() {
        let table = [
            ("10-42-1-5", Some("10.42.1.5")),
            ("fd00-42--1-2", Some("fd00:42::1:2")),
            ("--ffff-a2a-105", Some("10.42.1.5")),
            ("10-42-1-05", None),
            ("10-42-1-256", None),
            ("10-42--1-5", Some("10:42::1:5")),
            ("10-42-1", None),
            ("web-0", None),
            ("", None),
        ];
        for (label, address) in table {
            assert_eq!(undashed(label), address.map(|address| address.parse().unwrap()), "{label}");
        }
    }
}
