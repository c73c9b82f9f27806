//! The rail: every StatefulSet with a dot for each pod, and, for contrast, every Deployment.

use leptos::html::Div;
use leptos::prelude::*;
use topology::SetKey;
use topology::fleet::{Dots, Summary};

use super::deployment::refused_contrast;
use super::reactive::{Row, changing, maybe, text, word};
use super::stage_word;
use super::windowed::{Window, Windowed, windowed};
use crate::language::{Language, tr};
use crate::route::Route;
use crate::state::{FleetRow, Store};

/// How many dots a row has at most; what is beyond is counted.
const MAX_DOTS: u32 = 12;

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 54.0;

/// The StatefulSets of the namespace, at the side of the page.
#[component]
pub(super) fn Rail() -> impl IntoView {
    let store = Store::get();
    let rows = Memo::new(move |_| {
        let mut rows: Vec<Row> = admitted(store, store.fleet.rows).into_iter().map(Row::Set).collect();
        let deployments = admitted(store, store.fleet.deployments);
        if !deployments.is_empty() {
            rows.push(Row::Group(tr!(store.language, fleet.contrast).to_owned(), deployments.len()));
            rows.extend(deployments.into_iter().map(Row::Deployment));
        }
        rows
    });
    let list = NodeRef::<Div>::new();
    let window = RwSignal::new(Window::FIRST);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(list) = list.get() {
            crate::client::window::follow(&list, |_| ROW, window);
        }
    });
    let Windowed { above, rows: seen, below } = windowed(rows, window, ROW, |row| match row {
        Row::Set(row) => rail_row(row, Route::Set),
        Row::Group(title, _) => view! { <h2 class="heading">{title}</h2> }.into_any(),
        Row::Deployment(row) => rail_row(row, Route::Deployment),
    });
    view! {
        <nav class="rail" aria-label="StatefulSets">
            <h2>"StatefulSets"</h2>
            {maybe(move || {
                let none = !rows.read().iter().any(|row| matches!(row, Row::Set(_)));
                none.then(|| view! { <p class="quiet">{tr!(store.language, fleet.none_yet)}</p> }.into_any())
            })}
            <div class="rows" node_ref=list>
                <svg class="space" width="1" height=above aria-hidden="true"></svg>
                {seen}
                <svg class="space" width="1" height=below aria-hidden="true"></svg>
            </div>
            {refused_contrast()}
        </nav>
    }
}

/// Those of the namespace that the page is narrowed down to.
pub(super) fn admitted(store: Store, rows: RwSignal<Vec<FleetRow>>) -> Vec<FleetRow> {
    let place = store.place.read();
    rows.read().iter().filter(|(key, _)| place.admits(key)).cloned().collect()
}

/// Whether names alone would not tell which StatefulSet is meant.
fn several(store: Store) -> bool {
    store.place.read().namespace.is_none() && store.fleet.several.get()
}

fn rail_row((key, summary): FleetRow, route: fn(SetKey) -> Route) -> AnyView {
    let store = Store::get();
    let is_set = matches!(route(key.clone()), Route::Set(_));
    let address = {
        let key = key.clone();
        text(move || store.place.read().to(route(key.clone())).address())
    };
    let current = {
        let key = key.clone();
        move || (store.place.read().route == route(key.clone())).then_some("page")
    };
    let attention = {
        let summary = summary.clone();
        word(move || attention_word(&summary.read()))
    };
    let line = {
        let (key, summary) = (key.clone(), summary.clone());
        text(move || line(&key, &summary.read(), several(store), is_set, store.language))
    };
    let name = key.to_string();
    view! {
        <a
            class="row"
            href=address
            aria-current=current
            data-set=is_set.then(|| name.clone())
            data-deployment=(!is_set).then_some(name)
            data-attention=attention
        >
            <b>{key.name.clone()}</b>
            <DotRow summary/>
            <small>{line}</small>
        </a>
    }
    .into_any()
}

/// A dot for each pod, coloured by its stage.
#[component]
pub(super) fn DotRow(summary: ArcRwSignal<Summary>) -> impl IntoView {
    let language = Store::get().language;
    let text = {
        let summary = summary.clone();
        text(move || ready_text(&summary.read(), language))
    };
    let dots = changing(move || {
        let summary = summary.read();
        let (dots, more) = first_dots(&summary.dots);
        view! {
            {dots.into_iter().map(|word| view! { <i data-stage=word></i> }).collect_view()}
            {(more > 0).then(|| view! { <span class="more">{format!("+{more}")}</span> })}
        }
        .into_any()
    });
    view! { <span class="dots" role="img" aria-label=text>{dots}</span> }
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

fn line(set: &SetKey, summary: &Summary, several: bool, is_set: bool, language: Language) -> String {
    let mut parts = Vec::with_capacity(3);
    if several {
        parts.push(set.namespace.clone());
    }
    if !summary.service_name.is_empty() {
        parts.push(summary.service_name.clone());
    }
    // What makes a Deployment different is worth more there than a count, which its dots tell.
    parts.push(if is_set || !summary.exists {
        ready_text(summary, language)
    } else {
        tr!(language, fleet.never_return).to_owned()
    });
    parts.join(" · ")
}

/// How many pods are Ready, in words.
pub(super) fn ready_text(summary: &Summary, language: Language) -> String {
    if summary.exists {
        tr!(language, fleet.ready_of, ready = summary.ready, replicas = summary.replicas)
    } else {
        tr!(language, fleet.gone).to_owned()
    }
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
