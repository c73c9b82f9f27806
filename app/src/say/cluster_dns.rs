//! What the cluster's DNS says, and why it cannot be asked.

use topology::Timestamp;
use topology::dns::observed::{Failure, Lie, Measured, Said, Stretch, Told, Verdict};
use topology::dns::{Rcode, RecordData};
use topology::wire::{Cluster, ProbeProblem};

use super::{Saying, said};
use crate::language::{Language, tr};
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
pub fn verdict(
    said: Option<&Said>,
    language: Language,
    when: impl Fn(Timestamp) -> String,
    ago: impl Fn(Timestamp) -> String,
) -> String {
    match said.map(|said| &said.verdict) {
        None => tr!(language, dns.unchecked).to_owned(),
        Some(Verdict::Same) => tr!(language, dns.same).to_owned(),
        Some(Verdict::Old { told, since, until }) => {
            tr!(language, dns.old, answer = answer(told, language), passed = ago(*since), until = when(*until))
        }
        Some(Verdict::Differs(told)) => tr!(language, dns.differs, answer = answer(told, language)),
        Some(Verdict::NoAnswer(failure)) => tr!(language, dns.silent, why = why(*failure, language)),
    }
}

fn answer(told: &Told, language: Language) -> String {
    if told.rcode == Rcode::NxDomain {
        return "NXDOMAIN".to_owned();
    }
    if told.data.is_empty() {
        return tr!(language, dns.no_record).to_owned();
    }
    told.data.iter().map(RecordData::to_string).collect::<Vec<_>>().join(", ")
}

fn why(failure: Failure, language: Language) -> String {
    let text = match failure {
        Failure::Timeout => tr!(language, dns.timeout),
        Failure::Unreachable => tr!(language, dns.unreachable),
        Failure::ServFail => "SERVFAIL",
        Failure::Refused => "REFUSED",
        Failure::Rcode(code) => return tr!(language, dns.rcode, code = code),
        Failure::Truncated => tr!(language, dns.truncated),
        Failure::Malformed => tr!(language, dns.malformed),
        Failure::Lie(Lie::Number) => tr!(language, dns.lie_number),
        Failure::Lie(Lie::Question) => tr!(language, dns.lie_question),
        Failure::Lie(Lie::Name) => tr!(language, dns.lie_name),
    };
    text.to_owned()
}

/// What was measured of the change that ended a former answer.
pub fn measured(measured: &Measured, language: Language) -> Vec<String> {
    let lag = measured.lag.map(|lag| tr!(language, dns.longer, lag = stretch(lag, language)));
    let out = measured.out.map(|out| tr!(language, dns.then_out, out = stretch(out, language)));
    [lag, out].into_iter().flatten().collect()
}

/// How long it took, as far as that is known.
pub fn stretch(Stretch { least, most }: Stretch, language: Language) -> String {
    let (least, most) = (duration(language, i64::from(least)), duration(language, i64::from(most)));
    if least == most { most } else { tr!(language, dns.range, least = least, most = most) }
}

/// Why the cluster's DNS cannot be asked, and what would help.
pub fn problem(problem: &ProbeProblem, language: Language) -> Saying {
    match problem {
        ProbeProblem::Refused { verb, resource, namespace } => {
            let rule = format!("- {{apiGroups: [\"\"], resources: [{resource}], verbs: [{}]}}", verbs(verb));
            said!(language, dns.problem_refused, verb = verb, resource = resource, namespace = namespace, rule = rule)
        }
        ProbeProblem::NoPod { label, namespace } => {
            said!(language, dns.problem_no_pod, namespace = namespace, label = label)
        }
        ProbeProblem::Failed(problem) => said!(language, dns.problem_failed, problem = problem),
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
    use crate::language::Language;

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
            assert_eq!(verdict(said.as_ref(), Language::English, when, ago), text);
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
            let measured = measured(&Measured { changed: Timestamp::default(), lag, out }, Language::English);
            assert_eq!(measured.join(", "), text);
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
