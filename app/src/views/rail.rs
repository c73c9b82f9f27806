//! The rail: every StatefulSet with a dot for each pod, and, for contrast, every Deployment.

use leptos::html::Div;
use leptos::prelude::*;
use topology::SetKey;
use topology::fleet::{Dots, Summary};

use super::deployment::refused_contrast;
use super::reactive::{Row, changing, maybe, text, word};
use super::stage_word;
use super::windowed::{Window, Windowed, windowed};
use crate::route::Route;
use crate::state::{CrewRow, FleetRow, Store};

/// How many dots a row has at most; what is beyond is counted.
const MAX_DOTS: u32 = 12;

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 54.0;

/// The StatefulSets of the namespace, at the side of the page.
#[component]
pub(super) fn Rail() -> impl IntoView {
    let store = Store::get();
    let rows = Memo::new_with_compare(
        move |_| {
            let place = store.place.read();
            let (sets, deployments) = (store.fleet.rows.read(), store.fleet.deployments.read());
            let mut rows: Vec<Row> = sets.iter().filter(|(set, _)| place.admits(set)).cloned().map(Row::Set).collect();
            let deployments = deployments.iter().filter(|(deployment, _)| place.admits(deployment));
            let deployments: Vec<Row> = deployments.cloned().map(Row::Deployment).collect();
            if !deployments.is_empty() {
                rows.push(Row::Group("For contrast: Deployments".to_owned(), deployments.len()));
                rows.extend(deployments);
            }
            rows
        },
        |before: Option<&Vec<Row>>, after| before != after,
    );
    let list = NodeRef::<Div>::new();
    let window = RwSignal::new(Window::FIRST);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(list) = list.get() {
            crate::client::window::follow(&list, ROW, window);
        }
    });
    let Windowed { above, rows: seen, below } = windowed(rows, window, ROW, |row| match row {
        Row::Set(row) => view! { <RailRow row/> }.into_any(),
        Row::Group(title, _) => view! { <h2 class="heading">{title}</h2> }.into_any(),
        Row::Deployment(row) => view! { <CrewLine row/> }.into_any(),
    });
    view! {
        <nav class="rail" aria-label="StatefulSets">
            <h2>"StatefulSets"</h2>
            {maybe(move || (!rows.read().iter().any(|row| matches!(row, Row::Set(_)))).then(|| view! { <p class="quiet">"None yet."</p> }.into_any()))}
            <div class="rows" node_ref=list>
                <svg class="space" width="1" height=above aria-hidden="true"></svg>
                {seen}
                <svg class="space" width="1" height=below aria-hidden="true"></svg>
            </div>
            {refused_contrast()}
        </nav>
    }
}

/// Whether names alone would not tell which StatefulSet is meant.
fn several(store: Store) -> bool {
    store.place.read().namespace.is_none() && store.fleet.several.get()
}

#[component]
fn RailRow(row: FleetRow) -> impl IntoView {
    let store = Store::get();
    let (set, summary) = row;
    let address = {
        let set = set.clone();
        text(move || store.place.read().to(Route::Set(set.clone())).address())
    };
    let current = {
        let set = set.clone();
        move || (store.place.read().set() == Some(&set)).then_some("page")
    };
    let attention = {
        let summary = summary.clone();
        word(move || attention_word(&summary.read()))
    };
    let line = {
        let (set, summary) = (set.clone(), summary.clone());
        text(move || line(&set, &summary.read(), several(store)))
    };
    view! {
        <a class="row" href=address aria-current=current data-set=set.to_string() data-attention=attention>
            <b>{set.name.clone()}</b>
            <DotRow summary/>
            <small>{line}</small>
        </a>
    }
}

#[component]
fn CrewLine(row: CrewRow) -> impl IntoView {
    let store = Store::get();
    let (deployment, summary) = row;
    let address = {
        let deployment = deployment.clone();
        text(move || store.place.read().to(Route::Deployment(deployment.clone())).address())
    };
    let current = {
        let deployment = deployment.clone();
        move || (store.place.read().deployment() == Some(&deployment)).then_some("page")
    };
    let line = {
        let (namespace, summary) = (deployment.namespace.clone(), summary.clone());
        text(move || {
            let gone = if summary.read().exists { "names never return" } else { "gone" };
            let namespace = if several(store) { format!("{namespace} · ") } else { String::new() };
            format!("{namespace}{gone}")
        })
    };
    let ready = {
        let summary = summary.clone();
        text(move || format!("{} of {} ready", summary.read().ready, summary.read().replicas))
    };
    let dots = dot_row(ready, Signal::derive(move || summary.read().dots.clone()));
    view! {
        <a class="row" href=address aria-current=current data-deployment=deployment.to_string()>
            <b>{deployment.name.clone()}</b>
            {dots}
            <small>{line}</small>
        </a>
    }
}

/// A dot for each pod, coloured by its stage.
#[component]
pub(super) fn DotRow(summary: ArcRwSignal<Summary>) -> impl IntoView {
    let text = {
        let summary = summary.clone();
        text(move || ready_text(&summary.read()))
    };
    dot_row(text, Signal::derive(move || summary.read().dots.clone()))
}

fn dot_row(text: Signal<String>, dots: Signal<Vec<Dots>>) -> AnyView {
    let dots = changing(move || {
        let (dots, more) = first_dots(&dots.read());
        view! {
            {dots.into_iter().map(|word| view! { <i data-stage=word></i> }).collect_view()}
            {(more > 0).then(|| view! { <span class="more">{format!("+{more}")}</span> })}
        }
        .into_any()
    });
    view! { <span class="dots" role="img" aria-label=text>{dots}</span> }.into_any()
}

/// The words for the first dots, and how many are left out.
fn first_dots(runs: &[Dots]) -> (Vec<&'static str>, u32) {
    let (mut words, mut more) = (Vec::new(), 0);
    let mut room = MAX_DOTS;
    for run in runs {
        let shown = run.count.min(room);
        room -= shown;
        more += run.count - shown;
        words.extend((0..shown).map(|_| stage_word(run.stage)));
    }
    (words, more)
}

fn line(set: &SetKey, summary: &Summary, several: bool) -> String {
    let mut parts = Vec::with_capacity(3);
    if several {
        parts.push(set.namespace.clone());
    }
    if !summary.service_name.is_empty() {
        parts.push(summary.service_name.clone());
    }
    parts.push(ready_text(summary));
    parts.join(" · ")
}

/// How many pods are Ready, in words.
pub(super) fn ready_text(summary: &Summary) -> String {
    if summary.exists { format!("{} of {} ready", summary.ready, summary.replicas) } else { "gone".to_owned() }
}

/// How urgently somebody should look, as styles and scripts know it.
pub(super) fn attention_word(summary: &Summary) -> &'static str {
    use topology::fleet::Attention;
    match summary.attention {
        Attention::Settled => "settled",
        Attention::Busy => "busy",
        Attention::Stuck => "stuck",
    }
}

#[cfg(test)]
mod tests {
    use topology::Stage;
    use topology::fleet::Dots;

    use super::first_dots;

    #[test]
    fn given_many_pods_when_drawn_as_dots_then_the_rest_is_counted() {
        let runs = [
            Dots { stage: Some(Stage::Ready), count: 2 },
            Dots { stage: None, count: 9 },
            Dots { stage: Some(Stage::Failing), count: 1_000_000 },
        ];
        let (words, more) = first_dots(&runs);
        assert_eq!(words.len(), 12);
        assert_eq!((words[0], words[2], words[11], more), ("ready", "none", "failing", 999_999));
        assert_eq!(first_dots(&[]), (Vec::new(), 0));
    }
}
