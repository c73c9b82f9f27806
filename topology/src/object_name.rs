//! Names that Kubernetes objects may have (RFC 1123), as types: what was read as one can stand in a path of the API, where
//! it means itself and nothing else.

use std::fmt;

use thiserror::Error;

/// The longest label.
const LABEL: usize = 63;
/// The longest name.
const SUBDOMAIN: usize = 253;
/// How much of what is no name is repeated in an error.
const SHOWN: usize = 64;

/// A namespace or a container: lower-case letters, digits and dashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

/// A pod, a StatefulSet or another object: labels with dots between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subdomain(String);

/// Why a text is not the name of anything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadName {
    /// There is nothing.
    #[error("the name is empty")]
    Empty,
    /// It is too long.
    #[error("a name of {length} bytes is too long: at most {limit} are allowed")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// It has something that names do not have.
    #[error(
        "{0:?} is no name: lower-case letters, digits and '-' are allowed{dots}, with a letter or digit at both ends",
        dots = if *.1 { ", in parts with '.' between them" } else { "" }
    )]
    Characters(String, bool),
}

impl Label {
    /// Reads a label.
    ///
    /// # Errors
    /// When it is none.
    ///
    /// ```
    /// use topology::object_name::Label;
    /// assert_eq!(Label::parse("shop").map(|label| label.to_string()), Ok("shop".to_owned()));
    /// assert!(Label::parse("../shop").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadName> {
        fits(text, LABEL)?;
        if is_label(text) { Ok(Self(text.to_owned())) } else { Err(characters(text, false)) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Subdomain {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        fits(text, SUBDOMAIN)?;
        if text.split('.').all(is_label) { Ok(Self(text.to_owned())) } else { Err(characters(text, true)) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Subdomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fits(text: &str, limit: usize) -> Result<(), BadName> {
    match text.len() {
        0 => Err(BadName::Empty),
        length if length > limit => Err(BadName::TooLong { length, limit }),
        _ => Ok(()),
    }
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(inner) && text.bytes().next_back().is_some_and(inner);
    ends && text.bytes().all(|byte| inner(byte) || byte == b'-')
}

fn characters(text: &str, dots: bool) -> BadName {
    BadName::Characters(text.chars().take(SHOWN).collect(), dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_texts_when_read_then_only_names_are_names() {
        let (label, longer, longest) = ("a".repeat(63), "a".repeat(64), vec!["a".repeat(62); 4].join("."));
        for (text, is_label, is_subdomain) in [
            ("shop", true, true),
            ("web-0", true, true),
            ("0", true, true),
            ("my.web", false, true),
            (label.as_str(), true, true),
            (longer.as_str(), false, true),
            (longest.as_str(), false, true),
            ("", false, false),
            (".", false, false),
            ("..", false, false),
            ("a..b", false, false),
            ("a.", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("Shop", false, false),
            ("a/b", false, false),
            ("../kube-system", false, false),
            ("a?dryRun=All", false, false),
            ("a#b", false, false),
            ("a%2fb", false, false),
            ("a b", false, false),
            ("a\0", false, false),
            ("名", false, false),
            (&"a".repeat(300), false, false),
        ] {
            assert_eq!(Label::parse(text).is_ok(), is_label, "label {text:?}");
            assert_eq!(Subdomain::parse(text).is_ok(), is_subdomain, "subdomain {text:?}");
        }
    }

    #[test]
    fn given_what_is_no_name_when_told_then_the_mend_is_named_and_no_more_than_a_part_repeated() {
        let told = |text: &str| Subdomain::parse(text).map_err(|bad| bad.to_string()).unwrap_err();
        assert_eq!(told(""), "the name is empty");
        assert_eq!(told(&"a".repeat(300)), "a name of 300 bytes is too long: at most 253 are allowed");
        assert!(told("A\n").starts_with("\"A\\n\" is no name: lower-case letters, digits"));
        assert!(told(&"A".repeat(250)).len() < 250);
    }
}
