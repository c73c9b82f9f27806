//! The walk-through in the demo: its steps, told in two languages, run from the page, and ticked by what the cluster did.

mod contrast;
mod observe;
mod progress;
mod run;
mod steps;
mod texts;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use app::guide;
use app::language::Language;
use demo::Ran;
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::sleep;
use topology::board::Board;
use topology::{SetKey, Timestamp};
use tracing::info;

pub use contrast::{Replica, ReplicaStage};
pub use progress::{Command, Progress};
pub use run::RunError;
pub use steps::{DAY_TWO, NAMES_STAY, Step};
pub use texts::text;

use crate::act::Actor;
use crate::clock::now;
use crate::hub::{HubGone, HubHandle};

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
    /// Held by what runs a step: one at a time.
    running: Arc<tokio::sync::Mutex<()>>,
}

struct State {
    progress: Progress,
    outputs: BTreeMap<Step, String>,
}

impl State {
    /// A round in which nothing was done yet.
    fn from(since: Timestamp, hub: &HubHandle) -> Self {
        Self { progress: Progress::from(since, &hub.cluster().domain), outputs: BTreeMap::new() }
    }

    /// What a step printed when it was run here, and, of the Deployment's pods, what became of their names, whoever
    /// deleted them.
    fn output(&self, step: Step) -> Option<String> {
        let printed = self.outputs.get(&step).cloned();
        let names = if step == Step::Contrast { self.progress.contrast_names() } else { None };
        let parts: Vec<String> = printed.into_iter().chain(names).collect();
        (!parts.is_empty()).then(|| parts.join("\n\n"))
    }
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
        let state = State::from(Timestamp::default(), &hub);
        let walkthrough = Arc::new(Self { hub, actor, state: Mutex::new(state), running: Arc::default() });
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
                    output: state.output(*step),
                }
            };
            let chapters = texts::chapters(language).into_iter().zip([&NAMES_STAY[..], &DAY_TWO[..]]);
            let chapters = chapters.map(|(title, steps)| guide::Chapter {
                title: title.to_owned(),
                steps: steps.iter().map(step).collect(),
            });
            guide::Guide { language: language.tag().to_owned(), chapters: chapters.collect() }
        })
    }

    /// Runs a step to its end, even when nobody waits for it any more, and keeps what it printed.
    ///
    /// # Errors
    /// When another one is running, or the cluster refuses it.
    pub async fn run(self: &Arc<Self>, step: Step) -> Result<String, RunError> {
        let this = Arc::clone(self);
        self.alone(async move {
            let outcome = run::step(&this.hub, &this.actor, step).await;
            told(step.name(), &outcome);
            let printed = match &outcome {
                Ok(output) => output.clone(),
                Err(error) => error.to_string(),
            };
            this.with(|state| state.outputs.insert(step, printed.chars().take(MAX_OUTPUT).collect()));
            outcome
        })
        .await
    }

    /// Brings the demo back to the start, and forgets what was done. It goes on to its end even when nobody waits for it.
    ///
    /// # Errors
    /// When a step is running, or the cluster refuses it.
    pub async fn reset(self: &Arc<Self>) -> Result<(), RunError> {
        let this = Arc::clone(self);
        self.alone(async move {
            let outcome = this.start_over().await;
            told("start over", &outcome);
            outcome
        })
        .await
    }

    async fn start_over(&self) -> Result<(), RunError> {
        run::reset(&self.actor).await?;
        let clear = async {
            while !self.is_clear().await? {
                sleep(run::LOOK).await;
            }
            Ok::<_, HubGone>(())
        };
        run::going(clear).await?;
        // All that the round before left was seen to be gone, so that whatever is seen from now on is of this one.
        self.with(|state| *state = State::from(now(), &self.hub));
        run::begin(&self.actor).await
    }

    /// Does something that no other step may run beside, in a task of its own.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, RunError>> + Send + 'static,
    ) -> Result<T, RunError> {
        let alone = Arc::clone(&self.running).try_lock_owned().map_err(|_| RunError::Busy)?;
        let task = tokio::spawn(async move {
            let _alone = alone;
            work.await
        });
        task.await.map_err(|_| RunError::Broken)?
    }

    /// Whether nothing of a round is left, as far as it is seen here.
    async fn is_clear(&self) -> Result<bool, HubGone> {
        for set in [WEB, PARALLEL] {
            let view = self.hub.view(Some(SetKey::new(NAMESPACE, set))).await?;
            let is_there = |board: &Board| board.controller.spec().is_some() || board.pods().next().is_some();
            if view.board.and_then(|(_, board)| board).is_some_and(|board| is_there(&board)) {
                return Ok(false);
            }
        }
        Ok(self.with(|state| state.progress.has_no_replicas()))
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        // Whoever panicked left ticks behind, which are right one by one.
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn see(&self, look: impl FnOnce(&mut Progress)) {
        self.with(|state| look(&mut state.progress));
    }
}

/// Writes into the log what a reader ran, as it is written of every other thing that a reader did.
fn told<T>(step: &str, outcome: &Result<T, RunError>) {
    match outcome {
        Ok(_) => info!(step, "run for a reader"),
        Err(error) => info!(step, %error, "not run for a reader"),
    }
}
