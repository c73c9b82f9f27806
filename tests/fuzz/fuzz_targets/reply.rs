//! Any packet as an answer to the probe: it is read, and taken for the answer only when it is one.
#![no_main]

use fuzz::dns::probe::message::{Reading, question, read};
use libfuzzer_sys::fuzz_target;
use topology::dns::observed::Question;
use topology::dns::{Name, RecordType};

fuzz_target!(|packet: &[u8]| {
    let asked = Question { name: Name::new("web-0.nginx.seed.svc.cluster.local"), kind: RecordType::A };
    let id = 0x4242;
    read(packet, id, &asked);
    // With the head and the question of an answer, what follows is looked at too.
    let Some(mut answer) = question(id, &asked) else { return };
    let (counts, records) = packet.split_at(packet.len().min(3));
    answer[2] |= 0x80;
    answer[3] = counts.first().copied().unwrap_or_default() & 0x0f;
    answer[7] = counts.get(1).copied().unwrap_or_default() & 0x1f;
    answer[9] = counts.get(2).copied().unwrap_or_default() & 0x1f;
    answer.extend(records);
    assert!(!matches!(read(&answer, id ^ 1, &asked), Reading::Told(_)), "another number");
    read(&answer, id, &asked);
});
