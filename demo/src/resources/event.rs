//! Events.

use k8s_openapi::api::core::v1::Event;
use serde_json::{Map, Value};

use super::{Errors, Rules, add};
use crate::failure::FieldError;

impl Rules for Event {
    fn check(&self, errors: &mut Errors) {
        let about = self.involved_object.namespace.as_deref().unwrap_or_default();
        let own = self.metadata.namespace.as_deref().unwrap_or_default();
        let cluster = about.is_empty() && own == "default";
        if about != own && !cluster {
            let detail = "does not match event.namespace";
            errors.push(FieldError::invalid("involvedObject.namespace", about, detail));
        }
    }

    fn complete(object: &mut Map<String, Value>) {
        for name in ["eventTime", "firstTimestamp", "lastTimestamp"] {
            add(object, name, Value::Null);
        }
        for name in ["reportingComponent", "reportingInstance"] {
            add(object, name, Value::String(String::new()));
        }
        add(object, "source", Value::Object(Map::new()));
    }
}
