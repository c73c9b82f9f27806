//! Wrong links: from where, and how many. Whoever tries too many is not looked at for a while; others are, unless so many are
//! tried in all that somebody has a whole network to try them from.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// After so many wrong links in [`WINDOW`] from one place no more of its links are looked at until that is over.
const MOST: u32 = 5;
/// The same from everywhere. It bounds what is remembered too.
const MOST_IN_ALL: u32 = 1_000;
const WINDOW: Duration = Duration::from_secs(1);

/// The wrong links since a time.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    since: Option<Instant>,
    all: u32,
    from: HashMap<IpAddr, u32>,
}

impl Attempts {
    /// Whether a link from there is looked at.
    pub(super) fn admit(&mut self, from: IpAddr, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            *self = Self { since: Some(now), ..Self::default() };
        }
        self.all < MOST_IN_ALL && self.from.get(&place(from)).is_none_or(|count| *count < MOST)
    }

    /// A link from there was wrong.
    pub(super) fn count(&mut self, from: IpAddr) {
        self.all += 1;
        *self.from.entry(place(from)).or_default() += 1;
    }
}

/// Who has an address of IPv6 has the other 2^64 of its network as well.
fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_wrong_links_when_counted_then_each_place_has_its_own_count_until_the_window_is_over() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let [one, same, other] = ["fd00::1", "fd00::2", "fd00:0:0:1::1"].map(|it| it.parse::<IpAddr>().unwrap());
        for _ in 0..MOST {
            assert!(attempts.admit(one, now));
            attempts.count(one);
        }
        assert_eq!([one, same, other].map(|from| attempts.admit(from, now)), [false, false, true]);
        assert!(attempts.admit(one, now + WINDOW));
        let mapped = "::ffff:10.0.0.1".parse::<IpAddr>().unwrap();
        assert_eq!(place(mapped), IpAddr::from([10, 0, 0, 1]));
    }

    #[test]
    fn given_wrong_links_from_everywhere_when_counted_then_what_is_remembered_has_a_bound() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for place in 0..3 * MOST_IN_ALL {
            let from = IpAddr::from(place.to_be_bytes());
            if attempts.admit(from, now) {
                attempts.count(from);
            }
        }
        assert_eq!(attempts.from.len(), 1_000);
        assert!(attempts.admit(IpAddr::from([10, 0, 0, 1]), now + WINDOW));
        assert!(attempts.from.is_empty());
    }
}
