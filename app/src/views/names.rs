//! What DNS serves: the record sets of the Services, with what their names answered before, and what the cluster's own
//! DNS says when it is asked.

use leptos::prelude::*;
use topology::board::End;
use topology::dns::observed::{Measured, Observed};
use topology::facts::Kind;
use topology::wire::Probe;

use super::copy::copy_button;
use super::reactive::{click, maybe, several, text, word};
use super::words;
use crate::language::{Language, tr};
use crate::records::{Outcome, ReverseNames, Row, Surroundings, reverse_names, rows};
use crate::say::cluster_dns;
use crate::state::{Store, ticked};

/// How many rows of a Service are shown at first.
const MOST: usize = 24;
/// How many answers of a row are shown.
const MOST_ANSWERS: usize = 6;

/// A table with the records of every Service that exists, the one that the pods' names are under first.
#[component]
pub(super) fn Names() -> impl IntoView {
    let store = Store::get();
    let (board, language) = (store.board, store.language);
    let every = RwSignal::new(false);
    let names = Memo::new(move |_| {
        let services = board.services.read();
        let of = |governs: bool| services.iter().filter(move |it| it.kind.is_some() && it.governs == governs);
        of(true).chain(of(false)).map(|service| service.name.clone()).collect::<Vec<_>>()
    });
    let reverse = Memo::new(move |_| {
        let Some(set) = board.set.get() else { return ReverseNames::new() };
        reverse_names(&board.services.read(), &set.namespace, &store.zone_of_names())
    });
    let zone = text(move || {
        let domain = store.cluster.read().domain.clone();
        match &store.status.read().probe {
            Probe::Off => domain,
            Probe::On { asked, .. } => tr!(language, dns.checked, domain = domain, server = asked),
        }
    });
    let probed = word(move || if store.status.read().probe == Probe::Off { "off" } else { "on" });
    let problem = Memo::new(move |_| match &store.status.read().probe {
        Probe::On { problem, .. } => problem.clone(),
        Probe::Off => None,
    });
    view! {
        <section class="panel names" data-probe=probed>
            <h2>
                {tr!(language, dns.title)}" "<span>{zone}</span>
                <button
                    type="button"
                    class="button small"
                    aria-pressed=text(move || every.get().to_string())
                    on:click=click(move |_| every.update(|every| *every = !*every))
                >
                    {tr!(language, dns.every)}
                </button>
            </h2>
            {maybe(move || {
                let nothing = tr!(language, dns.nothing);
                names.read().is_empty().then(|| view! { <p class="quiet">{nothing}</p> }.into_any())
            })}
            {maybe(move || {
                let problem = problem.read();
                let said = problem.as_ref().map(|problem| words(cluster_dns::problem(problem, language)));
                said.map(|said| view! { <p class="problem">{said}</p> }.into_any())
            })}
            <div class="scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{tr!(language, dns.name)}</th>
                            <th scope="col">{tr!(language, dns.kind)}</th>
                            <th scope="col">{tr!(language, dns.ttl)}</th>
                            <th scope="col">{tr!(language, dns.answer)}</th>
                            <th scope="col" class="said">{tr!(language, dns.says)}</th>
                            <th scope="col"><span class="hidden">{tr!(language, dns.ask)}</span></th>
                        </tr>
                    </thead>
                    {several(move || {
                        names.get().into_iter().map(|name| view! { <ServiceNames name every reverse/> }.into_any()).collect()
                    })}
                </table>
            </div>
        </section>
    }
}

/// The rows of one Service.
#[component]
fn ServiceNames(name: String, every: RwSignal<bool>, reverse: Memo<ReverseNames>) -> impl IntoView {
    let store = Store::get();
    let board = store.board;
    let all = RwSignal::new(false);
    let wanted = name.clone();
    // What was answered before goes by and by: that is looked at now and then.
    let now = Memo::new(move |_| ticked(store.second.get(), 10_000));
    let rows = Memo::new(move |_| {
        let Some(set) = board.set.get() else { return Vec::new() };
        let services = board.services.read();
        let Some(service) = services.iter().find(|service| service.name == wanted) else { return Vec::new() };
        let lanes = board.lanes.read();
        let own = lanes.iter().filter(|_| service.governs).map(|(ordinal, _)| set.pod_name(*ordinal));
        let identities: Vec<String> = own.collect();
        let (zone, reverse) = (store.zone_of_names(), reverse.read());
        let is_whole =
            [Kind::Service, Kind::EndpointSlice].into_iter().all(|kind| store.sees_now(kind, &set.namespace));
        let surroundings =
            Surroundings { namespace: &set.namespace, zone: &zone, reverse: &reverse, now: now.get(), is_whole };
        let mut rows = rows(service, surroundings, &identities);
        if !every.get() {
            rows.retain(Row::is_usual);
        }
        rows
    });
    let shown = several(move || {
        let most = if all.get() { usize::MAX } else { MOST };
        rows.read().iter().take(most).map(|row| row_view(row, store)).collect()
    });
    let more = maybe(move || {
        let more = rows.read().len().saturating_sub(MOST);
        (more > 0 && !all.get()).then(|| {
            view! {
                <tr>
                    <td colspan="6">
                        <button type="button" class="button small" on:click=click(move |_| all.set(true))>
                            {tr!(store.language, dns.more, count = more)}
                        </button>
                    </td>
                </tr>
            }
            .into_any()
        })
    });
    view! { <tbody data-service=name>{shown} {more}</tbody> }
}

fn row_view(row: &Row, store: Store) -> AnyView {
    let ttl = match &row.outcome {
        Outcome::Answers(_, ttl) => ttl.to_string(),
        Outcome::NoData | Outcome::NxDomain | Outcome::Unnamed | Outcome::NotKnown => "–".to_owned(),
    };
    let question = cluster_dns::dig(&store.cluster.read(), &row.name.to_string(), row.record.name());
    let language = store.language;
    let words_of = move |copied| if copied { tr!(language, dns.copied) } else { tr!(language, dns.dig) };
    let copy = copy_button("button small", Some(question.clone()), Signal::stored(question), words_of);
    let measured = row.observed.as_ref().map_or(&[][..], |observed| &observed.measured);
    view! {
        <tr data-record=row.short.clone() data-type=row.record.name() data-outcome=row.outcome.word()>
            <th scope="row" title=row.name.to_string()>
                <code>{row.short.clone()}</code>
            </th>
            <td>{row.record.name()}</td>
            <td>{ttl}</td>
            <td class="answer">
                {row.former.iter().map(|(answer, end)| former(answer, *end, measured, store)).collect::<Vec<_>>()}
                {now(&row.outcome, language)}
            </td>
            {said(row.observed.as_ref(), store)}
            <td>{copy}</td>
        </tr>
    }
    .into_any()
}

/// What the cluster's DNS says to it.
fn said(observed: Option<&Observed>, store: Store) -> AnyView {
    let said = observed.and_then(|observed| observed.said.clone());
    let absent = observed.and_then(|observed| observed.absent);
    let last = observed.and_then(|observed| observed.measured.last());
    let language = store.language;
    let lag = last.and_then(|last| last.lag).map(|lag| cluster_dns::stretch(lag, language));
    let verdict = cluster_dns::verdict_name(said.as_ref());
    let more = text(move || match (absent, &lag) {
        (Some(absent), _) => format!(" {}", tr!(language, dns.out, passed = store.ago(absent))),
        (None, Some(lag)) => format!(" {}", tr!(language, dns.lag, lag = lag)),
        (None, None) => String::new(),
    });
    let saying = text(move || cluster_dns::verdict(said.as_ref(), language, |at| store.when(at), |at| store.ago(at)));
    view! {
        <td class="said" data-said=verdict>
            {saying}
            <small>{more}</small>
        </td>
    }
    .into_any()
}

/// What was answered before, until when, and how the cluster's DNS took it.
fn former(answer: &str, end: End, measured: &[Measured], store: Store) -> AnyView {
    let of_end = measured.iter().find(|measured| measured.changed == end.latest());
    let language = store.language;
    let measured = of_end.map(|measured| cluster_dns::measured(measured, language)).unwrap_or_default();
    let comma = tr!(language, card.comma);
    let measured = measured.into_iter().fold(String::new(), |all, text| all + comma + &text);
    let until = text(move || match end {
        End::Seen { at } => tr!(language, dns.until, time = store.when(at), measured = measured),
        End::Unseen { after, before } => {
            tr!(language, dns.until_between, after = store.when(after), before = store.when(before))
        }
    });
    view! {
        <s title=until>{answer.to_owned()}</s>
        " "
        <small>{until}</small>
        " "
    }
    .into_any()
}

fn now(outcome: &Outcome, language: Language) -> AnyView {
    match outcome {
        Outcome::Answers(answers, _) => {
            let more = answers.len().saturating_sub(MOST_ANSWERS);
            let answer = |answer: &String| view! { <code class="now">{answer.clone()}</code> " " }.into_any();
            let shown: Vec<AnyView> = answers.iter().take(MOST_ANSWERS).map(answer).collect();
            let more = if more > 0 { tr!(language, dns.and_more, count = more) } else { String::new() };
            view! { {shown} {more} }.into_any()
        }
        Outcome::NoData => view! { <span class="quiet">{tr!(language, dns.no_data)}</span> }.into_any(),
        Outcome::NxDomain => view! { <span class="none">"NXDOMAIN"</span> }.into_any(),
        Outcome::Unnamed => view! { <span class="quiet">{tr!(language, dns.unnamed)}</span> }.into_any(),
        Outcome::NotKnown => view! { <span class="quiet">{tr!(language, dns.not_known)}</span> }.into_any(),
    }
}
