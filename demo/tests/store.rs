//! The store: versions, changes, and what is forgotten.

use std::sync::Arc;

use bytes::Bytes;
use demo::kinds::Kind;
use demo::store::{Change, Compacted, Draft, Expected, Key, Limits, Object, Store, WriteError, load, save};
use proptest::prelude::*;
use serde_json::{Value, json};

fn draft(namespace: &str, name: &str, note: &str) -> Draft {
    let Value::Object(value) = json!({"metadata": {"namespace": namespace, "name": name, "uid": format!("uid-{name}"),
        "ownerReferences": [{"uid": "owner"}]}, "spec": {"note": note}})
    else {
        unreachable!("an object was written")
    };
    Draft::new(Kind::Pod, value, Bytes::new())
}

fn names(objects: &[Arc<Object>]) -> Vec<String> {
    objects.iter().map(|object| object.key.to_string()).collect()
}

#[test]
fn given_an_object_when_it_is_not_as_expected_then_it_is_not_changed() {
    let store = Store::new(Limits::default());
    let created = store.put(draft("a", "p", ""), Expected::Absent).expect("it is new");
    assert_eq!(store.put(draft("a", "p", ""), Expected::Absent).unwrap_err(), WriteError::Exists);
    assert_eq!(store.put(draft("a", "q", ""), Expected::Revision(1)).unwrap_err(), WriteError::Missing);
    let updated = store.put(draft("a", "p", "x"), Expected::Revision(created.revision)).expect("as expected");
    assert!(updated.revision > created.revision);
    let stale = store.put(draft("a", "p", "y"), Expected::Revision(created.revision));
    assert_eq!(stale.unwrap_err(), WriteError::Modified);
    let key = Key::new("a", "p");
    assert_eq!(store.remove(Kind::Pod, &key, created.revision).unwrap_err(), WriteError::Modified);
    let removed = store.remove(Kind::Pod, &key, updated.revision).expect("as expected");
    assert_eq!(removed.revision, store.revision());
    assert_eq!(store.remove(Kind::Pod, &key, removed.revision).unwrap_err(), WriteError::Missing);
    assert!(store.owned("owner").is_empty());
}

#[test]
fn given_namespaces_when_listed_then_each_has_its_own() {
    let store = Store::new(Limits::default());
    for (namespace, name) in [("b", "1"), ("a", "2"), ("a", "1"), ("aa", "1")] {
        store.put(draft(namespace, name, ""), Expected::Absent).expect("it is new");
    }
    assert_eq!(names(&store.list(Kind::Pod, None).1), ["a/1", "a/2", "aa/1", "b/1"]);
    assert_eq!(names(&store.list(Kind::Pod, Some("a")).1), ["a/1", "a/2"]);
    assert_eq!(store.owned("owner").len(), 4);
}

#[tokio::test]
async fn given_a_cursor_when_changes_are_no_longer_kept_then_it_is_told() {
    let store = Store::new(Limits { changes: 3, ..Limits::default() });
    let (_, mut cursor) = store.follow(Kind::Pod, None);
    let first = store.put(draft("a", "0", ""), Expected::Absent).expect("it is new");
    let events = cursor.next(&store).await.expect("it is kept");
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].change, events[0].revision()), (Change::Added, first.revision));
    for name in ["1", "2", "3", "4"] {
        store.put(draft("a", name, ""), Expected::Absent).expect("it is new");
    }
    assert_eq!(cursor.next(&store).await.unwrap_err(), Compacted { up_to: first.revision + 1 });
    assert!(store.list_at(Kind::Pod, None, first.revision).is_err());
}

#[test]
fn given_a_full_store_when_more_is_put_then_it_is_refused_and_less_is_not() {
    let store = Store::new(Limits { bytes: 1_000, ..Limits::default() });
    let long = "x".repeat(600);
    let first = store.put(draft("a", "1", &long), Expected::Absent).expect("there is room");
    assert_eq!(store.put(draft("a", "2", &long), Expected::Absent).unwrap_err(), WriteError::Full(1_000));
    store.put(draft("a", "1", ""), Expected::Revision(first.revision)).expect("it gets smaller");
    store.put(draft("a", "2", &long), Expected::Absent).expect("there is room again");
}

#[test]
fn given_a_state_in_a_file_when_loaded_then_it_is_the_same_and_older_revisions_are_gone() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("state");
    let store = Store::new(Limits::default());
    assert!(!load(&store, &path.with_extension("none")).expect("no file is no error"));
    for name in ["1", "2"] {
        store.put(draft("a", name, "kept"), Expected::Absent).expect("it is new");
    }
    save(&store, &path).expect("it is written");
    let loaded = Store::new(Limits::default());
    assert!(load(&loaded, &path).expect("it is read"));
    assert_eq!(loaded.revision(), store.revision());
    let json = |store: &Store| store.list(Kind::Pod, None).1.iter().map(|object| object.json()).collect::<Vec<_>>();
    assert_eq!(json(&loaded), json(&store));
    assert_eq!(loaded.owned("owner").len(), 2);
    let mut cursor = loaded.follow_from(Kind::Pod, 1);
    assert!(cursor.read(&loaded).is_err());

    let table = [
        ("", "line 1"),
        ("{}", "line 1"),
        ("{\"format\":\"berth demo state\",\"version\":1,\"revision\":5}\nx", "line 2"),
    ];
    for (content, place) in table {
        std::fs::write(&path, content).expect("it is written");
        let error = load(&Store::new(Limits::default()), &path).expect_err(content).to_string();
        assert!(error.contains(place) && error.contains("--demo-state"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Undoing changes gives the very lists that were there, and reading changes on from any of them gives the last one.
    #[test]
    fn given_any_changes_when_looked_back_then_each_list_is_as_it_was(
        steps in prop::collection::vec((0u8..6, 0u8..3), 1..60),
    ) {
        let store = Store::new(Limits::default());
        let mut lists = vec![store.list(Kind::Pod, None)];
        for (number, (name, what)) in steps.into_iter().enumerate() {
            let (namespace, name) = (if name % 2 == 0 { "a" } else { "b" }, name.to_string());
            let known = store.get(Kind::Pod, &Key::new(namespace, &name));
            match (known, what) {
                (None, 0) => drop(store.put(draft(namespace, &name, ""), Expected::Absent)),
                (Some(known), 1) => {
                    drop(store.put(draft(namespace, &name, &number.to_string()), Expected::Revision(known.revision)));
                }
                (Some(known), 2) => drop(store.remove(Kind::Pod, &known.key, known.revision)),
                _ => {}
            }
            lists.push(store.list(Kind::Pod, None));
        }
        let json = |objects: &[Arc<Object>]| objects.iter().map(|object| object.json()).collect::<Vec<_>>();
        let last = json(&store.list(Kind::Pod, None).1);
        for (revision, objects) in lists {
            let then = store.list_at(Kind::Pod, None, revision).expect("it is kept");
            prop_assert_eq!(json(&then), json(&objects));
            let mut now: std::collections::BTreeMap<_, _> =
                objects.iter().map(|object| (object.key.clone(), Arc::clone(object))).collect();
            let mut cursor = store.follow_from(Kind::Pod, revision);
            for event in cursor.read(&store).expect("it is kept") {
                if event.change == Change::Deleted {
                    now.remove(&event.object.key);
                } else {
                    now.insert(event.object.key.clone(), event.object);
                }
            }
            let now: Vec<_> = now.into_values().collect();
            prop_assert_eq!(json(&now), last.clone());
        }
    }
}
