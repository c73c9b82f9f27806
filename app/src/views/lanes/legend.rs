//! What the patterns mean. Each stage has a colour and a pattern, so that colour alone never decides.

use leptos::prelude::*;
use topology::Stage;

use crate::language::tr;
use crate::state::Store;
use crate::views::{stage_name, stage_word};

/// The patterns that blocks are filled with, and the head of the arrows.
#[component]
pub(super) fn Patterns() -> impl IntoView {
    let pattern = |(word, turn, strokes): (&'static str, &'static str, &'static str)| {
        view! {
            <pattern
                id=format!("pattern-{word}")
                class="pattern"
                data-stage=word
                width="8"
                height="8"
                patternUnits="userSpaceOnUse"
                patternTransform=turn
            >
                <rect width="8" height="8"/>
                <path d=strokes/>
            </pattern>
        }
        .into_any()
    };
    let stages = Stage::ALL.into_iter().map(|stage| (stage_word(Some(stage)), turn(stage), strokes(stage)));
    let others = [("unwatched", "rotate(-45)", "M1 0V8M5 0V8"), ("folded", "rotate(0)", "M1 0V8M4 0V8M7 0V8")];
    view! {
        <defs>
            {stages.chain(others).map(pattern).collect::<Vec<_>>()}
            <marker id="arrowhead" markerWidth="7" markerHeight="7" refX="6" refY="3.5" orient="auto">
                <path class="arrowhead" d="M0 0 7 3.5 0 7z"/>
            </marker>
        </defs>
    }
}

fn turn(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending | Stage::Terminating => "rotate(45)",
        _ => "rotate(0)",
    }
}

/// The lines of a pattern; a plain colour has none.
fn strokes(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "M1 0V8M5 0V8",
        Stage::Terminating => "M2 0V8M6 0V8",
        Stage::Creating => "M0 4H8",
        Stage::Starting => "M2 2h1M6 6h1",
        Stage::Failing => "M0 0L8 8M8 0L0 8",
        Stage::Completed => "M4 0V8M0 4H8",
        Stage::Ready => "",
    }
}

/// Each pattern with its name.
#[component]
pub(super) fn Legend() -> impl IntoView {
    let language = Store::get().language;
    let entry = |stage: Stage| {
        let word = stage_word(Some(stage));
        view! {
            <li>
                <svg viewBox="0 0 14 14" aria-hidden="true">
                    <rect width="14" height="14" rx="2" fill=format!("url(#pattern-{word})")/>
                </svg>
                {stage_name(stage, language)}
            </li>
        }
    };
    view! {
        <ul class="legend" aria-label=tr!(language, lanes.stages)>
            {Stage::ALL.map(entry)}
            <li>
                <svg viewBox="0 0 14 14" aria-hidden="true">
                    <rect width="14" height="14" rx="2" fill="url(#pattern-unwatched)"/>
                </svg>
                {tr!(language, lanes.not_watched)}
            </li>
        </ul>
    }
}
