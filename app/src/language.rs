//! The languages of the page, and the texts in them.
//!
//! The texts are in `app/locales`, a folder for each language; [`tr!`] and [`said!`](crate::say) read them by keys that are
//! checked when the page is built. A page is in one language for as long as it is loaded.

#[cfg(any(feature = "hydrate", feature = "ssr"))]
pub(crate) mod texts;

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub(crate) use self::generated::i18n::Locale;

#[allow(missing_docs, unused_imports, dead_code, clippy::all, clippy::pedantic, reason = "made of the catalogues")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

/// The values of each text, by which the compiler checks that all are there.
#[allow(non_camel_case_types, dead_code, reason = "made of the catalogues, and of no use to the program")]
pub(crate) mod values {
    include!(concat!(env!("OUT_DIR"), "/values.rs"));
}

/// A text in a language: `tr!(language, catalogue.key, name = value…)`. One without values is a `&'static str`, one with
/// values a `String`.
// The values are put in by one function: interpolation by leptos_i18n makes code for each text, 5 KB of the page.
macro_rules! tr {
    ($language:expr, $catalogue:ident.$key:ident) => {{
        let _ = || $crate::language::values::$catalogue::$key {};
        $crate::language::text!($language, $catalogue.$key)
    }};
    ($language:expr, $catalogue:ident.$key:ident, $($name:ident = $value:expr),+ $(,)?) => {{
        let _ = || $crate::language::values::$catalogue::$key { $($name: ()),+ };
        $crate::language::filled(
            $crate::language::text!($language, $catalogue.$key),
            &[$((stringify!($name), &($value))),+],
        )
    }};
}
pub(crate) use tr;

/// A text as the catalogue has it.
#[cfg(not(feature = "hydrate"))]
macro_rules! text {
    ($language:expr, $catalogue:ident.$key:ident) => {
        leptos_i18n::td_string!($language.locale(), $catalogue.$key)
    };
}
/// A text as the catalogue has it that came with the page. The key is checked all the same.
#[cfg(feature = "hydrate")]
macro_rules! text {
    ($language:expr, $catalogue:ident.$key:ident) => {{
        let _ = || leptos_i18n::td_string!($language.locale(), $catalogue.$key);
        $crate::language::texts::read($crate::language::texts::numbers::$catalogue::$key)
    }};
}
pub(crate) use text;

/// A text with its values, which are in braces, put in.
pub(crate) fn filled(text: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    for (at, piece) in text.split(['{', '}']).enumerate() {
        // What is a value itself is no text: braces in it mean nothing.
        match values.iter().find(|(name, _)| at % 2 == 1 && *name == piece) {
            Some((_, value)) => filled.push_str(&value.to_string()),
            None => filled.push_str(piece),
        }
    }
    filled
}

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The first of an `Accept-Language` header that there is; else English.
    pub fn preferred(wanted: &str) -> Self {
        let mut tags: Vec<(&str, f32)> = wanted.split(',').map(weighed).collect();
        tags.sort_by(|one, other| other.1.total_cmp(&one.1)); // stable: of equal ones the first
        let known = tags.into_iter().find_map(|(tag, weight)| tag.parse().ok().filter(|_| weight > 0.0));
        known.unwrap_or_default()
    }

    /// Its tag, as in `lang` attributes.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// Its word in addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::Chinese,
            Self::Chinese => Self::English,
        }
    }

    /// What lies between two sentences.
    pub(crate) const fn space(self) -> &'static str {
        match self {
            Self::English => " ",
            Self::Chinese => "",
        }
    }

    pub(crate) const fn locale(self) -> Locale {
        match self {
            Self::English => Locale::en,
            Self::Chinese => Locale::zh,
        }
    }
}

impl FromStr for Language {
    type Err = NoSuchLanguage;

    /// Reads a tag, `zh` or `zh-CN`.
    fn from_str(tag: &str) -> Result<Self, NoSuchLanguage> {
        match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Ok(Self::English),
            "zh" => Ok(Self::Chinese),
            _ => Err(NoSuchLanguage),
        }
    }
}

/// The page is not told in that language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the page is told in English (en) and Chinese (zh)")]
pub struct NoSuchLanguage;

/// A tag of `Accept-Language`, with its weight.
fn weighed(part: &str) -> (&str, f32) {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
    let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse().ok());
    (tag.trim(), weight.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::{Language, filled};

    #[test]
    fn given_values_when_put_into_a_text_then_each_is_where_its_name_is_and_braces_in_it_mean_nothing() {
        let text = filled("{pod} of {set}: {pod}", &[("set", &"{pod}"), ("pod", &1)]);
        assert_eq!(text, "1 of {pod}: 1");
        assert_eq!(tr!(Language::Chinese, fleet.more, count = 3), "还有 3 个");
    }

    #[test]
    fn given_what_browsers_prefer_when_a_language_is_chosen_then_it_is_the_first_that_there_is() {
        for (wanted, language) in [
            ("", Language::English),
            ("fr", Language::English),
            ("zh", Language::Chinese),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-US,en;q=0.9,zh;q=0.8", Language::English),
            ("zh;q=0.5, en;q=0.7", Language::English),
            ("fr, zh;q=0.3", Language::Chinese),
            ("zh;q=0", Language::English),
            ("zh;q=oops", Language::English),
        ] {
            assert_eq!(Language::preferred(wanted), language, "{wanted:?}");
        }
    }
}
