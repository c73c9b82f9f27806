//! What differs between two histories.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::side::QUIET;
use super::state::{History, Life};

/// What differs: objects that only one side has, states, and the order across pods.
///
/// The order across pods is that of what a set waits for ([`gates`]). Beside that, of two states of different pods that one
/// side shows more than a `moment` from each other, the other side must not show the later one that much earlier: pods that
/// wait for nobody go through their lives side by side.
///
/// Sets and slices sum pods up: how many of them a controller sees at once, and in how many steps it says so, depends on how
/// busy the machine is. So of them those states must be the same, and in the same order, in which a side comes to rest; and
/// each that the demo shows of a set that goes one by one for longer than a moment. It is not asked the other way round: the
/// reference's controllers leave an object alone for a second whenever their cache lags behind their own last change, and
/// show then for long what was true for a moment.
pub(crate) fn differences(theirs: &History, ours: &History, moment: Duration) -> Vec<String> {
    let mut all = Vec::new();
    for life in &theirs.lives {
        match named(ours, &life.name) {
            Some(same) if ["statefulsets", "endpointslices"].contains(&life.kind) => {
                let least = if life.kind == "endpointslices" || is_parallel(life) { QUIET } else { moment };
                all.extend(left_out(life, same, QUIET).map(|state| format!("{}: the demo lacks {state}", life.name)));
                let more = left_out(same, life, least);
                all.extend(more.map(|state| format!("{}: only the demo has {state}", life.name)));
            }
            Some(same) => all.extend(states(life, same)),
            None => all.push(format!("{} is missing in the demo", life.name)),
        }
    }
    let extra = ours.lives.iter().filter(|life| named(theirs, &life.name).is_none());
    all.extend(extra.map(|life| format!("{} is in the demo only", life.name)));
    if all.is_empty() {
        let (their_gates, our_gates) = (gates(theirs), gates(ours));
        let lacking = their_gates.difference(&our_gates);
        all.extend(lacking.map(|gate| format!("order: in the reference {gate}, not in the demo")));
        let more = our_gates.difference(&their_gates);
        all.extend(more.map(|gate| format!("order: in the demo {gate}, not in the reference")));
        all.extend(order(theirs, ours, moment));
    }
    all
}

fn named<'a>(history: &'a History, name: &str) -> Option<&'a Life> {
    history.lives.iter().find(|life| life.name == name)
}

/// The first state that stays for longer than a moment here and does not come there, behind those before it.
fn left_out(here: &Life, there: &Life, moment: Duration) -> Option<String> {
    let mut rest = there.states.iter();
    let ends = here.states.iter().skip(1).map(|(at, _)| *at).chain([Duration::MAX]);
    let mut last = &Value::Null;
    for ((start, state), end) in here.states.iter().zip(ends) {
        if end.saturating_sub(*start) <= moment {
            continue;
        }
        if !rest.any(|(_, other)| other == state) {
            let mut fields = Vec::new();
            fields_of("", last, state, &mut fields);
            return Some(format!("{state}\n    which differs from the one before in {}", fields.join("; ")));
        }
        last = state;
    }
    None
}

/// The first state that differs, field by field.
fn states(theirs: &Life, ours: &Life) -> Vec<String> {
    for (number, (theirs_state, ours_state)) in theirs.states.iter().zip(&ours.states).enumerate() {
        let mut fields = Vec::new();
        fields_of("", &theirs_state.1, &ours_state.1, &mut fields);
        if !fields.is_empty() {
            return fields.into_iter().map(|field| format!("{}, state {number}: {field}", theirs.name)).collect();
        }
    }
    let (many, few, whose) = match theirs.states.len().cmp(&ours.states.len()) {
        std::cmp::Ordering::Equal => return Vec::new(),
        std::cmp::Ordering::Greater => (theirs, ours, "the reference"),
        std::cmp::Ordering::Less => (ours, theirs, "the demo"),
    };
    let more = &many.states[few.states.len()..];
    let more: Vec<String> = more.iter().map(|(_, state)| state.to_string()).collect();
    vec![format!("{}: only {whose} goes on: {}", theirs.name, more.join(" then "))]
}

fn fields_of(path: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            for name in left.keys().chain(right.keys().filter(|name| !left.contains_key(*name))) {
                let (left, right) = (left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null));
                fields_of(&format!("{path}.{name}"), left, right, found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                fields_of(&format!("{path}[{index}]"), left, right, found);
            }
        }
        (left, right) if left == right => {}
        (left, right) => found.push(format!("{path} is {left} in the reference, {right} in the demo")),
    }
}

/// What a set that goes one by one waits for: how the pods before one are when it is created, and how those behind it are
/// when it is told to end.
fn gates(history: &History) -> BTreeSet<String> {
    if history.of("statefulsets").any(is_parallel) {
        return BTreeSet::new();
    }
    let pods: Vec<&Life> = history.of("pods").collect();
    let mut found = BTreeSet::new();
    for pod in &pods {
        let created = pod.states.first().map(|(at, _)| ("is created", *at));
        let ended = pod.states.iter().find(|(_, state)| state["metadata"]["deleting"] == true);
        for (what, at) in created.into_iter().chain(ended.map(|(at, _)| ("is told to end", *at))) {
            let others = pods.iter().filter(|other| (ordinal(other) < ordinal(pod)) == (what == "is created"));
            let others = others.filter(|other| ordinal(other) != ordinal(pod));
            let others = others.filter_map(|other| Some(format!("{} {}", other.name, how(other, at)?)));
            found.insert(format!("{} {what} while [{}]", pod.name, others.collect::<Vec<_>>().join(", ")));
        }
    }
    found
}

fn is_parallel(life: &Life) -> bool {
    life.states[0].1["spec"]["podManagementPolicy"] == "Parallel"
}

fn ordinal(pod: &Life) -> u32 {
    let name = pod.name.split('#').next().unwrap_or_default();
    name.rsplit('-').next().and_then(|ordinal| ordinal.parse().ok()).expect("a pod of a set")
}

/// How a pod is at a time, if it is there.
fn how(pod: &Life, at: Duration) -> Option<&'static str> {
    let (_, state) = pod.states.iter().rev().find(|(since, _)| *since < at)?;
    let is_ready = |it: &Value| it["type"] == "Ready" && it["status"] == "True";
    if state == "gone" {
        None
    } else if state["metadata"]["deleting"] == true {
        Some("ends")
    } else if state["status"]["conditions"].as_array().is_some_and(|all| all.iter().any(is_ready)) {
        Some("is ready")
    } else {
        Some("is not ready")
    }
}

/// Pairs of states of different pods that come clearly one after the other in the reference, and clearly the other way round
/// in the demo.
fn order<'a>(theirs: &'a History, ours: &'a History, moment: Duration) -> impl Iterator<Item = String> + 'a {
    let moments = |history: &'a History| {
        let lives = history.of("pods");
        lives.flat_map(|life| life.states.iter().enumerate().map(move |(number, (at, _))| (life, number, *at)))
    };
    let at = |life: &Life, number: usize| Some(named(ours, &life.name)?.states.get(number)?.0);
    moments(theirs).flat_map(move |(first, number, earlier)| {
        moments(theirs).filter_map(move |(second, next, later)| {
            let clear = first.name != second.name && later > earlier + moment;
            let wrong = clear && at(first, number)? > at(second, next)? + moment;
            wrong.then(|| format!("order: {} state {number} not before {} state {next}", first.name, second.name))
        })
    })
}
