//! The parameters of questions: each is known, is given once, and can be read; anything else is refused with the mend.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::Query;
use axum::http::StatusCode;
use topology::Timestamp;

use super::problem::Problem;

/// The parameters as they came.
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// A parameter: its name, and what it is for.
pub(super) type Parameter = (&'static str, &'static str);

/// The parameters that were given, each once and each known.
pub(super) struct Given<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Given<'a> {
    pub(super) fn new(pairs: &'a [(String, String)], known: &[Parameter]) -> Result<Self, Problem> {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for (name, value) in pairs {
            if !known.iter().any(|(known, _)| known == name) {
                let known: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(wrong(format!("there is no parameter {name:?}; there are {known}")));
            }
            if given.iter().any(|(given, _)| given == name) {
                return Err(wrong(format!("{name} is given twice: give it once")));
            }
            given.push((name, value));
        }
        Ok(Self(given))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(super) fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let read = |value: &str| value.parse().map_err(|_| not(name, value, what));
        self.get(name).map(read).transpose()
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let what = "a time: write it as 2026-01-31T12:00:00Z (a + in it as %2B)";
        // The page counts milliseconds, as it has no calendar.
        let millis = |value: &str| value.parse().ok().map(Timestamp::from_millis);
        let read =
            |value: &str| millis(value).or_else(|| Timestamp::parse(value)).ok_or_else(|| not(name, value, what));
        self.get(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.parsed(name, "true or false")
    }
}

/// A value that cannot be used, and what could be.
pub(super) fn not(name: &str, value: impl Display, what: &str) -> Problem {
    let value: String = value.to_string().chars().take(100).collect();
    wrong(format!("{name}={value} is not {what}"))
}

/// What is wrong with a question, and the mend.
pub(super) fn wrong(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}
