//! Saving the drawing of the lanes as a picture: the drawing as it is, with its looks in it, so that it needs no style sheet.

use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    CanvasRenderingContext2d, Element, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, XmlSerializer,
};

use crate::geometry::px;
use crate::views::Picture;

/// The properties of the style sheets that a drawing shows.
const LOOKS: [&str; 17] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-opacity",
    "stroke-linecap",
    "opacity",
    "font-family",
    "font-size",
    "font-weight",
    "text-anchor",
    "text-decoration-line",
    "dominant-baseline",
    "paint-order",
    "display",
    "visibility",
];

/// How many pixels a picture has for each of the drawing's: it is sharp where it is printed.
const SHARPNESS: f64 = 2.0;

/// Saves the drawing of a plot.
pub(crate) fn save(plot: &Element, picture: Picture) {
    // What the browser cannot draw it does not save; there is nothing else to be done about it.
    let _ = saved(plot, picture);
}

fn saved(plot: &Element, picture: Picture) -> Result<(), JsValue> {
    let drawing = plot.query_selector("svg")?.ok_or("no drawing")?;
    let copy: Element = drawing.clone_node_with_deep(true)?.dyn_into()?;
    dress(&drawing, &copy)?;
    let area = drawing.get_bounding_client_rect();
    copy.set_attribute("xmlns", "http://www.w3.org/2000/svg")?;
    copy.set_attribute("width", &px(area.width()))?;
    copy.set_attribute("height", &px(area.height()))?;
    copy.prepend_with_node_1(&ground(plot)?.into())?;
    let text = XmlSerializer::new()?.serialize_to_string(&copy)?;
    let address = format!("data:image/svg+xml;charset=utf-8,{}", js_sys::encode_uri_component(&text));
    match picture {
        Picture::Svg => offer(&address, "svg"),
        Picture::Png => draw(&address, area.width(), area.height()),
    }
}

/// Gives a copy the looks of what it was copied from.
fn dress(from: &Element, to: &Element) -> Result<(), JsValue> {
    let (all, copies) = (from.query_selector_all("*")?, to.query_selector_all("*")?);
    for at in 0..all.length() {
        let (Some(original), Some(copy)) = (all.item(at), copies.item(at)) else { continue };
        let (original, copy): (Element, Element) = (original.dyn_into()?, copy.dyn_into()?);
        let Some(looks) = window().get_computed_style(&original)? else { continue };
        for name in LOOKS {
            let look = looks.get_property_value(name)?;
            // A fill that is a pattern stays what it is: its address is in the drawing.
            if !look.is_empty() && !look.starts_with("url(") {
                copy.set_attribute(if name == "text-decoration-line" { "text-decoration" } else { name }, &look)?;
            }
        }
        copy.remove_attribute("class")?;
    }
    Ok(())
}

/// What the drawing lies on.
fn ground(plot: &Element) -> Result<Element, JsValue> {
    let ground = document().create_element_ns(Some("http://www.w3.org/2000/svg"), "rect")?;
    let panel = plot.closest(".panel")?.ok_or("no panel")?;
    let colour = window().get_computed_style(&panel)?.map(|looks| looks.get_property_value("background-color"));
    ground.set_attribute("width", "100%")?;
    ground.set_attribute("height", "100%")?;
    ground.set_attribute("fill", &colour.transpose()?.unwrap_or_default())?;
    Ok(ground)
}

/// Draws a picture of lines as one of pixels, and offers that.
fn draw(address: &str, width: f64, height: f64) -> Result<(), JsValue> {
    let image = HtmlImageElement::new()?;
    let loaded = {
        let image = image.clone();
        Closure::once_into_js(move || {
            // As above.
            let _ = drawn(&image, width, height);
        })
    };
    image.set_onload(Some(loaded.unchecked_ref()));
    image.set_src(address);
    Ok(())
}

fn drawn(image: &HtmlImageElement, width: f64, height: f64) -> Result<(), JsValue> {
    let canvas: HtmlCanvasElement = document().create_element("canvas")?.dyn_into()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the size of a screen")]
    let pixels = |length: f64| (length * SHARPNESS).ceil() as u32;
    canvas.set_width(pixels(width));
    canvas.set_height(pixels(height));
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or("no context")?.dyn_into()?;
    context.scale(SHARPNESS, SHARPNESS)?;
    context.draw_image_with_html_image_element_and_dw_and_dh(image, 0.0, 0.0, width, height)?;
    offer(&canvas.to_data_url_with_type("image/png")?, "png")
}

/// Offers a file to be saved.
fn offer(address: &str, kind: &str) -> Result<(), JsValue> {
    let link: HtmlAnchorElement = document().create_element("a")?.dyn_into()?;
    let name: String =
        document().title().chars().filter(|it| it.is_ascii_alphanumeric() || "-.".contains(*it)).collect();
    link.set_href(address);
    link.set_download(&format!("{name}.{kind}"));
    link.click();
    Ok(())
}
