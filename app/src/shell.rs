//! The HTML document around the page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::language::texts::{TEXTS_ID, lines};
use crate::language::tr;
use crate::route::Place;
use crate::state::{Initial, STATE_ID, Store};
use crate::views::App;

/// URL paths of the page's files.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// The style sheet.
    pub css: String,
    /// The script that loads the WebAssembly.
    pub js: String,
    /// The WebAssembly.
    pub wasm: String,
    /// The font of most words: it is there before they are painted, so that nothing moves when it comes.
    pub font: String,
}

/// Applied before the first paint, so that a page in the dark does not flash.
const THEME: &str =
    "try{const t=localStorage.getItem('berth-theme');if(t)document.documentElement.dataset.theme=t}catch{}";

/// The whole document, for the address that was asked for.
pub fn shell(initial: Initial, address: &str, assets: Assets) -> impl IntoView + use<> {
    let place = Place::parse(address);
    let state = postcard::to_allocvec(&initial).map(|bytes| STANDARD.encode(bytes)).unwrap_or_default();
    let language = initial.language;
    provide_context(Store::new(initial, place.clone()));
    let title = place.title(language);
    let Assets { css, js, wasm, font } = assets;
    let boot = (!js.is_empty()).then(|| {
        let load = format!("import init,{{hydrate}} from {js:?};await init({{module_or_path:{wasm:?}}});hydrate();");
        view! {
            <link rel="modulepreload" href=js nonce=use_nonce()/>
            <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
            <script type="module" nonce=use_nonce() inner_html=load></script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang=language.tag()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                // As a child it would be followed by a mark for hydration, which a title shows. Its parts are names.
                <title inner_html=title></title>
                <meta name="description" content=tr!(language, page.description)/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml"/>
                <script nonce=use_nonce() inner_html=THEME></script>
                {(!font.is_empty()).then(|| view! {
                    <link rel="preload" href=font r#as="font" r#type="font/woff2" crossorigin="anonymous"/>
                })}
                <link rel="stylesheet" href=css/>
                <script type="text/plain" id=STATE_ID inner_html=state></script>
                <script type="text/plain" id=TEXTS_ID lang=language.tag() inner_html=lines(language)></script>
                {boot}
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
