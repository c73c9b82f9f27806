//! The walk-through in the demo: its steps, told in two languages, run from the page, and ticked by what the cluster did.

mod observe;
mod progress;
mod run;
mod steps;
mod texts;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::guide;
use demo::Ran;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use topology::SetKey;

pub use progress::{Command, Progress};
pub use run::RunError;
pub use steps::{DAY_TWO, NAMES_STAY, Step};
pub use texts::{Language, text};

use crate::act::Actor;
use crate::clock::now;
use crate::hub::HubHandle;

/// The namespace that all of it happens in.
const NAMESPACE: &str = "default";
/// The StatefulSet that it is about.
const WEB: &str = "web";
/// The one whose pods come all at once.
const PARALLEL: &str = "web-parallel";
/// The label by which the Deployment's pods are told.
const CONTRAST: &str = "app=api";
/// How much of what a step printed is kept.
const MAX_OUTPUT: usize = 4 << 10;

/// The walk-through of one demo.
pub struct Walkthrough {
    hub: HubHandle,
    actor: Arc<Actor>,
    /// Held for a moment only, never while something is waited for.
    state: Mutex<State>,
    /// Held by who runs a step: one at a time.
    running: tokio::sync::Mutex<()>,
}

struct State {
    progress: Progress,
    outputs: BTreeMap<Step, String>,
}

impl Walkthrough {
    /// Begins to look at what the cluster does, for as long as `tasks` live.
    pub fn start(
        hub: HubHandle,
        actor: Arc<Actor>,
        commands: broadcast::Receiver<Ran>,
        tasks: &mut JoinSet<()>,
    ) -> Arc<Self> {
        // The demo made its Service and StatefulSet a moment before this: that counts.
        let state = State { progress: Progress::default(), outputs: BTreeMap::new() };
        let walkthrough = Arc::new(Self { hub, actor, state: Mutex::new(state), running: tokio::sync::Mutex::new(()) });
        for set in [WEB, PARALLEL] {
            tasks.spawn(observe::board(Arc::clone(&walkthrough), SetKey::new(NAMESPACE, set)));
        }
        tasks.spawn(observe::contrast(Arc::clone(&walkthrough)));
        tasks.spawn(observe::commands(Arc::clone(&walkthrough), commands));
        walkthrough
    }

    /// The walk-through as it stands; `files` is the address of the folder that has the manifests.
    pub fn guide(&self, language: Language, files: &str) -> guide::Guide {
        self.with(|state| {
            let step = |step: &Step| {
                let (title, text) = text(*step, language);
                guide::Step {
                    name: step.name().to_owned(),
                    title: title.to_owned(),
                    text: text.to_owned(),
                    commands: step.commands(files),
                    done: state.progress.done(*step),
                    output: state.outputs.get(step).cloned(),
                }
            };
            let chapters = language.chapters().into_iter().zip([&NAMES_STAY[..], &DAY_TWO[..]]);
            let chapters = chapters.map(|(title, steps)| guide::Chapter {
                title: title.to_owned(),
                steps: steps.iter().map(step).collect(),
            });
            guide::Guide { language: language.tag().to_owned(), chapters: chapters.collect() }
        })
    }

    /// Runs a step, and keeps what it printed.
    ///
    /// # Errors
    /// When another one is running, or the cluster refuses it.
    pub async fn run(&self, step: Step) -> Result<String, RunError> {
        let _alone = self.running.try_lock().map_err(|_| RunError::Busy)?;
        let outcome = run::step(&self.hub, &self.actor, step).await;
        let printed = match &outcome {
            Ok(output) => output.clone(),
            Err(error) => error.to_string(),
        };
        self.with(|state| state.outputs.insert(step, printed.chars().take(MAX_OUTPUT).collect()));
        outcome
    }

    /// Brings the demo back to the start, and forgets what was done.
    ///
    /// # Errors
    /// When a step is running, or the cluster refuses it.
    pub async fn reset(&self) -> Result<(), RunError> {
        let _alone = self.running.try_lock().map_err(|_| RunError::Busy)?;
        run::reset(&self.actor).await?;
        self.with(|state| *state = State { progress: Progress::from(now()), outputs: BTreeMap::new() });
        run::begin(&self.actor).await
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        // Whoever panicked left ticks behind, which are right one by one.
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn see(&self, look: impl FnOnce(&mut Progress)) {
        self.with(|state| look(&mut state.progress));
    }
}
