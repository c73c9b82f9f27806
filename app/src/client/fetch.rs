//! Requests to the server besides the stream.

use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

/// Whether the server agreed, and what it said, in the form that is accepted; a body goes there in the same form. (The
/// library's own requests can stream, which makes the page larger by a twentieth.)
pub(super) async fn fetch(address: &str, form: &str, body: Option<Vec<u8>>) -> Result<(bool, Vec<u8>), JsValue> {
    let (headers, request) = (Headers::new()?, RequestInit::new());
    headers.set("accept", form)?;
    if let Some(body) = body {
        headers.set("content-type", form)?;
        request.set_method("POST");
        request.set_body(&Uint8Array::from(body.as_slice()));
    }
    request.set_headers(&headers);
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(address, &request)).await?.dyn_into()?;
    let bytes = JsFuture::from(response.array_buffer()?).await?;
    Ok((response.ok(), Uint8Array::new(&bytes).to_vec()))
}
