use proptest::prelude::*;

use super::*;

/// A field of a message, of a text or of another message.
fn bytes(number: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let length = u8::try_from(content.len()).expect("a short one");
    assert!(number < 16 && length < 128, "one byte each");
    [&[number << 3 | 2, length], content].concat()
}

fn varint(number: u8, value: u8) -> Vec<u8> {
    assert!(value < 128, "one byte");
    vec![number << 3, value]
}

fn envelope(version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let types = [bytes(1, version), bytes(2, kind)].concat();
    [MAGIC, &bytes(1, types), &bytes(2, raw), &bytes(3, ""), &bytes(4, "")].concat()
}

#[test]
fn given_an_object_as_go_writes_it_when_read_then_it_is_what_json_would_be() {
    let created = bytes(8, ""); // a time that is zero
    let labels =
        [bytes(11, [bytes(1, "app"), bytes(2, "web")].concat()), bytes(11, [bytes(1, "none"), bytes(2, "")].concat())];
    let metadata = [bytes(1, "vip"), bytes(2, ""), bytes(3, "default"), created, labels.concat()].concat();
    let by_number = [varint(1, 0), varint(2, 80), bytes(3, "")].concat();
    let by_name = [varint(1, 1), varint(2, 0), bytes(3, "http")].concat();
    let port = |target: &[u8]| {
        bytes(1, [bytes(1, ""), bytes(2, "TCP"), varint(3, 80), bytes(4, target), varint(5, 0)].concat())
    };
    let spec = [port(&by_number), port(&by_name), bytes(3, "None"), varint(13, 0)].concat();
    let raw = [bytes(1, metadata), bytes(2, spec), bytes(3, bytes(1, ""))].concat();
    let expected = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "vip", "namespace": "default", "labels": {"app": "web", "none": ""}},
        "spec": {
            "clusterIP": "None",
            "ports": [
                {"protocol": "TCP", "port": 80, "targetPort": 80},
                {"protocol": "TCP", "port": 80, "targetPort": "http"},
            ],
        },
    });
    assert_eq!(decode(&envelope("v1", "Service", &raw)).map(Value::Object), Ok(expected));
}

#[test]
fn given_a_pointer_to_zero_when_read_then_the_zero_is_kept_and_others_are_not() {
    // replicas is a pointer, minReadySeconds is not.
    let spec = [varint(1, 0), varint(5, 0)].concat();
    let read = decode(&envelope("apps/v1", "Deployment", &bytes(2, spec))).expect("a Deployment");
    assert_eq!(read["spec"], json!({"replicas": 0}));
}

#[test]
fn given_types_within_types_when_read_then_their_fields_stand_among_the_others() {
    // A volume `{name: tmp, emptyDir: {}}`: what it is made of is a message of its own in protobuf.
    let volume = [bytes(1, "tmp"), bytes(2, bytes(2, ""))].concat();
    let read = decode(&envelope("v1", "Pod", &bytes(2, bytes(1, volume)))).expect("a pod");
    assert_eq!(read["spec"], json!({"volumes": [{"name": "tmp", "emptyDir": {}}]}));
}

#[test]
fn given_bodies_that_are_no_objects_when_read_then_it_is_said_why() {
    let table: [(Vec<u8>, &str); 7] = [
        (b"{}".to_vec(), "expected prefix"),
        (envelope("v1", "Secret", &[]), "no kind \"Secret\" is registered for version \"v1\""),
        (envelope("apps/v1", "Pod", &[]), "no kind \"Pod\" is registered for version \"apps/v1\""),
        (envelope("v1", "Pod", &[0x0a, 0x7f]), "cut off"),
        (envelope("v1", "Pod", &bytes(9, "")), "Pod has no field 9"),
        (envelope("v1", "Pod", &varint(1, 7)), "Pod has no field 1 of this form"),
        ([MAGIC, &bytes(3, "gzip")].concat(), "\"gzip\""),
    ];
    for (body, expected) in table {
        let error = decode(&body).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error} lacks {expected}");
    }
}

proptest! {
    #[test]
    fn given_any_bytes_when_read_then_nothing_panics(raw: Vec<u8>, version in "v1|apps/v1", kind in "Pod|Deployment|Service|DeleteOptions") {
        let _ = decode(&raw);
        let _ = decode(&[MAGIC, &raw].concat());
        let raw = &raw[..raw.len().min(100)];
        let _ = decode(&envelope(&version, &kind, raw));
    }
}
