//! The parameters of a request.

use std::collections::BTreeMap;

use crate::failure::{Failure, FieldError};
use crate::kinds::Served;
use crate::registry::{Validation, WriteOptions};
use crate::selectors::{FieldSelector, LabelSelector};

/// The parameters of a request. A name that comes several times keeps all its values.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, Vec<String>>);

impl Query {
    /// Reads what stands behind the `?`.
    pub(super) fn parse(text: Option<&str>) -> Self {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.entry(decode(name)).or_default().push(decode(value));
        }
        Self(all)
    }

    /// The first value of a parameter; empty when it is not there.
    pub(super) fn text(&self, name: &str) -> &str {
        self.all(name).first().map_or("", String::as_str)
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a parameter is set and does not say no.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.contains_key(name) && !matches!(self.text(name), "0" | "false")
    }

    /// A number.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.text(name) {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Failure::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"))),
        }
    }

    /// A version.
    ///
    /// # Errors
    /// When it is no number.
    pub(super) fn version(&self) -> Result<Option<u64>, Failure> {
        match self.text("resourceVersion") {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let error = FieldError::invalid("resourceVersion", text, "strconv.ParseUint: parsing: invalid syntax");
                Failure::invalid_kind("meta.k8s.io", "ListOptions", "", vec![error])
            }),
        }
    }

    /// Which objects are meant.
    ///
    /// # Errors
    /// When that cannot be understood.
    pub(super) fn selectors(&self, served: &Served) -> Result<(LabelSelector, FieldSelector), Failure> {
        let labels = LabelSelector::parse(self.text("labelSelector")).map_err(Failure::bad_request)?;
        let fields = FieldSelector::parse(served, self.text("fieldSelector")).map_err(Failure::bad_request)?;
        Ok((labels, fields))
    }

    /// How a write is meant. Who writes is named, or is the program that asks.
    ///
    /// # Errors
    /// When that cannot be understood.
    pub(super) fn write_options(&self, kind: &str, agent: &str) -> Result<WriteOptions, Failure> {
        let mut errors = Vec::new();
        let dry_run = self.all("dryRun");
        for value in dry_run.iter().filter(|value| *value != "All") {
            errors.push(FieldError::not_supported("dryRun", value.as_str(), &["All"]));
        }
        let validation = match self.text("fieldValidation") {
            "" | "Warn" => Validation::Warn,
            "Strict" => Validation::Strict,
            "Ignore" => Validation::Ignore,
            other => {
                let known = ["Ignore", "Warn", "Strict"];
                errors.push(FieldError::not_supported("fieldValidation", other, &known));
                Validation::Warn
            }
        };
        let manager = self.text("fieldManager");
        if manager.len() > 128 {
            errors.push(FieldError::too_long("fieldManager", 128));
        }
        if manager.chars().any(char::is_control) {
            errors.push(FieldError::invalid("fieldManager", manager, "should only contain printable characters"));
        }
        if !errors.is_empty() {
            return Err(Failure::invalid_kind("meta.k8s.io", kind, "", errors));
        }
        let manager = if manager.is_empty() { agent } else { manager };
        Ok(WriteOptions { manager: manager.to_owned(), dry_run: !dry_run.is_empty(), validation })
    }
}

/// A text without its escapes; what is no escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = || u8::from_str_radix(text.get(at + 1..at + 3)?, 16).ok();
        match byte {
            b'+' => plain.push(b' '),
            b'%' if escaped().is_some() => {
                plain.extend(escaped());
                at += 2;
            }
            byte => plain.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}
