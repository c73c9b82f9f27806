//! The rows of a ledger as HTML. Times are UTC; the page writes those in `data-at` anew in the reader's zone.

use leptos::prelude::*;
use topology::Timestamp;
use topology::ledger::{Moment, Row, Who, Why};

use crate::language::{Language, tr};
use crate::time::Zone;
use crate::views::{stage_name, stage_word};

/// A table of rows, in their order. `more` tells that there are older ones.
pub fn ledger_rows(rows: &[Row], more: bool, language: Language) -> String {
    let older = more.then(|| view! { <p class="quiet">{tr!(language, ledger.older)}</p> });
    let rows = rows.iter().map(|it| row(it, language)).collect::<Vec<_>>();
    let table = view! {
        <table>
            <thead>
                <tr>
                    <th scope="col">{tr!(language, ledger.pod)}</th>
                    <th scope="col">"UID"</th>
                    <th scope="col">"IP"</th>
                    <th scope="col">{tr!(language, ledger.node)}</th>
                    <th scope="col">{tr!(language, ledger.stages)}</th>
                    <th scope="col">{tr!(language, ledger.in_dns)}</th>
                    <th scope="col">{tr!(language, ledger.ended)}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {older}
    };
    table.into_any().to_html()
}

/// Why there are no rows.
pub fn ledger_problem(problem: &str) -> String {
    view! { <p>{problem.to_owned()}</p> }.into_any().to_html()
}

fn row(row: &Row, language: Language) -> AnyView {
    let addresses: Vec<_> = row
        .addresses
        .iter()
        .map(|held| view! { <li><code>{held.ip.to_string()}</code>" "{stretch(held.from, held.until, language)}</li> })
        .collect();
    let stages: Vec<_> = row
        .stages
        .iter()
        .map(|stage| {
            view! {
                <li data-stage=stage_word(Some(stage.stage)) class="status">
                    {stage_name(stage.stage, language)} " " {moment(stage.seen, language)}
                </li>
            }
        })
        .collect();
    let dns: Vec<_> =
        row.dns.iter().map(|stay| view! { <li>{stretch(stay.entered, stay.left, language)}</li> }).collect();
    let ended = row.ended.map(|ended| {
        let by = row.who.map(|who| format!("{who:?}"));
        view! {
            <span data-why=format!("{:?}", ended.why) data-who=by>
                {why(ended.why, language)} {who(ended.why, row.who, language)}
            </span>
            " "
            {moment(ended.at.into(), language)}
        }
    });
    view! {
        <tr data-uid=row.uid.to_string()>
            <th scope="row">{row.pod.clone()}</th>
            <td><code title=row.uid.to_string()>{row.uid.short().to_owned()}</code></td>
            <td><ul>{addresses}</ul></td>
            <td><span class="whole">{row.node.clone()}</span></td>
            <td><ul>{stages}</ul></td>
            <td><ul>{dns}</ul></td>
            <td>{ended}</td>
        </tr>
    }
    .into_any()
}

fn stretch(from: Moment, until: Option<Moment>, language: Language) -> AnyView {
    let until = until.map(|until| view! { " – "{moment(until, language)} });
    view! { {moment(from, language)}{until} }.into_any()
}

/// A time, or between which it lies where nobody watched.
fn moment(moment: Moment, language: Language) -> AnyView {
    let title = tr!(language, ledger.nobody_watched);
    match moment {
        Moment::Seen { at } => time(at).into_any(),
        Moment::Between { after, before } => view! {
            <span class="unseen" title=title>
                {tr!(language, ledger.between)}{time(after)}{tr!(language, ledger.between_and)}{time(before)}
                {tr!(language, ledger.between_end)}
            </span>
        }
        .into_any(),
        Moment::Before { before } => view! {
            <span class="unseen" title=title>
                {tr!(language, ledger.before)}{time(before)}{tr!(language, ledger.before_end)}
            </span>
        }
        .into_any(),
    }
}

fn time(at: Timestamp) -> impl IntoView {
    // With its date, as the page is told no day.
    view! { <time datetime=at.to_rfc3339() data-at=at.as_millis()>{Zone::Utc.when(at, Timestamp::default())}</time> }
}

fn why(why: Why, language: Language) -> &'static str {
    match why {
        Why::Evicted => tr!(language, ledger.evicted),
        Why::Preempted => tr!(language, ledger.preempted),
        Why::NodeLost => tr!(language, ledger.node_lost),
        Why::Failed => tr!(language, ledger.failed),
        Why::Completed => tr!(language, ledger.completed),
        Why::SetDeleted => tr!(language, ledger.set_deleted),
        Why::ScaledDown => tr!(language, ledger.scaled_down),
        Why::RolledOut => tr!(language, ledger.rolled_out),
        Why::ForceDeleted => tr!(language, ledger.force_deleted),
        Why::Released => tr!(language, ledger.released),
        Why::Deleted => tr!(language, ledger.deleted),
        Why::NotKnown => tr!(language, ledger.not_known),
    }
}

/// Who wanted that.
fn who(why: Why, who: Option<Who>, language: Language) -> Option<String> {
    let who = match (why, who) {
        (Why::Released | Why::NotKnown, _) => return None,
        (_, None) => return Some(tr!(language, ledger.by_unknown).to_owned()),
        (_, Some(Who::EvictionApi)) => tr!(language, ledger.eviction_api),
        (_, Some(Who::Kubelet)) => tr!(language, ledger.kubelet),
        (_, Some(Who::Scheduler)) => tr!(language, ledger.scheduler),
        (_, Some(Who::TaintManager)) => tr!(language, ledger.taint_manager),
        (_, Some(Who::PodCollector)) => tr!(language, ledger.pod_collector),
        (_, Some(Who::GarbageCollector)) => tr!(language, ledger.garbage_collector),
        (_, Some(Who::Controller)) => tr!(language, ledger.controller),
        (_, Some(Who::Client)) => tr!(language, ledger.client),
    };
    // What happened by itself says nothing of who deleted the pod afterwards.
    Some(match why {
        Why::Failed | Why::Completed | Why::NodeLost | Why::SetDeleted => tr!(language, ledger.deleted_by, who = who),
        _ => tr!(language, ledger.by, who = who),
    })
}
