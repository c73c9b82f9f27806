//! What names and labels may be. Each function lists what is wrong, in Kubernetes' words; nothing is good.

/// The longest name of most things.
const SUBDOMAIN: usize = 253;

/// The longest part of a DNS name, value of a label, or name of a label.
const LABEL: usize = 63;

const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
    '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_RULE: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
    and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
    validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// A name such as `web.example`.
pub fn subdomain(name: &str) -> Vec<String> {
    let mut wrong = too_long(name, SUBDOMAIN);
    if !name.split('.').all(|part| is_label(part, char::is_ascii_digit)) {
        wrong.push(SUBDOMAIN_RULE.to_owned());
    }
    wrong
}

/// A name such as `web-0`.
pub fn label(name: &str) -> Vec<String> {
    let mut wrong = too_long(name, LABEL);
    if !is_label(name, char::is_ascii_digit) {
        wrong.push(LABEL_RULE.to_owned());
    }
    wrong
}

/// The key of a label or an annotation: `app`, `example.org/app`.
pub fn label_key(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(subdomain(prefix).into_iter().map(|error| format!("prefix part {error}")));
            }
            name
        }
        _ => {
            let rule = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and \
                        end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                        validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix \
                        and '/' (e.g. 'example.com/MyName')";
            return vec![rule.to_owned()];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else {
        wrong.extend(too_long(name, LABEL).into_iter().map(|error| format!("name part {error}")));
    }
    if !is_qualified(name) {
        wrong.push(QUALIFIED_RULE.to_owned());
    }
    wrong
}

/// The value of a label.
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL);
    if !value.is_empty() && !is_qualified(value) {
        wrong.push(VALUE_RULE.to_owned());
    }
    wrong
}

/// The name of a port: at most 15 letters, digits and dashes, with a letter.
pub fn port(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 15 {
        wrong.push("must be no more than 15 characters".to_owned());
    }
    if !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

fn too_long(text: &str, limit: usize) -> Vec<String> {
    if text.len() > limit { vec![format!("must be no more than {limit} bytes")] } else { Vec::new() }
}

fn is_label(text: &str, may_start: impl Fn(&char) -> bool) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_lowercase() || may_start(&c));
    starts && text.ends_with(inner) && text.chars().all(|c| inner(c) || c == '-')
}

fn is_qualified(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends) && text.ends_with(ends) && text.chars().all(|c| ends(c) || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_when_checked_then_the_wrong_ones_are_told() {
        type Check = fn(&str) -> Vec<String>;
        let long = "a".repeat(64);
        let table: [(Check, &str, usize); 15] = [
            (subdomain, "web.example", 0),
            (subdomain, "Web", 1),
            (subdomain, "", 1),
            (subdomain, "a..b", 1),
            (label, "0-web", 0),
            (label, &long, 1),
            (label, "-", 1),
            (label_key, "example.org/App_1", 0),
            (label_key, "a/b/c", 1),
            (label_key, "/x", 1),
            (label_key, "", 2),
            (label_value, "", 0),
            (label_value, "a b", 1),
            (port, "web", 0),
            (port, "8080", 1),
        ];
        for (check, text, wrong) in table {
            assert_eq!(check(text).len(), wrong, "{text:?}: {:?}", check(text));
        }
    }
}
