//! Which address shows what.

use topology::{SetKey, Timestamp};

/// What an address asks to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// All StatefulSets.
    Fleet,
    /// One StatefulSet.
    Set(SetKey),
    /// Nothing that exists.
    Unknown,
}

/// An address: what it shows, and which namespace it is narrowed down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What is shown.
    pub route: Route,
    /// The namespace whose StatefulSets the fleet shows; `None` is all.
    pub namespace: Option<String>,
    /// The moment as of which a StatefulSet is shown; `None` is now.
    pub at: Option<Timestamp>,
}

impl Place {
    /// Reads a path with its query, as `/sets/default/web?namespace=default`. Names of Kubernetes objects need no
    /// escapes, so a path with some names nothing.
    pub fn parse(address: &str) -> Self {
        let address = address.split('#').next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let route = match parts.as_slice() {
            [""] => Route::Fleet,
            ["sets", namespace, name] if is_name(namespace) && is_name(name) => {
                Route::Set(SetKey::new(*namespace, *name))
            }
            _ => Route::Unknown,
        };
        let given = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let at = given("at").and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis);
        let at = at.filter(|_| matches!(route, Route::Set(_)));
        Self { route, namespace: given("namespace").filter(|name| is_name(name)).map(str::to_owned), at }
    }

    /// The same filter with something else shown, as of now.
    #[must_use]
    pub fn to(&self, route: Route) -> Self {
        Self { route, namespace: self.namespace.clone(), at: None }
    }

    /// The address of this place.
    pub fn address(&self) -> String {
        let path = match &self.route {
            Route::Fleet | Route::Unknown => "/".to_owned(),
            Route::Set(set) => format!("/sets/{}/{}", set.namespace, set.name),
        };
        let namespace = self.namespace.as_ref().map(|namespace| format!("namespace={namespace}"));
        let at = self.at.map(|at| format!("at={}", at.as_millis()));
        let query: Vec<String> = namespace.into_iter().chain(at).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The title of the page there.
    pub fn title(&self) -> String {
        match &self.route {
            Route::Fleet => "Berth".to_owned(),
            Route::Set(set) => format!("{} · {} · Berth", set.name, set.namespace),
            Route::Unknown => "Not found · Berth".to_owned(),
        }
    }

    /// The StatefulSet that is shown.
    pub fn set(&self) -> Option<&SetKey> {
        match &self.route {
            Route::Set(set) => Some(set),
            Route::Fleet | Route::Unknown => None,
        }
    }

    /// Whether the filter lets a StatefulSet through.
    pub fn admits(&self, set: &SetKey) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == set.namespace)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Place, Route};
    use topology::{SetKey, Timestamp};

    #[test]
    fn given_a_moment_when_read_then_only_a_set_is_shown_as_of_then() {
        let at = |address| Place::parse(address).at.map(Timestamp::as_millis);
        assert_eq!(at("/sets/a/b?at=1700000000123"), Some(1_700_000_000_123));
        for address in ["/?at=5", "/sets/a/b?at=", "/sets/a/b?at=noon", "/sets/a/b?later=5", "/sets/a/b"] {
            assert_eq!(at(address), None, "{address}");
        }
    }

    #[test]
    fn given_addresses_when_read_then_each_names_one_place() {
        let set = |namespace, name| Route::Set(SetKey::new(namespace, name));
        for (address, route, namespace) in [
            ("", Route::Fleet, None),
            ("/", Route::Fleet, None),
            ("/?namespace=default", Route::Fleet, Some("default")),
            ("/?namespace=", Route::Fleet, None),
            ("/sets/default/web", set("default", "web"), None),
            ("/sets/default/web/", set("default", "web"), None),
            ("/sets/default/my.web?x=1&namespace=kube-system#top", set("default", "my.web"), Some("kube-system")),
            ("/sets/default", Route::Unknown, None),
            ("/sets/default/web/more", Route::Unknown, None),
            ("/sets/default/%3Cscript%3E", Route::Unknown, None),
            ("/settings", Route::Unknown, None),
        ] {
            let expected = Place { route, namespace: namespace.map(str::to_owned), at: None };
            assert_eq!(Place::parse(address), expected, "{address}");
        }
    }

    #[test]
    fn given_a_place_when_written_then_it_reads_back() {
        for address in
            ["/", "/?namespace=a", "/sets/a/b", "/sets/a/b?namespace=a", "/sets/a/b?at=5", "/sets/a/b?namespace=a&at=5"]
        {
            assert_eq!(Place::parse(address).address(), address);
        }
    }
}
