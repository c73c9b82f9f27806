//! What is compared of what kubectl prints.

use regex::Regex;
use similar::TextDiff;

use super::table::Compared;

/// What takes the place of what differs from cluster to cluster, in this order.
const MASKS: [(&str, &str); 21] = [
    // The reference's kubelet names no container. Objects in errors have their fields in the order of the types.
    (r"Container ID:.*", "Container ID:"),
    (r#"patch: Invalid value: "\{.*\}""#, "patch: Invalid value: OBJECT"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)", "TIME"),
    (r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000( UTC)?", "TIME"),
    (r#"resourceVersion"?: "?\d+"?"#, "resourceVersion: RV"),
    (r"10\.42\.\d+\.\d+", "POD-IP"),
    (r"10\.43\.\d+\.\d+", "SERVICE-IP"),
    (r"\b(127\.0\.0\.1|172\.18\.\d+\.\d+):\d+", "HOST"),
    (r"\b(127\.0\.0\.1|172\.18\.\d+\.\d+|localhost)\b", "HOST"),
    (r"\bnode-[ab]\b", "NODE"),
    // api-7d4b9c6f5d-x2x4z of a ReplicaSet, nginx-x2x4z of slices.
    (r"\bapi-[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "api-HASH"),
    (r"pod-template-hash(\\?\W+)[bcdfghjklmnpqrstvwxz2456789]{6,10}\b", "pod-template-hash${1}HASH"),
    (r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-*"),
    (r"/tmp/(LIVE|MERGED)-\d+", "/tmp/$1"),
    (r"(\(x\d+ over )?\b\d+(\.\d+)?(ms|[smh])(\d+s)?( ago)?\)?([ \n]|$)", "AGE "),
    (r"<(unknown|invalid)>", "AGE"),
    (r"(?m)[ \t]+$", ""),
    (r"(?m)([^ \n])[ \t]+", "$1 "),
    (r"\bAGE( AGE)+\b", "AGE"),
];

/// Takes out what differs from cluster to cluster.
pub(crate) struct Plain(Vec<(Regex, &'static str)>);

impl Plain {
    pub(crate) fn new() -> Self {
        Self(MASKS.iter().map(|(mask, word)| (Regex::new(mask).expect("a mask"), *word)).collect())
    }

    /// Output, errors and exit code as one text.
    pub(crate) fn text(&self, printed: &[String; 3], how: Compared) -> String {
        let [out, err, code] = printed;
        let out = match how {
            Compared::LastLine => out.lines().last().unwrap_or_default(),
            // What kubelets say stands there, and the reference has none.
            Compared::WithoutEvents => out.split("\nEvents:").next().unwrap_or_default(),
            _ => out,
        };
        let text = format!("{}\nerrors: {}\ncode: {code}\n", out.trim_end(), err.trim_end());
        in_set_order(&self.0.iter().fold(text, |text, (mask, word)| mask.replace_all(&text, *word).into_owned()))
    }
}

/// Brings the entries of `managedFields` in YAML into an order of their own. The API server orders them by their times,
/// which are whole seconds, and only then by other things: whether a status was written in the same second as what came
/// before it decides how two entries stand. What is in the entries, and how many there are, is compared all the same.
fn in_set_order(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut ordered: Vec<String> = Vec::new();
    while let Some(line) = lines.next() {
        ordered.push(line.to_owned());
        if line.trim_start() != "managedFields:" {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let (begins, goes_on) = (format!("{}- ", &line[..indent]), format!("{}  ", &line[..indent]));
        let mut entries: Vec<String> = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(&begins) || line.starts_with(&goes_on)) {
            match entries.last_mut() {
                Some(entry) if line.starts_with(&goes_on) => {
                    entry.push('\n');
                    entry.push_str(line);
                }
                _ => entries.push(line.to_owned()),
            }
        }
        entries.sort();
        ordered.append(&mut entries);
    }
    ordered.join("\n") + "\n"
}

#[test]
fn given_entries_of_managed_fields_when_they_stand_in_another_order_then_they_are_equal_but_not_when_one_differs() {
    let object = |entries: [&str; 2]| {
        let [one, other] = entries.map(|manager| {
            format!("  - fieldsV1:\n      f:a:\n        - b\n    manager: {manager}\n    time: 2026-01-01T00:00:00Z\n")
        });
        let out = format!("metadata:\n  managedFields:\n{one}{other}  name: web\nspec:\n  - x\n  - a\n");
        Plain::new().text(&[out, String::new(), "0".to_owned()], Compared::Whole)
    };
    assert_eq!(object(["kubectl", "berth"]), object(["berth", "kubectl"]));
    assert_ne!(object(["kubectl", "berth"]), object(["kubectl", "kubectl"]));
    assert!(object(["b", "a"]).contains("spec:\n  - x\n  - a\n"), "other lists stay as they are");
}

/// The lines that only one of them has, each with what stands around it.
pub(crate) fn lines_that_differ(theirs: &str, ours: &str) -> String {
    TextDiff::from_lines(theirs, ours).unified_diff().header("reference", "demo").to_string()
}
