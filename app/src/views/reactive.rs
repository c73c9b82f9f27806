//! Texts and views that change.
//!
//! Every closure in a view is a type of its own, for which the whole machinery of rendering is made once more. All that
//! change are brought to a few types here; without that, the page would be larger by a fifth.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::windowed::Window;
use crate::state::{FleetRow, LaneRow, Store};

/// A text that changes.
pub(super) fn text(of: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(of)
}

/// A word that changes, of a few that there are.
pub(super) fn word(of: impl Fn() -> &'static str + Send + Sync + 'static) -> Signal<&'static str> {
    Signal::derive(of)
}

/// A view that changes as a whole.
pub(super) type Changing = Box<dyn FnMut() -> AnyView + Send>;

/// A view that changes as a whole.
pub(super) fn changing(of: impl FnMut() -> AnyView + Send + 'static) -> Changing {
    Box::new(of)
}

/// A view that is not always there.
pub(super) fn maybe(mut of: impl FnMut() -> Option<AnyView> + Send + 'static) -> Changing {
    Box::new(move || of().into_any())
}

/// Any number of views, made anew as a whole when they change.
pub(super) fn several(mut of: impl FnMut() -> Vec<AnyView> + Send + 'static) -> Changing {
    Box::new(move || of().into_any())
}

/// What a click does.
pub(super) type Click = Box<dyn FnMut(MouseEvent)>;

/// What a click does.
pub(super) fn click(does: impl FnMut(MouseEvent) + 'static) -> Click {
    Box::new(does)
}

/// A view for each identity of the StatefulSet that is shown, of those that can be seen.
pub(super) fn each_lane(seen: RwSignal<Window>, view: fn(LaneRow) -> AnyView) -> impl IntoView {
    let lanes = Store::get().board.lanes;
    let part = move || {
        let lanes = lanes.read();
        lanes[seen.get().of(lanes.len())].to_vec()
    };
    view! { <For each=part key=|(ordinal, _)| *ordinal children=view/> }
}

/// A row of a list of StatefulSets.
#[derive(Clone, PartialEq)]
pub(super) enum Row {
    /// The namespace of those that follow, and how many they are.
    Group(String, usize),
    /// A StatefulSet.
    Set(FleetRow),
    /// A Deployment.
    Deployment(FleetRow),
}

impl Row {
    /// By what a row is the same after the list has changed.
    fn key(&self) -> (String, String) {
        match self {
            Self::Group(namespace, count) => (namespace.clone(), count.to_string()),
            Self::Set((set, _)) => (format!("{}/", set.namespace), set.name.clone()),
            Self::Deployment((deployment, _)) => (format!("{}//", deployment.namespace), deployment.name.clone()),
        }
    }
}

/// A view for each row of a list.
pub(super) fn each_row(rows: Signal<Vec<Row>>, view: fn(Row) -> AnyView) -> AnyView {
    view! { <For each=move || rows.get() key=Row::key children=view/> }.into_any()
}
