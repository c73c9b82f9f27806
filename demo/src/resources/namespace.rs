//! Namespaces.

use k8s_openapi::api::core::v1::{Namespace, NamespaceSpec, NamespaceStatus};

use super::Rules;
use crate::names;

/// The label that every namespace has, with its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

impl Rules for Namespace {
    fn name_errors(name: &str) -> Vec<String> {
        if name.contains('.') { vec!["must not contain dots".to_owned()] } else { names::label(name) }
    }

    fn fill(&mut self) {
        if let Some(name) = self.metadata.name.clone() {
            self.metadata.labels.get_or_insert_default().insert(NAME_LABEL.to_owned(), name);
        }
    }

    fn begin(&mut self) {
        self.spec = Some(NamespaceSpec { finalizers: Some(vec!["kubernetes".to_owned()]) });
        self.status = Some(NamespaceStatus { phase: Some("Active".to_owned()), ..NamespaceStatus::default() });
    }
}
