//! Events are forgotten after an hour, and before that when there are too many.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use tokio::time::sleep;

use crate::kinds::Kind;
use crate::registry::{Client, DeleteOptions};
use crate::store::Key;
use crate::time;

/// How long an event is kept.
const KEPT: Duration = Duration::from_secs(3_600);

/// How many events are kept at most.
const MOST: usize = 5_000;

/// How often it is looked.
const PERIOD: Duration = Duration::from_secs(10);

/// Forgets events, for ever.
pub(super) async fn run(client: Client) {
    loop {
        sleep(PERIOD).await;
        let mut events = client.store().list(Kind::Event, None).1;
        events.sort_by_key(|event| event.revision);
        let too_many = events.len().saturating_sub(MOST);
        for (index, object) in events.iter().enumerate() {
            let old = || {
                let event: Option<Event> = object.parse();
                let said = event.as_ref().and_then(|event| {
                    let last = event.last_timestamp.as_ref().map(|time| time.0);
                    last.or_else(|| event.event_time.as_ref().map(|time| time.0))
                        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
                });
                said.is_some_and(|said| time::since(said) > KEPT)
            };
            if index < too_many || old() {
                // Somebody else may have been quicker.
                let key = Key::new(object.key.namespace(), object.key.name());
                let _ = client.delete::<Event>(&key, &DeleteOptions::of(&object.uid));
            } else if index >= too_many + 256 {
                // Oldest first: behind so many that are not old enough, none is.
                break;
            }
        }
    }
}
