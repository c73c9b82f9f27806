//! Which address shows what.

use topology::{SetKey, Timestamp};

use crate::choice::{Choice, MAX_QUERY, Show, Sort};
use crate::language::{Language, tr};
use crate::stretch::Stretch;

/// What an address asks to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// All StatefulSets.
    Fleet,
    /// One StatefulSet.
    Set(SetKey),
    /// One Deployment.
    Deployment(SetKey),
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
    /// Which StatefulSets the fleet shows, and in which order.
    pub choice: Choice,
    /// The stretch of time that the lanes show; `None` leaves it as it is.
    pub stretch: Option<Stretch>,
    /// The language that the address asks for; `None` is the reader's.
    pub language: Option<Language>,
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
            ["deployments", namespace, name] if is_name(namespace) && is_name(name) => {
                Route::Deployment(SetKey::new(*namespace, *name))
            }
            _ => Route::Unknown,
        };
        let given = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let at = given("at").and_then(|millis| millis.parse().ok()).map(Timestamp::from_millis);
        let at = at.filter(|_| matches!(route, Route::Set(_)));
        let namespace = given("namespace").filter(|name| is_name(name)).map(str::to_owned);
        let choice = if route == Route::Fleet { choice(given) } else { Choice::default() };
        let language = given("lang").and_then(|tag| tag.parse().ok());
        let stretch = given("span").and_then(Stretch::named);
        Self { route, namespace, at, choice, stretch, language }
    }

    /// Something else, in the same namespace and language, as of now.
    #[must_use]
    pub fn to(&self, route: Route) -> Self {
        let (namespace, language) = (self.namespace.clone(), self.language);
        Self { route, namespace, at: None, choice: Choice::default(), stretch: None, language }
    }

    /// The address of this place.
    pub fn address(&self) -> String {
        let path = match &self.route {
            Route::Fleet | Route::Unknown => "/".to_owned(),
            Route::Set(set) => format!("/sets/{}/{}", set.namespace, set.name),
            Route::Deployment(deployment) => format!("/deployments/{}/{}", deployment.namespace, deployment.name),
        };
        let namespace = self.namespace.as_ref().map(|namespace| format!("namespace={namespace}"));
        let at = self.at.map(|at| format!("at={}", at.as_millis()));
        let language = self.language.map(|language| format!("lang={}", language.word()));
        let stretch = self.stretch.map(|stretch| format!("span={}", stretch.word()));
        let lanes = at.into_iter().chain(stretch);
        let query: Vec<String> =
            namespace.into_iter().chain(lanes).chain(chosen(&self.choice)).chain(language).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The title of the page there.
    pub fn title(&self, language: Language) -> String {
        match &self.route {
            Route::Fleet => "Berth".to_owned(),
            Route::Set(named) | Route::Deployment(named) => format!("{} · {} · Berth", named.name, named.namespace),
            Route::Unknown => format!("{} · Berth", tr!(language, page.not_found)),
        }
    }

    /// The StatefulSet that is shown.
    pub fn set(&self) -> Option<&SetKey> {
        match &self.route {
            Route::Set(set) => Some(set),
            Route::Fleet | Route::Deployment(_) | Route::Unknown => None,
        }
    }

    /// The Deployment that is shown.
    pub fn deployment(&self) -> Option<&SetKey> {
        match &self.route {
            Route::Deployment(deployment) => Some(deployment),
            Route::Fleet | Route::Set(_) | Route::Unknown => None,
        }
    }

    /// Whether the filter lets a StatefulSet through.
    pub fn admits(&self, set: &SetKey) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == set.namespace)
    }
}

/// Reads what is chosen of the fleet. What is no choice is left out.
fn choice<'a>(given: impl Fn(&str) -> Option<&'a str>) -> Choice {
    let words: Vec<&str> = given("show").unwrap_or_default().split(',').collect();
    let sort = given("sort").and_then(|word| Sort::ALL.into_iter().find(|sort| sort.word() == word));
    Choice {
        query: unescaped(given("q").unwrap_or_default()).chars().take(MAX_QUERY).collect(),
        shows: Show::ALL.into_iter().filter(|show| words.contains(&show.word())).collect(),
        sort: sort.unwrap_or_default(),
        grouped: given("group") == Some("namespace"),
    }
}

fn chosen(choice: &Choice) -> Vec<String> {
    let mut parts = Vec::new();
    if !choice.query.is_empty() {
        parts.push(format!("q={}", escaped(&choice.query)));
    }
    if !choice.shows.is_empty() {
        let words: Vec<&str> = choice.shows.iter().map(|show| show.word()).collect();
        parts.push(format!("show={}", words.join(",")));
    }
    if choice.sort != Sort::default() {
        parts.push(format!("sort={}", choice.sort.word()));
    }
    if choice.grouped {
        parts.push("group=namespace".to_owned());
    }
    parts
}

/// A text as a value of a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => {
                let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default().to_ascii_uppercase();
                escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    escaped
}

/// The text that a value of a query stands for. What is no UTF-8 is replaced.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| u8::try_from(char::from(*digit).to_digit(16)?).ok());
        let code = digit(0).zip(digit(1)).map(|(high, low)| high * 16 + low);
        let (meant, left) = match (byte, code) {
            (b'%', Some(code)) => (code, &after[2..]),
            (b'+', _) => (b' ', after),
            _ => (byte, after),
        };
        bytes.push(meant);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Place, Route};
    use crate::choice::{Choice, Show, Sort};
    use crate::language::Language;
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
            ("/deployments/default/api", Route::Deployment(SetKey::new("default", "api")), None),
            ("/deployments/default/api/x", Route::Unknown, None),
            ("/sets/default", Route::Unknown, None),
            ("/sets/default/web/more", Route::Unknown, None),
            ("/sets/default/%3Cscript%3E", Route::Unknown, None),
            ("/settings", Route::Unknown, None),
        ] {
            let (namespace, choice) = (namespace.map(str::to_owned), Choice::default());
            let expected = Place { route, namespace, at: None, choice, stretch: None, language: None };
            assert_eq!(Place::parse(address), expected, "{address}");
        }
    }

    #[test]
    fn given_a_choice_when_read_then_what_is_none_is_left_out() {
        let choice = |query: &str| Place::parse(&format!("/?{query}")).choice;
        let expected = Choice {
            query: "web 数 100%".to_owned(),
            shows: vec![Show::NotReady, Show::Stuck],
            sort: Sort::Changed,
            grouped: true,
        };
        assert_eq!(choice("q=web+%E6%95%B0%20100%25&show=stuck,notready,all&sort=changed&group=namespace"), expected);
        assert_eq!(choice("q=&show=&sort=size&group=node&x=%"), Choice::default());
        assert_eq!(choice("q=%zz%F%ff%+").query, "%zz%F\u{fffd}% ");
        assert_eq!(choice(&format!("q={}", "é".repeat(500))).query.chars().count(), 200);
        assert_eq!(Place::parse("/sets/a/b?q=web").choice, Choice::default());
    }

    #[test]
    fn given_a_language_in_an_address_when_another_place_is_shown_then_it_is_kept_and_what_is_none_is_not() {
        let language = |address: &str| Place::parse(address).to(Route::Fleet).language;
        assert_eq!(language("/sets/a/b?lang=zh-CN"), Some(Language::Chinese));
        assert_eq!(language("/?lang=en&q=web"), Some(Language::English));
        assert_eq!((language("/?lang=fr"), language("/?lang="), language("/")), (None, None, None));
    }

    #[test]
    fn given_a_place_when_written_then_it_reads_back() {
        for address in [
            "/",
            "/?namespace=a",
            "/sets/a/b",
            "/sets/a/b?namespace=a",
            "/sets/a/b?at=5",
            "/sets/a/b?namespace=a&at=5",
            "/deployments/a/b?namespace=a",
            "/sets/a/b?at=5&lang=zh",
            "/?lang=en",
            "/sets/a/b?at=5&span=60000",
            "/deployments/a/b?span=60000-1700000000000&lang=zh",
            "/?namespace=a&q=web+%E6%95%B0%26&show=stuck,warnings&sort=ready&group=namespace",
        ] {
            assert_eq!(Place::parse(address).address(), address);
        }
    }
}
