//! Berth's page (placeholder until the views land).
use leptos::prelude::*;
use topology::{board::Board, fleet::Fleet, wire, Revision, SetKey, Timestamp};
/// What the server knows when it renders a page.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Initial { pub cluster: wire::Cluster, pub version: String, pub instance: wire::Instance, pub revision: Revision, pub at: Timestamp, pub status: wire::Status, pub fleet: Fleet, pub board: Option<(SetKey, Option<Box<Board>>)> }
/// URL paths of the page's files.
#[derive(Clone, Debug, Default)]
pub struct Assets { pub css: String, pub js: String, pub wasm: String }
/// The document.
pub fn shell(_initial: Initial, _assets: Assets) -> impl IntoView { view! { <p>"Berth"</p> } }
