//! The addresses of pods: each gets a new one from its node's range, and none that somebody has.

use std::collections::HashMap;
use std::net::Ipv4Addr;

/// The first address of a range that a pod can have: the one before it is the node's own.
const FIRST: u32 = 2;

/// Gives out the addresses of pods.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// Where each range goes on, by its text.
    next: HashMap<String, u32>,
    owners: HashMap<Ipv4Addr, String>,
    by_pod: HashMap<String, Ipv4Addr>,
}

/// A range of addresses: its first one, and how many there are.
fn parse(range: &str) -> Option<(u32, u32)> {
    let (network, bits) = range.split_once('/')?;
    let network: Ipv4Addr = network.parse().ok()?;
    let bits: u32 = bits.parse().ok().filter(|bits| (8..=30).contains(bits))?;
    Some((u32::from(network), 1 << (32 - bits)))
}

impl Addresses {
    /// A pod has an address already, from before the start: its range goes on behind that.
    pub(super) fn keep(&mut self, uid: &str, address: Ipv4Addr, range: Option<&str>) {
        if self.by_pod.get(uid) == Some(&address) {
            return;
        }
        self.take(uid, address);
        let Some((range, (network, size))) = range.and_then(|range| Some((range, parse(range)?))) else { return };
        let offset = u32::from(address).wrapping_sub(network);
        let next = self.next.entry(range.to_owned()).or_insert(FIRST);
        if (*next..size - 1).contains(&offset) {
            *next = offset + 1;
        }
    }

    fn take(&mut self, uid: &str, address: Ipv4Addr) {
        self.by_pod.insert(uid.to_owned(), address);
        self.owners.insert(address, uid.to_owned());
    }

    /// An address for a pod. Ranges are gone through from their start to their end, so that a new pod does not get what
    /// another one has just given back.
    pub(super) fn assign(&mut self, uid: &str, range: &str) -> Option<Ipv4Addr> {
        if let Some(known) = self.by_pod.get(uid) {
            return Some(*known);
        }
        let (network, size) = parse(range)?;
        let last = size - 1; // which is for all
        let next = self.next.entry(range.to_owned()).or_insert(FIRST);
        for _ in FIRST..last {
            let offset = if *next < last { *next } else { FIRST };
            *next = offset + 1;
            let address = Ipv4Addr::from(network + offset);
            if !self.owners.contains_key(&address) {
                self.take(uid, address);
                return Some(address);
            }
        }
        None
    }

    /// A pod is gone, or needs no address any more.
    pub(super) fn release(&mut self, uid: &str) {
        if let Some(address) = self.by_pod.remove(uid)
            && self.owners.get(&address).is_some_and(|owner| owner == uid)
        {
            self.owners.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_pods_that_come_and_go_when_they_get_addresses_then_none_is_given_twice_or_at_once_again() {
        let mut addresses = Addresses::default();
        let range = "10.42.3.0/24";
        let of = |last: u8| Some(Ipv4Addr::new(10, 42, 3, last));
        assert_eq!(addresses.assign("a", range), of(2));
        assert_eq!(addresses.assign("a", range), of(2));
        addresses.keep("kept", Ipv4Addr::new(10, 42, 3, 4), Some(range));
        addresses.release("kept");
        assert_eq!(addresses.assign("b", range), of(5));
        addresses.release("a");
        assert_eq!(addresses.assign("c", range), of(6));
        assert_eq!(addresses.assign("d", "10.42.1.0/24"), Some(Ipv4Addr::new(10, 42, 1, 2)));
    }

    #[test]
    fn given_a_range_that_is_used_up_when_more_is_asked_then_there_is_none_until_one_comes_back() {
        let mut addresses = Addresses::default();
        let range = "10.42.3.0/29";
        let given: Vec<_> = (0..5).filter_map(|pod| addresses.assign(&pod.to_string(), range)).collect();
        assert_eq!(given.len(), 5);
        assert_eq!(addresses.assign("late", range), None);
        addresses.release("3");
        assert_eq!(addresses.assign("late", range), Some(given[3]));
        assert_eq!(addresses.assign("x", "no range"), None);
    }
}
