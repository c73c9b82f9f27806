//! The rows of a ledger as HTML. Times are UTC; the page writes those in `data-at` anew in the reader's zone.

use leptos::prelude::*;
use topology::Timestamp;
use topology::ledger::{Moment, Row, Who, Why};

use crate::time::Zone;
use crate::views::{stage_name, stage_word};

/// A table of rows, in their order. `more` tells that there are older ones.
pub fn ledger_rows(rows: &[Row], more: bool) -> String {
    let older = more.then(|| view! { <p class="quiet">"Older ones are in the CSV."</p> });
    let rows = rows.iter().map(row).collect::<Vec<_>>();
    let table = view! {
        <table>
            <thead>
                <tr>
                    <th scope="col">"Pod"</th>
                    <th scope="col">"UID"</th>
                    <th scope="col">"IP"</th>
                    <th scope="col">"Node"</th>
                    <th scope="col">"Stages"</th>
                    <th scope="col">"In DNS"</th>
                    <th scope="col">"Ended"</th>
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

fn row(row: &Row) -> AnyView {
    let addresses: Vec<_> = row
        .addresses
        .iter()
        .map(|held| view! { <li><code>{held.ip.to_string()}</code>" "{stretch(held.from, held.until)}</li> })
        .collect();
    let stages: Vec<_> = row
        .stages
        .iter()
        .map(|stage| {
            view! {
                <li data-stage=stage_word(Some(stage.stage)) class="status">
                    {stage_name(stage.stage)} " " {moment(stage.seen)}
                </li>
            }
        })
        .collect();
    let dns: Vec<_> = row.dns.iter().map(|stay| view! { <li>{stretch(stay.entered, stay.left)}</li> }).collect();
    let ended = row.ended.map(|ended| {
        let by = row.who.map(|who| format!("{who:?}"));
        view! {
            <span data-why=format!("{:?}", ended.why) data-who=by>
                {why(ended.why)} {who(ended.why, row.who)}
            </span>
            " "
            {moment(ended.at.into())}
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

fn stretch(from: Moment, until: Option<Moment>) -> AnyView {
    let until = until.map(|until| view! { " – "{moment(until)} });
    view! { {moment(from)}{until} }.into_any()
}

/// A time, or between which it lies where nobody watched.
fn moment(moment: Moment) -> AnyView {
    match moment {
        Moment::Seen { at } => time(at).into_any(),
        Moment::Between { after, before } => {
            view! { <span class="unseen" title="nobody watched">"between "{time(after)}" and "{time(before)}</span> }
                .into_any()
        }
        Moment::Before { before } => {
            view! { <span class="unseen" title="nobody watched">"before "{time(before)}</span> }.into_any()
        }
    }
}

fn time(at: Timestamp) -> impl IntoView {
    // With its date, as the page is told no day.
    view! { <time datetime=at.to_rfc3339() data-at=at.as_millis()>{Zone::Utc.when(at, Timestamp::default())}</time> }
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Evicted => "evicted",
        Why::Preempted => "preempted",
        Why::NodeLost => "its node was lost",
        Why::Failed => "failed",
        Why::Completed => "completed",
        Why::SetDeleted => "its StatefulSet was deleted",
        Why::ScaledDown => "scaled down",
        Why::RolledOut => "rolled out",
        Why::ForceDeleted => "force-deleted",
        Why::Released => "released",
        Why::Deleted => "deleted",
        Why::NotKnown => "why is not known",
    }
}

/// Who wanted that.
fn who(why: Why, who: Option<Who>) -> Option<String> {
    let joint = match why {
        Why::Released | Why::NotKnown => return None,
        Why::Failed | Why::Completed | Why::NodeLost | Why::SetDeleted => ", deleted by",
        Why::Evicted | Why::Preempted | Why::ScaledDown | Why::RolledOut | Why::ForceDeleted | Why::Deleted => " by",
    };
    let who = match who {
        None => return Some(", by whom is not known".to_owned()),
        Some(Who::EvictionApi) => "a client of the eviction API",
        Some(Who::Kubelet) => "its kubelet",
        Some(Who::Scheduler) => "the scheduler",
        Some(Who::TaintManager) => "the taint manager",
        Some(Who::PodCollector) => "the collector of pods",
        Some(Who::GarbageCollector) => "the garbage collector",
        Some(Who::Controller) => "its controller",
        Some(Who::Client) => "a client",
    };
    Some(format!("{joint} {who}"))
}
