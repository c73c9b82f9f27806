//! References of images, by the grammar that kubelets read them by: the API takes any text, and a pod with what is no
//! reference then waits for ever (`InvalidImageName`).

use std::fmt;

use thiserror::Error;

/// The longest name, and the longest tag.
const LONGEST: (usize, usize) = (255, 128);
/// How many digits a digest has at the least.
const DIGITS: usize = 32;

/// A reference: `registry.example:5000/team/nginx:1.27@sha256:…`, of which only a name is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image(String);

/// Why a text is no reference. Each message says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum BadImage {
    #[error("give a name, as in nginx:1.27")]
    Empty,
    #[error(
        "the name {0:?} has to be lower-case letters and digits, with single '.', '_' or '-' between them and parts after '/', \
         as in registry.example/team/nginx"
    )]
    Name(String),
    #[error("the name has {0} characters, and {most} at most are allowed", most = LONGEST.0)]
    TooLong(usize),
    #[error(
        "the tag {0:?} has to be at most {most} letters, digits, '_', '.' or '-', and begin with neither '.' nor '-', as in \
         nginx:1.27",
        most = LONGEST.1
    )]
    Tag(String),
    #[error("the digest {0:?} has to be an algorithm and {DIGITS} or more hexadecimal digits, as in nginx@sha256:…")]
    Digest(String),
}

impl Image {
    /// Reads a reference.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn parse(text: &str) -> Result<Self, BadImage> {
        if text.is_empty() {
            return Err(BadImage::Empty);
        }
        let (tagged, digest) = split(text, '@');
        // A colon before the last slash is that of a registry's port.
        let (name, tag) = match tagged.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (tagged, None),
        };
        let wrong = |part: &str| part.chars().take(LONGEST.1).collect::<String>();
        if name.len() > LONGEST.0 {
            return Err(BadImage::TooLong(name.len()));
        }
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, name),
        };
        if !registry.is_none_or(is_registry) || !path.split('/').all(is_component) {
            return Err(BadImage::Name(wrong(name)));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(BadImage::Tag(wrong(tag)));
        }
        if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
            return Err(BadImage::Digest(wrong(digest)));
        }
        Ok(Self(text.to_owned()))
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric();
        part.bytes().all(|byte| plain(byte) || byte == b'-')
            && part.bytes().next().is_some_and(plain)
            && part.bytes().next_back().is_some_and(plain)
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = address.map_or_else(|| host.split('.').all(is_part), |it| it.parse::<std::net::Ipv6Addr>().is_ok());
    is_host && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters and digits in runs, between which stands one of `.`, `_`, `__`, or any number of dashes.
fn is_component(text: &str) -> bool {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let between = |text: &str| matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    text.starts_with(plain) && text.ends_with(plain) && text.split(plain).all(between)
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=LONGEST.1).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

fn is_digest(text: &str) -> bool {
    let (algorithm, digits) = split(text, ':');
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    let are_digits = |digits: &str| digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    algorithm.split(['-', '_', '+', '.']).all(is_part) && digits.is_some_and(are_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_references_when_read_then_they_are_what_they_were() {
        let digest = format!("nginx:1@sha256:{}", "0a".repeat(32));
        for text in [
            "nginx",
            "nginx:1.27",
            "nginx:missing",
            "library/nginx:1.27-alpine",
            "localhost/nginx",
            "localhost:5000/team/nginx",
            "registry.example:5000/a-b/c__d/e.f:V_1",
            "Registry.Example/a",
            "[::1]:5000/a",
            digest.as_str(),
        ] {
            assert_eq!(Image::parse(text).map(|image| image.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn given_what_is_no_reference_when_read_then_it_is_said_which_part_is_wrong() {
        use BadImage::{Digest, Empty, Name, Tag, TooLong};
        assert_eq!(Image::parse(""), Err(Empty));
        for text in [
            "Nginx",
            "nginx nginx",
            "-nginx",
            "a..b",
            "a___b",
            "a//b",
            "/a",
            "a/",
            "x; rm -rf /",
            "ngïnx",
            "http://a.b/c",
        ] {
            assert!(matches!(Image::parse(text), Err(Name(_))), "{text}");
        }
        for text in ["nginx:", "nginx:1 2", "nginx:.1", "nginx:-1", "nginx:1:ü", &format!("nginx:{}", "1".repeat(129))]
        {
            assert!(matches!(Image::parse(text), Err(Tag(_) | Name(_))), "{text}");
        }
        for text in ["nginx@", "nginx@sha256", "nginx@sha256:12", "nginx@sha256:zz", "nginx@:00"] {
            assert!(matches!(Image::parse(text), Err(Digest(_))), "{text}");
        }
        assert_eq!(Image::parse(&"a".repeat(256)), Err(TooLong(256)));
        assert!(Image::parse("nginx:").unwrap_err().to_string().contains("as in nginx:1.27"));
    }
}
