//! What the protocol promises: every message survives both codecs, what is no message is told apart, and a change is small.

mod support;

use proptest::prelude::*;
use support::traces;
use topology::wire::{
    Bye, Changes, ClientMessage, Cluster, CodecError, Format, History, Instance, PROTOCOL, Position, Probe, Scope,
    ServerMessage, Source, State, Status, Subscription, Welcome,
};
use topology::{Revision, SetKey, Timestamp, Topology};

const FORMATS: [Format; 2] = [Format::Postcard, Format::Json];

fn hello(protocol: u16) -> ClientMessage {
    let since = Some(Position { instance: Instance(7), revision: Revision(418) });
    let web = Scope::StatefulSet(SetKey::new("default", "web"));
    let subscriptions = vec![Subscription { scope: Scope::Fleet, since: None }, Subscription { scope: web, since }];
    ClientMessage::Hello { protocol, subscriptions }
}

#[test]
fn given_every_message_of_every_trace_when_encoded_then_both_formats_give_it_back() {
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        for (at, observation) in observations {
            let Some(delta) = topology.apply(at, [observation]) else { continue };
            let mut messages: Vec<ServerMessage> = delta
                .boards
                .into_iter()
                .map(|(set, changes)| ServerMessage::Delta {
                    revision: delta.revision,
                    at,
                    changes: Changes::StatefulSet { set, changes },
                })
                .collect();
            let state = State::Fleet(topology.fleet().clone());
            messages.push(ServerMessage::Snapshot { revision: topology.revision(), at, state });
            for message in messages {
                for format in FORMATS {
                    let bytes = message.encode(format).expect("it can be written");
                    assert_eq!(ServerMessage::decode(&bytes, format).as_ref(), Ok(&message), "{name} {format:?}");
                }
            }
        }
    }
}

#[test]
fn given_the_changes_of_the_traces_when_sent_then_one_has_under_200_bytes() {
    let (mut bytes, mut frames, mut largest) = (0, 0, 0);
    for (_, observations) in traces() {
        let mut topology = Topology::default();
        for (at, observation) in observations {
            let Some(delta) = topology.apply(at, [observation]) else { continue };
            for (set, changes) in delta.boards {
                let changes = Changes::StatefulSet { set, changes };
                let message = ServerMessage::Delta { revision: delta.revision, at, changes };
                let size = message.encode(Format::Postcard).expect("it can be written").len();
                (bytes, frames, largest) = (bytes + size, frames + 1, largest.max(size));
            }
        }
    }
    let mean = bytes / frames;
    println!("{frames} frames, {mean} bytes each in the mean, {largest} at most");
    assert!(mean < 200, "{mean} bytes in the mean");
}

#[test]
fn given_messages_without_a_trace_when_encoded_then_both_formats_give_them_back() {
    let status = Status {
        source: Source::Live { since: Timestamp::from_millis(1) },
        refused: Vec::new(),
        probe: Probe::Off,
        history: History::Off,
    };
    let welcome = Welcome {
        protocol: PROTOCOL,
        version: "0.1.0".to_owned(),
        page: "/pkg/berth.1a.wasm".to_owned(),
        instance: Instance(7),
        cluster: Cluster {
            name: "kind".to_owned(),
            domain: "cluster.local".to_owned(),
            ttl: 5,
            namespaces: None,
            dns: None,
        },
        status: status.clone(),
        capabilities: Vec::new(),
    };
    let gone = State::StatefulSet { set: SetKey::new("a", "b"), board: None };
    let messages = [
        ServerMessage::Welcome(welcome),
        ServerMessage::Status(status),
        ServerMessage::Snapshot { revision: Revision(1), at: Timestamp::from_millis(2), state: gone },
        ServerMessage::Ping { at: Timestamp::from_millis(3) },
        ServerMessage::Bye(Bye::UnknownProtocol { supported: PROTOCOL }),
    ];
    for format in FORMATS {
        for message in &messages {
            let bytes = message.encode(format).expect("it can be written");
            assert_eq!(ServerMessage::decode(&bytes, format).as_ref(), Ok(message));
        }
        let bytes = hello(PROTOCOL).encode(format).expect("it can be written");
        assert_eq!(ClientMessage::decode(&bytes, format), Ok(hello(PROTOCOL)));
    }
}

#[test]
fn given_a_hello_of_another_protocol_when_decoded_then_its_number_is_told_whatever_follows() {
    for format in FORMATS {
        let bytes = hello(PROTOCOL + 1).encode(format).expect("it can be written");
        assert_eq!(ClientMessage::decode(&bytes, format), Err(CodecError::UnknownProtocol(PROTOCOL + 1)));
    }
    let future = [&[0, 9][..], &[0xff; 5]].concat();
    assert_eq!(ClientMessage::decode(&future, Format::Postcard), Err(CodecError::UnknownProtocol(9)));
    let future = br#"{"Hello":{"protocol":9,"wishes":[1,2]}}"#;
    assert_eq!(ClientMessage::decode(future, Format::Json), Err(CodecError::UnknownProtocol(9)));
}

#[test]
fn given_what_is_no_message_when_decoded_then_it_is_malformed() {
    let mut trailing = hello(PROTOCOL).encode(Format::Postcard).expect("it can be written");
    trailing.push(0);
    for bytes in [&b""[..], &[0xff; 40], &trailing, b"{}"] {
        assert!(matches!(ClientMessage::decode(bytes, Format::Postcard), Err(CodecError::Malformed(_))), "{bytes:?}");
    }
    for text in ["", "{}", "[1]", "{\"Pong\":{}}", "\u{0}"] {
        let decoded = ClientMessage::decode(text.as_bytes(), Format::Json);
        assert!(matches!(decoded, Err(CodecError::Malformed(_))), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn given_any_bytes_when_decoded_then_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        for format in FORMATS {
            let _ = ClientMessage::decode(&bytes, format);
            let _ = ServerMessage::decode(&bytes, format);
        }
    }
}
