//! Selectors of labels, as text (`app=nginx,tier in (a,b),!old`) and as the objects' own `selector` fields write them.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

/// Which labels are wanted. An empty one selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

/// What one label must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// How its value is compared.
    pub operator: Operator,
    /// With what.
    pub values: Vec<String>,
}

/// How the value of a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It is one of these.
    In,
    /// It is none of these, or the label is not there.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// It is a greater number.
    Greater,
    /// It is a smaller number.
    Less,
}

impl LabelSelector {
    /// Reads a selector as it stands in a query.
    ///
    /// # Errors
    /// What was found, and what was expected there.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        let requirements = parser.requirements().map_err(|error| format!("unable to parse requirement: {error}"))?;
        for requirement in &requirements {
            requirement.check().map_err(|error| format!("unable to parse requirement: {error}"))?;
        }
        Ok(Self { requirements })
    }

    /// The labels that must be exactly these.
    pub fn equal_to(labels: &BTreeMap<String, String>) -> Self {
        let requirements = labels.iter().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: Operator::In,
            values: vec![value.clone()],
        });
        Self { requirements: requirements.collect() }
    }

    /// A selector of a workload's spec. None for an operator that does not exist.
    pub fn of(selector: &meta::LabelSelector) -> Option<Self> {
        let mut all = Self::equal_to(selector.match_labels.as_ref().unwrap_or(&BTreeMap::new()));
        for expression in selector.match_expressions.iter().flatten() {
            let operator = match expression.operator.as_str() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let values = expression.values.clone().unwrap_or_default();
            all.requirements.push(Requirement { key: expression.key.clone(), operator, values });
        }
        Some(all)
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether something with these labels is selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels.get(&requirement.key)))
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.requirements.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

impl Requirement {
    fn matches(&self, value: Option<&String>) -> bool {
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Greater => self.compares(value).is_some_and(|(value, bound)| value > bound),
            Operator::Less => self.compares(value).is_some_and(|(value, bound)| value < bound),
        }
    }

    fn compares(&self, value: Option<&String>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }

    fn check(&self) -> Result<(), String> {
        if let Some(wrong) = crate::names::label_key(&self.key).first() {
            return Err(format!("key: Invalid value: {:?}: {wrong}", self.key));
        }
        if matches!(self.operator, Operator::Greater | Operator::Less) {
            let number = self.values.first().is_some_and(|value| value.parse::<i64>().is_ok());
            let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
            let value = self.values.first().map_or("", String::as_str);
            return if number { Ok(()) } else { Err(format!("values[0]: Invalid value: {value:?}: {detail}")) };
        }
        for (index, value) in self.values.iter().enumerate() {
            if let Some(wrong) = crate::names::label_value(value).first() {
                return Err(format!("values[{index}][{}]: Invalid value: {value:?}: {wrong}", self.key));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, &self.values);
        let first = values.first().map_or("", String::as_str);
        match self.operator {
            Operator::In if values.len() == 1 => write!(f, "{key}={first}"),
            Operator::In => write!(f, "{key} in ({})", values.join(",")),
            Operator::NotIn if values.len() == 1 => write!(f, "{key}!={first}"),
            Operator::NotIn => write!(f, "{key} notin ({})", values.join(",")),
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::Greater => write!(f, "{key}>{first}"),
            Operator::Less => write!(f, "{key}<{first}"),
        }
    }
}

/// A piece of a selector's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(&'a str),
    End,
}

impl Token<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Sign(text) => text,
            Self::End => "",
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let token = if is_sign(first) {
            let double = ["==", "!="].into_iter().find(|sign| rest.starts_with(sign));
            Token::Sign(double.map_or_else(|| &rest[..first.len_utf8()], |sign| &rest[..sign.len()]))
        } else {
            let end = rest.find(|c: char| is_sign(c) || c.is_whitespace()).unwrap_or(rest.len());
            Token::Word(&rest[..end])
        };
        rest = rest[token.text().len()..].trim_start();
        tokens.push(token);
    }
    tokens
}

const fn is_sign(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '<' | '>')
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.at).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        if self.peek() == Token::End {
            return Ok(requirements);
        }
        loop {
            requirements.push(self.requirement()?);
            match self.next() {
                Token::End => return Ok(requirements),
                Token::Sign(",") if matches!(self.peek(), Token::Word(_) | Token::Sign("!")) => {}
                Token::Sign(",") => {
                    return Err(format!("found '{}', expected: identifier after ','", self.peek().text()));
                }
                other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let absent = self.peek() == Token::Sign("!");
        if absent {
            self.next();
        }
        let Token::Word(key) = self.next() else {
            self.at -= 1;
            return Err(format!("found '{}', expected: identifier", self.peek().text()));
        };
        let key = key.to_owned();
        let exists = matches!(self.peek(), Token::End | Token::Sign(","));
        if absent || exists {
            let operator = if absent { Operator::DoesNotExist } else { Operator::Exists };
            return Ok(Requirement { key, operator, values: Vec::new() });
        }
        let (operator, many) = match self.next() {
            Token::Sign("=" | "==") => (Operator::In, false),
            Token::Sign("!=") => (Operator::NotIn, false),
            Token::Sign(">") => (Operator::Greater, false),
            Token::Sign("<") => (Operator::Less, false),
            Token::Word("in") => (Operator::In, true),
            Token::Word("notin") => (Operator::NotIn, true),
            other => {
                let expected = "in, notin, =, ==, !=, gt, lt";
                return Err(format!("found '{}', expected: {expected}", other.text()));
            }
        };
        let values = if many { self.values()? } else { vec![self.value()?] };
        Ok(Requirement { key, operator, values })
    }

    /// A single value; nothing at all is the empty one.
    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            Token::Word(value) => {
                self.next();
                Ok(value.to_owned())
            }
            Token::End | Token::Sign(",") => Ok(String::new()),
            Token::Sign(sign) => Err(format!("found '{sign}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != Token::Sign("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = vec![self.listed()];
        loop {
            match self.next() {
                Token::Sign(",") => values.push(self.listed()),
                Token::Sign(")") => break,
                other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
            }
        }
        values.sort();
        values.dedup();
        Ok(values)
    }

    fn listed(&mut self) -> String {
        match self.peek() {
            Token::Word(value) => {
                self.next();
                value.to_owned()
            }
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn given_selectors_when_matched_then_the_right_labels_are_selected() {
        let nginx = labels(&[("app", "nginx"), ("tier", "1")]);
        let table = [
            ("", true),
            ("app=nginx", true),
            ("app==nginx,tier=1", true),
            ("app = nginx , tier = 2", false),
            ("app!=nginx", false),
            ("other!=nginx", true),
            ("app", true),
            ("!app", false),
            ("! other", true),
            ("app in (nginx, apache)", true),
            ("app notin (nginx)", false),
            ("other notin (x)", true),
            ("tier>0", true),
            ("tier<1", false),
            ("app=", false),
            ("app in ()", false),
        ];
        for (text, expected) in table {
            let selector = LabelSelector::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(selector.matches(&nginx), expected, "{text}");
        }
    }

    #[test]
    fn given_broken_selectors_when_parsed_then_it_is_said_what_was_expected() {
        let table = [
            ("=x", "found '=', expected: identifier"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("a in b", "found 'b' expected: '('"),
            ("a in (b", "found '', expected: ',' or ')'"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            ("a=-", "Invalid value: \"-\""),
            ("a>x", "the value must be an integer"),
        ];
        for (text, expected) in table {
            let error = LabelSelector::parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
