//! Where the ledger is kept: `--ledger PATH|URL|memory|off`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where the ledger is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    Off,
    /// In memory: while the server runs.
    Memory,
    /// In a SQLite file.
    File(PathBuf),
    /// In a PostgreSQL database.
    Postgres(String),
}

/// What is no place for a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// A URL of something else.
    #[error(
        "{0}: is no database that Berth knows; give the path of a file, postgres://USER@HOST/DATABASE, memory or off"
    )]
    Scheme(String),
    /// Nothing.
    #[error("give the path of a file, postgres://USER@HOST/DATABASE, memory or off")]
    Empty,
    /// No folder for data is known.
    #[error(
        "neither XDG_DATA_HOME nor HOME is set, so there is no folder for the ledger: pass --ledger PATH or --ledger off"
    )]
    NoFolder,
}

impl Place {
    /// Whether it is a PostgreSQL database.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// The file that is used when nothing is said: `$XDG_DATA_HOME/berth/ledger.db`.
    ///
    /// # Errors
    /// When the environment names no folder.
    pub fn usual() -> Result<Self, PlaceError> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")));
        data.map(|data| Self::File(data.join("berth/ledger.db"))).ok_or(PlaceError::NoFolder)
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some((scheme, _)) => Err(PlaceError::Scheme(scheme.to_owned())),
            None if text.is_empty() => Err(PlaceError::Empty),
            None if text == "off" => Ok(Self::Off),
            None if text == "memory" => Ok(Self::Memory),
            None => Ok(Self::File(text.into())),
        }
    }
}

/// Without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Memory => f.write_str("memory"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                write!(f, "{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_places_when_read_then_each_is_what_it_says_and_no_password_is_shown() {
        for (text, shown) in [
            ("off", Ok("off")),
            ("memory", Ok("memory")),
            ("/var/lib/berth.db", Ok("/var/lib/berth.db")),
            ("ledger.db", Ok("ledger.db")),
            ("postgres://berth:secret@db:5432/berth?sslmode=require", Ok("postgres://db:5432/berth")),
            ("postgresql:///berth?host=/run&password=secret", Ok("postgresql:///berth")),
            ("mysql://db/berth", Err(PlaceError::Scheme("mysql".to_owned()))),
            ("", Err(PlaceError::Empty)),
        ] {
            let place = text.parse::<Place>().map(|place| place.to_string());
            assert_eq!(place, shown.map(str::to_owned), "{text}");
        }
    }
}
