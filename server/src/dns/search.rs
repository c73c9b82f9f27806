//! Short names: what a pod's resolver does with its search list, done by the server for whoever asks it.

use topology::dns::{Answer, Name, QueryType, Rcode, Record, RecordData};

use super::Published;

/// A namespace as whose pods short names are understood: `web-0.nginx`, `nginx`, `web-0.nginx.other`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The namespace.
    pub namespace: String,
}

impl Search {
    /// The answer to a name outside the cluster's zones, if a name of the cluster is meant by it: an alias for that one,
    /// and what that one has. The names are tried in the order of a pod's search list.
    pub(super) fn answer(&self, published: &Published, name: &Name, kind: QueryType) -> Option<Answer> {
        let zone = published.directory.zone();
        let domain = zone.domain.as_str();
        let suffixes = [format!("{}.svc.{domain}", self.namespace), format!("svc.{domain}"), domain.to_owned()];
        if name.as_str().is_empty() {
            return None;
        }
        suffixes.into_iter().find_map(|suffix| {
            let full = Name::parse(&format!("{}.{suffix}", name.as_str())).ok()?;
            let found = published.answer(&full, kind);
            let alias = Record { name: name.clone(), ttl: zone.ttl, data: RecordData::Cname(full) };
            (found.rcode == Rcode::NoError).then(|| {
                let answers = std::iter::once(alias).chain(found.answers).collect();
                Answer { answers, ..found }
            })
        })
    }
}
