//! Who is who: the names and numbers that tell objects, identities and revisions apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The UID of an object. Two pods of one name are the same incarnation only if their UIDs are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Uid(pub Box<str>);

impl Uid {
    /// As the API writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight characters: enough to tell the pods of one identity apart by eye.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number at the end of a pod's name, which makes its identity within the StatefulSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Ordinal(pub u32);

impl Ordinal {
    /// The ordinal in a pod's name: what stands after the last `-`, where what stands before it is `set`.
    /// The controller ignores pods whose names have none.
    ///
    /// ```
    /// use topology::Ordinal;
    /// assert_eq!(Ordinal::of_pod("web-12", "web"), Some(Ordinal(12)));
    /// assert_eq!(Ordinal::of_pod("web", "web"), None);
    /// assert_eq!(Ordinal::of_pod("web-a1", "web"), None);
    /// ```
    pub fn of_pod(pod: &str, set: &str) -> Option<Self> {
        Self::split(pod).filter(|(parent, _)| *parent == set).map(|(_, ordinal)| ordinal)
    }

    /// A pod's name, taken apart: the StatefulSet that it is named after, and the ordinal.
    pub fn split(pod: &str) -> Option<(&str, Self)> {
        let (set, digits) = pod.rsplit_once('-')?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some((set, Self(plain.then(|| digits.parse().ok())??)))
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The namespace and name of a StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SetKey {
    /// The namespace.
    pub namespace: String,
    /// The name of the StatefulSet.
    pub name: String,
}

impl SetKey {
    /// A key from its two parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The name of the pod that holds `ordinal`.
    pub fn pod_name(&self, ordinal: Ordinal) -> String {
        format!("{}-{ordinal}", self.name)
    }
}

impl fmt::Display for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The number of a published change. Counts up by one for each change that the server publishes; 0 is the
/// empty topology before the first one. Numbers of different servers cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A Kubernetes resource version. Numbers are ordered as the API server wrote them (comparable by contract since
/// Kubernetes 1.35); anything else is `None` and compares with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ResourceVersion(pub Option<u64>);

impl ResourceVersion {
    /// Reads `metadata.resourceVersion`.
    pub fn parse(text: &str) -> Self {
        Self(text.parse().ok())
    }

    /// Whether an event with this version was already covered by everything up to `seen`.
    pub fn is_covered_by(self, seen: Self) -> bool {
        matches!((self.0, seen.0), (Some(this), Some(seen)) if this <= seen)
    }

    /// The newer of two versions; a number beats none.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self(self.0.max(other.0))
    }
}
