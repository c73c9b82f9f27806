//! What the cluster's DNS says, and why it cannot be asked, in English.

use topology::Timestamp;
use topology::dns::observed::{Failure, Lie, Measured, Said, Stretch, Told, Verdict};
use topology::dns::{Rcode, RecordData};
use topology::wire::{Cluster, ProbeProblem};

use super::Saying;
use crate::time::duration;

/// The name of a verdict, by which styles, scripts and tests know it.
pub const fn verdict_name(said: Option<&Said>) -> &'static str {
    match said {
        None => "unchecked",
        Some(Said { verdict: Verdict::Same, .. }) => "same",
        Some(Said { verdict: Verdict::Old { .. }, .. }) => "old",
        Some(Said { verdict: Verdict::Differs(_), .. }) => "differs",
        Some(Said { verdict: Verdict::NoAnswer(_), .. }) => "silent",
    }
}

/// What the cluster's DNS says. `when` writes a time, `ago` how long that is.
pub fn verdict(said: Option<&Said>, when: impl Fn(Timestamp) -> String, ago: impl Fn(Timestamp) -> String) -> String {
    match said.map(|said| &said.verdict) {
        None => "not checked".to_owned(),
        Some(Verdict::Same) => "✓ same".to_owned(),
        Some(Verdict::Old { told, since, until }) => {
            format!("still {}, old since {}; kept until {}", answer(told), ago(*since), when(*until))
        }
        Some(Verdict::Differs(told)) => format!("differs: {}", answer(told)),
        Some(Verdict::NoAnswer(failure)) => format!("no answer: {}", why(*failure)),
    }
}

fn answer(told: &Told) -> String {
    if told.rcode == Rcode::NxDomain {
        return "NXDOMAIN".to_owned();
    }
    if told.data.is_empty() {
        return "no record".to_owned();
    }
    told.data.iter().map(RecordData::to_string).collect::<Vec<_>>().join(", ")
}

fn why(failure: Failure) -> String {
    let text = match failure {
        Failure::Timeout => "timed out",
        Failure::Unreachable => "nobody to ask",
        Failure::ServFail => "SERVFAIL",
        Failure::Refused => "REFUSED",
        Failure::Rcode(code) => return format!("error {code}"),
        Failure::Truncated => "truncated, and not over TCP either",
        Failure::Malformed => "no DNS message",
        Failure::Lie(Lie::Number) => "answers to another question’s number",
        Failure::Lie(Lie::Question) => "answers another question",
        Failure::Lie(Lie::Name) => "answers with another name’s records",
    };
    text.to_owned()
}

/// What was measured of the change that ended a former answer.
pub fn measured(measured: &Measured) -> String {
    let lag = measured.lag.map(|lag| format!("in DNS {} longer", stretch(lag)));
    let out = measured.out.map(|out| format!("then out of DNS for {}", stretch(out)));
    [lag, out].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// How long it took, as far as that is known.
pub fn stretch(Stretch { least, most }: Stretch) -> String {
    let (least, most) = (duration(i64::from(least)), duration(i64::from(most)));
    if least == most { most } else { format!("{least} to {most}") }
}

/// Why the cluster's DNS cannot be asked, and what would help.
pub fn problem(problem: &ProbeProblem) -> Saying {
    let gist = Saying::gist("The cluster’s DNS cannot be asked: ");
    match problem {
        ProbeProblem::Refused { verb, resource, namespace } => gist
            .text(format!("Berth may not {verb} {resource} in {namespace}. This rule of a Role there grants it: "))
            .code(format!("- {{apiGroups: [\"\"], resources: [{resource}], verbs: [{}]}}", verbs(verb))),
        ProbeProblem::NoPod { label, namespace } => gist
            .text(format!("no Ready pod in {namespace} has the label "))
            .code(label.as_str())
            .text("; --cluster-dns HOST:PORT names another place."),
        ProbeProblem::Failed(problem) => gist.text(format!("{problem}.")),
    }
}

/// A port-forward over a WebSocket is a GET, and since Kubernetes 1.35 has to be allowed as the creation that it is.
fn verbs(verb: &str) -> &str {
    if verb == "create" { "get, create" } else { verb }
}

/// The command that asks for a record: Berth's own DNS where it serves any.
pub fn dig(cluster: &Cluster, name: &str, kind: &str) -> String {
    let server = cluster.dns.map(|at| format!("@{} -p {} ", at.ip(), at.port())).unwrap_or_default();
    format!("dig {server}+noall +answer {name} {kind}")
}

#[cfg(test)]
mod tests {
    use topology::Timestamp;
    use topology::dns::observed::{Failure, Lie, Measured, Said, Stretch, Told, Verdict};
    use topology::dns::{Rcode, RecordData};
    use topology::wire::Cluster;

    use super::{dig, measured, verdict};

    #[test]
    fn given_verdicts_when_said_then_in_few_words() {
        let at = Timestamp::from_millis;
        let told = Told::new(Rcode::NoError, vec![RecordData::A([10, 42, 1, 198].into())], 5);
        let old = Verdict::Old { told: told.clone(), since: at(1), until: at(2) };
        let table = [
            (None, "not checked"),
            (Some(Verdict::Same), "✓ same"),
            (Some(old), "still 10.42.1.198, old since [1]; kept until 2"),
            (Some(Verdict::Differs(told)), "differs: 10.42.1.198"),
            (Some(Verdict::Differs(Told::nothing(5))), "differs: NXDOMAIN"),
            (Some(Verdict::NoAnswer(Failure::Timeout)), "no answer: timed out"),
            (Some(Verdict::NoAnswer(Failure::Lie(Lie::Question))), "no answer: answers another question"),
        ];
        for (verdict_of, text) in table {
            let said = verdict_of.map(|verdict| Said { verdict, since: at(0) });
            let (when, ago) =
                (|at: Timestamp| at.as_millis().to_string(), |at: Timestamp| format!("[{}]", at.as_millis()));
            assert_eq!(verdict(said.as_ref(), when, ago), text);
        }
    }

    #[test]
    fn given_what_was_measured_when_said_then_as_exactly_as_it_is_known() {
        let stretch = |least, most| Some(Stretch { least, most });
        for (lag, out, text) in [
            (stretch(0, 12), stretch(5_790, 5_830), "in DNS 0 s longer, then out of DNS for 5.8 s"),
            (stretch(100, 320), None, "in DNS 0.1 s to 0.3 s longer"),
            (None, stretch(700, 61_000), "then out of DNS for 0.7 s to 1 min 1 s"),
            (None, None, ""),
        ] {
            assert_eq!(measured(&Measured { changed: Timestamp::default(), lag, out }), text);
        }
    }

    #[test]
    fn given_a_server_that_answers_itself_when_a_record_is_asked_for_then_it_is_asked() {
        let mut cluster = Cluster { name: String::new(), domain: String::new(), ttl: 5, namespaces: None, dns: None };
        assert_eq!(dig(&cluster, "web-0.", "A"), "dig +noall +answer web-0. A");
        cluster.dns = Some(([127, 0, 0, 1], 5353).into());
        assert_eq!(dig(&cluster, "web-0.", "A"), "dig @127.0.0.1 -p 5353 +noall +answer web-0. A");
    }
}
