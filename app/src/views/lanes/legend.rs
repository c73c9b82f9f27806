//! What the patterns mean. Each stage has a colour and a pattern, so that colour alone never decides.

use leptos::prelude::*;
use topology::Stage;

use crate::views::{stage_name, stage_word};

/// The patterns that blocks are filled with, and the head of the arrows.
#[component]
pub(super) fn Patterns() -> impl IntoView {
    let pattern = |stage: Option<Stage>| {
        let word = if stage.is_some() { stage_word(stage) } else { "unwatched" };
        view! {
            <pattern
                id=format!("pattern-{word}")
                class="pattern"
                data-stage=word
                width="8"
                height="8"
                patternUnits="userSpaceOnUse"
                patternTransform=turn(stage)
            >
                <rect width="8" height="8"/>
                <path d=strokes(stage)/>
            </pattern>
        }
    };
    let all = Stage::ALL.into_iter().map(Some).chain([None]);
    view! {
        <defs>
            {all.map(pattern).collect_view()}
            <marker id="arrowhead" markerWidth="7" markerHeight="7" refX="6" refY="3.5" orient="auto">
                <path class="arrowhead" d="M0 0 7 3.5 0 7z"/>
            </marker>
        </defs>
    }
}

fn turn(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Pending | Stage::Terminating) => "rotate(45)",
        None => "rotate(-45)",
        Some(_) => "rotate(0)",
    }
}

/// The lines of a pattern; a plain colour has none.
fn strokes(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Pending) | None => "M1 0V8M5 0V8",
        Some(Stage::Terminating) => "M2 0V8M6 0V8",
        Some(Stage::Creating) => "M0 4H8",
        Some(Stage::Starting) => "M2 2h1M6 6h1",
        Some(Stage::Failing) => "M0 0L8 8M8 0L0 8",
        Some(Stage::Completed) => "M4 0V8M0 4H8",
        Some(Stage::Ready) => "",
    }
}

/// Each pattern with its name.
#[component]
pub(super) fn Legend() -> impl IntoView {
    let entry = |stage: Stage| {
        let word = stage_word(Some(stage));
        view! {
            <li>
                <svg viewBox="0 0 14 14" aria-hidden="true">
                    <rect width="14" height="14" rx="2" fill=format!("url(#pattern-{word})")/>
                </svg>
                {stage_name(stage)}
            </li>
        }
    };
    view! {
        <ul class="legend" aria-label="Stages">
            {Stage::ALL.map(entry)}
            <li>
                <svg viewBox="0 0 14 14" aria-hidden="true">
                    <rect width="14" height="14" rx="2" fill="url(#pattern-unwatched)"/>
                </svg>
                "Not watched"
            </li>
        </ul>
    }
}
