//! Short names: what a pod's resolver does with its search list, done by the server for whoever asks it.

use topology::dns::{Answer, Name, QueryType, Rcode, Record, RecordData, RecordType};

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
    ///
    /// A short name that is nowhere there does not exist, or cannot be looked up now. Of names that may be known to the
    /// Internet nothing is said, `None`: a pod's resolver would go on and ask for those as they are.
    pub(super) fn answer(&self, published: &Published, name: &Name, kind: QueryType) -> Option<Answer> {
        let zone = published.directory.zone();
        let domain = zone.domain.as_str();
        let suffixes = [format!("{}.svc.{domain}", self.namespace), format!("svc.{domain}"), domain.to_owned()];
        if name.as_str().is_empty() {
            return None;
        }
        // Asked for the zone of a name, a server of the cluster does not look whether the name exists.
        let kind = if kind == QueryType::Records(RecordType::Soa) { QueryType::Other } else { kind };
        let (mut without, mut negative): (Option<Answer>, Option<Answer>) = (None, None);
        for suffix in &suffixes {
            let Ok(full) = Name::parse(&format!("{}.{suffix}", name.as_str())) else { continue };
            let found = published.answer(&full, kind);
            if found.rcode == Rcode::NoError {
                let has_answers = !found.answers.is_empty();
                let alias = Record { name: name.clone(), ttl: zone.ttl, data: RecordData::Cname(full) };
                let answers = std::iter::once(alias).chain(found.answers).collect();
                let found = Answer { answers, ..found };
                if has_answers {
                    return Some(found);
                }
                without.get_or_insert(found);
            } else if negative.as_ref().is_none_or(|so_far| so_far.rcode == Rcode::NxDomain) {
                // One that could not be looked up may be there.
                negative = Some(found);
            }
        }
        let is_meant = || !may_be_of_the_internet(name) || self.ends_in_the_cluster(published, name);
        without.or_else(|| negative.filter(|_| is_meant()))
    }

    /// Whether the last label of the name is a Service of the namespace, or another namespace.
    fn ends_in_the_cluster(&self, published: &Published, name: &Name) -> bool {
        let domain = published.directory.zone().domain.as_str();
        let Some(last) = name.as_str().rsplit('.').next() else { return false };
        [format!("{last}.{}.svc.{domain}", self.namespace), format!("{last}.svc.{domain}")]
            .into_iter()
            .any(|full| published.answer(&Name::new(full), QueryType::Other).rcode == Rcode::NoError)
    }
}

/// Whether the name ends in a suffix under which names are registered.
fn may_be_of_the_internet(name: &Name) -> bool {
    let name = name.to_lowercase();
    name.contains('.') && psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_when_looked_at_then_those_under_a_registry_may_be_of_the_internet() {
        let table = [
            ("example.org", true),
            ("WWW.Example.CO.UK", true),
            ("web-0.nginx", false),
            ("web-0.nginx.default", false),
            ("web-0.nginx.default.svc", false),
            ("nginx", false),
            ("org", false), // a Service may be called so; no host of the Internet is
        ];
        for (name, expected) in table {
            assert_eq!(may_be_of_the_internet(&Name::new(name)), expected, "{name}");
        }
    }
}
