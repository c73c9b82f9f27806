//! The numbers of fields: `numbers.txt`, which `tools/field-numbers.go` prints from the Go types.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The fields of a type by their numbers.
#[derive(Debug, Default)]
pub(super) struct Type(HashMap<u32, Entry>);

/// What a number stands for.
#[derive(Debug)]
pub(super) enum Entry {
    /// A field.
    Field(Named),
    /// A message, of this type, whose fields stand among the type's own.
    Inline(&'static str),
}

/// A field.
#[derive(Debug)]
pub(super) struct Named {
    /// Its number.
    pub(super) at: u32,
    /// Its name in JSON.
    pub(super) name: Box<str>,
    /// Whether zero is a value: else it is how Go writes that there is none.
    pub(super) is_pointer: bool,
}

static TYPES: LazyLock<HashMap<&'static str, Type>> =
    LazyLock::new(|| include_str!("numbers.txt").lines().filter_map(line).collect());

/// The type of that name.
pub(super) fn of(name: &str) -> Option<&'static Type> {
    TYPES.get(name)
}

impl Type {
    pub(super) fn get(&self, number: u32) -> Option<&Entry> {
        self.0.get(&number)
    }
}

fn line(line: &'static str) -> Option<(&'static str, Type)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let entry = |word: &'static str| {
        let (name, number) = word.split_once('=')?;
        let (number, is_pointer) = number.strip_suffix('?').map_or((number, false), |number| (number, true));
        let number = number.parse().ok()?;
        Some(match name.strip_prefix('+') {
            Some(of) => (number, Entry::Inline(of)),
            None => (number, Entry::Field(Named { at: number, name: name.into(), is_pointer })),
        })
    };
    Some((name, Type(words.filter_map(entry).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_the_table_when_read_then_every_word_of_it_is_understood_and_every_inline_type_is_there() {
        for line in include_str!("numbers.txt").lines() {
            let name = line.split(' ').next().unwrap_or_default();
            let fields = of(name).unwrap_or_else(|| panic!("{name} is there"));
            assert_eq!(fields.0.len(), line.split(' ').count() - 1, "{line}");
            for entry in fields.0.values() {
                if let Entry::Inline(within) = entry {
                    assert!(of(within).is_some(), "{within} in {name}");
                }
            }
        }
    }
}
