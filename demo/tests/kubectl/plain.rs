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
        self.0.iter().fold(text, |text, (mask, word)| mask.replace_all(&text, *word).into_owned())
    }
}

/// The lines that only one of them has, each with what stands around it.
pub(crate) fn lines_that_differ(theirs: &str, ours: &str) -> String {
    TextDiff::from_lines(theirs, ours).unified_diff().header("reference", "demo").to_string()
}
