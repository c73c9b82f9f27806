//! Two ways to reach the pods, drawn as they are now.

use leptos::prelude::*;

use super::reactive::maybe;
use super::services::Services;
use super::stage_word;
use crate::geometry::px;
use crate::language::{Language, tr};
use crate::state::Store;
use crate::ways::{BOX, Heading, Link, POD_LEFT, Target, WAY_WIDTH, WIDTH, Way, Ways, lay_out};

/// The drawing, and below it what can be said of each Service.
#[component]
pub(super) fn TwoWays() -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    let drawing = Memo::new(move |_| {
        let Some(set) = board.set.get() else { return Ways::default() };
        let rows = board.lanes.read();
        let lanes: Vec<_> = rows.iter().map(|(ordinal, lane)| (*ordinal, lane.read())).collect();
        let pods: Vec<_> = lanes.iter().map(|(ordinal, lane)| (*ordinal, lane.current())).collect();
        lay_out(&set, &pods, &board.services.read())
    });
    view! {
        <section class="panel ways">
            <h2>{tr!(language, services.title)}" "<span>{tr!(language, services.hint)}</span></h2>
            {maybe(move || {
                let drawing = drawing.read();
                (!drawing.ways.is_empty()).then(|| picture(&drawing, language))
            })}
            {maybe(move || {
                let more = drawing.read().more;
                let words = move || tr!(language, services.more, count = more);
                (more > 0).then(|| view! { <p class="quiet">{words()}</p> }.into_any())
            })}
            <Services/>
        </section>
    }
}

fn picture(drawing: &Ways, language: Language) -> AnyView {
    let links = drawing.links.iter().map(link_view);
    let headings = drawing.headings.iter().map(|heading| heading_view(heading, language));
    let ways = drawing.ways.iter().map(way_view);
    let pods = drawing.pods.iter().map(|pod| pod_view(pod, language));
    let all: Vec<AnyView> = links.chain(headings).chain(ways).chain(pods).collect();
    let view_box = format!("0 0 {} {}", px(WIDTH), px(drawing.height));
    let label = tr!(language, services.picture);
    view! { <svg viewBox=view_box role="img" aria-label=label>{all}</svg> }.into_any()
}

const fn word(heading: Heading) -> &'static str {
    match heading {
        Heading::Headless => "headless",
        Heading::Virtual => "virtual",
    }
}

fn link_view(link: &Link) -> AnyView {
    let Link { from, to, heading, open } = link;
    let bend = (POD_LEFT - WAY_WIDTH) / 2.0;
    let (near, far) = (WAY_WIDTH + bend, POD_LEFT - bend);
    let [left, near, far, right] = [WAY_WIDTH, near, far, POD_LEFT].map(px);
    let [from, to] = [from, to].map(|y| px(*y));
    let path = format!("M{left} {from}C{near} {from} {far} {to} {right} {to}");
    view! { <path class="link" data-way=word(*heading) data-open=open.to_string() d=path/> }.into_any()
}

fn heading_view((heading, y): &(Heading, f64), language: Language) -> AnyView {
    let words = match heading {
        Heading::Headless => tr!(language, services.way_headless),
        Heading::Virtual => tr!(language, services.way_virtual),
    };
    view! { <text class="heading" x="2" y=px(*y)>{words}</text> }.into_any()
}

fn way_view(way: &Way) -> AnyView {
    view! {
        <g class="way" data-way=word(way.heading) data-leads=way.leads.to_string()>
            <rect x="1" y=px(way.top) width=px(WAY_WIDTH - 1.0) height=px(BOX) rx="7"/>
            <text x="10" y=px(way.top + 20.0)>{shortened(&way.text, 26)}</text>
        </g>
    }
    .into_any()
}

fn pod_view(pod: &Target, language: Language) -> AnyView {
    let address = match (pod.stage, pod.ip) {
        (None, _) => tr!(language, services.no_pod).to_owned(),
        (Some(_), None) => tr!(language, lanes.no_ip).to_owned(),
        (Some(_), Some(ip)) => ip.to_string(),
    };
    view! {
        <g class="pod" data-target=pod.name.clone() data-stage=stage_word(pod.stage)>
            <rect x=px(POD_LEFT) y=px(pod.top) width=px(WIDTH - POD_LEFT - 1.0) height=px(BOX) rx="7"/>
            <text class="name" x=px(POD_LEFT + 10.0) y=px(pod.top + 14.0)>{shortened(&pod.name, 18)}</text>
            <text class="address" x=px(POD_LEFT + 10.0) y=px(pod.top + 26.0)>{shortened(&address, 20)}</text>
        </g>
    }
    .into_any()
}

/// A text of so many characters at most.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}
