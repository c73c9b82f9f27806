//! What a path means.

use crate::kinds::{Kind, Served, Subresource, served};

/// What a path means.
#[derive(Debug)]
pub(super) enum Target {
    /// Objects, one object, or a part of one.
    Objects(Objects),
    /// A review: what somebody may do, or who they are.
    Review(&'static str),
    /// Which groups, versions or kinds there are.
    Discovery(Discovery),
    /// The documents of a path, or (without one) which there are.
    OpenApi(Option<String>),
    /// The one document of the older form.
    OpenApiV2,
    /// The version.
    Version,
    /// Whether all is well.
    Health(String),
    /// Every path.
    Root,
    /// A port of a pod.
    PortForward,
}

/// Objects, one object, or a part of one.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) served: &'static Served,
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<Subresource>,
}

/// A question of discovery.
#[derive(Debug)]
pub(super) enum Discovery {
    /// The core group.
    Core,
    /// All other groups.
    Groups,
    /// One group.
    Group(String),
    /// The kinds of a group's version.
    Resources(String, String),
}

/// The longest path that is looked at.
const MAX_LENGTH: usize = 2_048;

/// What a path means; none if there is nothing.
pub(super) fn parse(path: &str) -> Option<Target> {
    if path.len() > MAX_LENGTH {
        return None;
    }
    let decoded: Vec<String> = path.trim_matches('/').split('/').map(decode).collect::<Option<_>>()?;
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    match parts[..] {
        [""] => Some(Target::Root),
        ["version"] => Some(Target::Version),
        ["healthz" | "livez" | "readyz", ref rest @ ..] => Some(Target::Health(rest.join("/"))),
        ["openapi", "v2"] => Some(Target::OpenApiV2),
        ["openapi", "v3"] => Some(Target::OpenApi(None)),
        ["openapi", "v3", ref rest @ ..] => Some(Target::OpenApi(Some(rest.join("/")))),
        ["api"] => Some(Target::Discovery(Discovery::Core)),
        ["api", version] => Some(Target::Discovery(Discovery::Resources(String::new(), version.to_owned()))),
        ["api", "v1", "namespaces", _, "pods", _, "portforward"] => Some(Target::PortForward),
        ["api", version, ref rest @ ..] => objects("", version, rest).map(Target::Objects),
        ["apis"] => Some(Target::Discovery(Discovery::Groups)),
        ["apis", group] => Some(Target::Discovery(Discovery::Group(group.to_owned()))),
        ["apis", group, version] => Some(Target::Discovery(Discovery::Resources(group.to_owned(), version.to_owned()))),
        ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] => {
            Some(Target::Review("SelfSubjectAccessReview"))
        }
        ["apis", "authorization.k8s.io", "v1", "selfsubjectrulesreviews"] => {
            Some(Target::Review("SelfSubjectRulesReview"))
        }
        ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"] => Some(Target::Review("SelfSubjectReview")),
        ["apis", group, version, ref rest @ ..] => objects(group, version, rest).map(Target::Objects),
        _ => None,
    }
}

fn objects(group: &str, version: &str, rest: &[&str]) -> Option<Objects> {
    let (namespace, rest) = match rest {
        // A namespace is an object, and what stands behind it may be a part of it.
        ["namespaces"] | ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
        ["namespaces", namespace, rest @ ..] => (Some((*namespace).to_owned()), rest),
        _ => (None, rest),
    };
    let (plural, rest) = rest.split_first()?;
    let served = served(group, version, plural)?;
    let (name, subresource) = match rest {
        [] => (None, None),
        [name] => (Some((*name).to_owned()), None),
        [name, subresource] => (Some((*name).to_owned()), Some(served.subresource(subresource)?)),
        _ => return None,
    };
    let fits = match (served.kind.is_namespaced(), &namespace) {
        (true, Some(_)) => true,
        // Objects of all namespaces can be listed, but each is found in its own only.
        (true, None) => name.is_none(),
        (false, namespace) => namespace.is_none(),
    };
    let named = name.as_deref() != Some("");
    (fits && named).then_some(Objects { served, namespace, name, subresource })
}

impl Objects {
    /// The namespace; empty for all, and for what belongs to the cluster.
    pub(super) fn home(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// Whether these are events in the words of their newer group.
    pub(super) fn is_new_event(&self) -> bool {
        self.served.kind == Kind::Event && !self.served.group.is_empty()
    }
}

/// A part of a path without its `%`-escapes.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_paths_when_parsed_then_each_means_what_it_does_to_an_api_server() {
        let table = [
            ("/api/v1/pods", Some("pods all")),
            ("/api/v1/namespaces/default/pods", Some("pods default")),
            ("/api/v1/namespaces/default/pods/web-0", Some("pods default web-0")),
            ("/api/v1/namespaces/default/pods/web-0/eviction", Some("pods default web-0 eviction")),
            ("/api/v1/namespaces", Some("namespaces all")),
            ("/api/v1/namespaces/default", Some("namespaces all default")),
            ("/api/v1/namespaces/default/finalize", Some("namespaces all default finalize")),
            ("/api/v1/nodes/node-a", Some("nodes all node-a")),
            ("/apis/apps/v1/namespaces/a%2Db/statefulsets/web/scale", Some("statefulsets a-b web scale")),
            ("/api/v1/pods/web-0", None),
            ("/api/v1/namespaces/default/nodes", None),
            ("/api/v1/namespaces/default/secrets", None),
            ("/api/v1/namespaces/default/pods/web-0/portforward", Some("PortForward")),
            ("/api/v1/namespaces/default/pods/web-0/proxy", None),
            ("/apis/apps/v2/statefulsets", None),
            ("/api/v1/namespaces/default/pods/%zz", None),
            ("/nothing", None),
        ];
        for (path, expected) in table {
            let found = parse(path).map(|target| match target {
                Target::Objects(objects) => {
                    let namespace = objects.namespace.as_deref().unwrap_or("all");
                    let mut text = format!("{} {namespace}", objects.served.plural);
                    for more in objects.name.into_iter().chain(objects.subresource.map(|it| it.name().to_owned())) {
                        text = format!("{text} {more}");
                    }
                    text
                }
                other => format!("{other:?}"),
            });
            assert_eq!(found.as_deref(), expected, "{path}");
        }
    }
}
