//! Any packet to the DNS server: it is answered, told that it is no good question, or dropped, and what is sent is a DNS
//! message that fits.
#![no_main]

use fuzz::PUBLISHED;
use fuzz::dns::Search;
use fuzz::dns::packet::{MAX_DATAGRAM, Reaction, Transport, react};
use hickory_proto::op::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|packet: &[u8]| {
    let search = Search { namespace: "seed".to_owned() };
    for (transport, search) in [(Transport::Udp, None), (Transport::Tcp, Some(&search))] {
        let answer = match react(packet, transport, &PUBLISHED, search) {
            Reaction::Answer { packet, .. } | Reaction::Malformed(packet) => packet,
            Reaction::Dropped => continue,
        };
        assert!(transport == Transport::Tcp || answer.len() <= usize::from(MAX_DATAGRAM));
        assert_eq!(answer[..2], packet[..2], "the number of the question");
        Message::from_vec(&answer).expect("what is sent is a message");
    }
});
