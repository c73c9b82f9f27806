//! Makes code of the catalogues in `locales`: a text that lacks in a language does not compile, nor does one that is read
//! without one of its values. The texts of each language go with the pages that are in it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use leptos_i18n_build::{Config, TranslationsInfos};

const LANGUAGES: [&str; 2] = ["en", "zh"];

/// One file in each language's folder.
const CATALOGUES: [&str; 17] = [
    "card", "dialogs", "dns", "fleet", "guide", "keys", "lanes", "ledger", "notices", "page", "reasons", "services",
    "set", "tables", "timeline", "units", "warnings",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let made = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let [default, other] = LANGUAGES;
    let mut config = Config::new(default)?.add_locale(other)?;
    for catalogue in CATALOGUES {
        config = config.add_namespace(catalogue)?;
    }
    let catalogues = TranslationsInfos::parse(config)?;
    catalogues.emit_diagnostics();
    catalogues.rerun_if_locales_changed();
    catalogues.generate_i18n_module(made.join("i18n"))?;
    let texts = LANGUAGES.map(texts);
    let [default, other] = texts;
    let (default, other) = (default?, other?);
    fs::write(made.join("values.rs"), values(&default, &other)?)?;
    // In the order of their names, which the compiler makes the same in all languages.
    fs::write(made.join("numbers.rs"), numbers(&default)?)?;
    fs::write(made.join("texts.rs"), format!("[{:?}, {:?}]", lines(&default)?, lines(&other)?))?;
    Ok(())
}

/// The texts of a catalogue by their keys, of all catalogues by their names.
type Texts = BTreeMap<&'static str, BTreeMap<String, String>>;

fn texts(language: &str) -> Result<Texts, Box<dyn Error>> {
    let catalogue = |name: &'static str| {
        let text = fs::read_to_string(format!("locales/{language}/{name}.json"))?;
        Ok((name, serde_json::from_str(&text)?))
    };
    CATALOGUES.into_iter().map(catalogue).collect()
}

/// A line for each text, in the order of their numbers.
fn lines(texts: &Texts) -> Result<String, Box<dyn Error>> {
    let mut lines = String::new();
    for (catalogue, texts) in texts {
        for (key, text) in texts {
            // What a line cannot hold, nor an element of the page.
            if text.contains(['\n', '<']) {
                return Err(format!("{catalogue}.{key} has a line break or a < in {text:?}").into());
            }
            writeln!(lines, "{text}")?;
        }
    }
    Ok(lines)
}

/// The number of each text.
fn numbers(texts: &Texts) -> Result<String, Box<dyn Error>> {
    let (mut code, mut number) = (String::new(), 0..);
    for (catalogue, texts) in texts {
        writeln!(code, "pub mod {catalogue} {{")?;
        for (key, number) in texts.keys().zip(&mut number) {
            writeln!(code, "pub const {key}: usize = {number};")?;
        }
        writeln!(code, "}}")?;
    }
    Ok(code)
}

/// A type for each text, with a field for each of its values: whoever reads the text names all of them.
fn values(default: &Texts, other: &Texts) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for (catalogue, texts) in default {
        writeln!(code, "pub mod {catalogue} {{")?;
        for (key, text) in texts {
            let names = names(text);
            if let Some(other) = other[catalogue].get(key).filter(|other| self::names(other) != names) {
                return Err(format!("{catalogue}.{key} has other values in {text:?} than in {other:?}").into());
            }
            let fields: Vec<String> = names.iter().map(|name| format!("pub {name}: ()")).collect();
            writeln!(code, "pub struct {key} {{ {} }}", fields.join(", "))?;
        }
        writeln!(code, "}}")?;
    }
    Ok(code)
}

/// The names of a text's values, which are in braces.
fn names(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}
