//! What runs in containers: the process of each, what it is given to read, and what it writes.
//!
//! The kubelet says which containers are to run ([`Runtime::run`]) and asks which of them ended ([`Runtime::exits`]); the
//! API reads their logs and attaches clients to them. Images do nothing here: a container is a server that answers with
//! its pod's name, or runs commands of the small shell ([`Program`]).

mod input;
mod log;
mod output;
mod process;
mod program;
mod server;
mod session;
mod terminal;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use k8s_openapi::api::core::v1::{Container, Pod};
use tokio::sync::{broadcast, mpsc, watch};

use crate::controllers::Bell;
use crate::kinds::Typed as _;
use crate::shell::{Ran, Shell};
use crate::store::{Key, Store};
pub(crate) use input::Input;
use log::Budget;
pub(crate) use log::{Line, Log, Reader};
pub(crate) use output::{Output, Piece, Stream};
use process::Process;
pub(crate) use program::Program;
pub(crate) use session::run as run_command;

/// How many commands that ran are kept for who is slow to hear of them.
const COMMANDS: usize = 256;

/// A container that is to run.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Its name in the pod.
    pub(crate) name: String,
    /// Its identity, which is a new one each time that it is started.
    pub(crate) id: String,
    pub(crate) image: String,
    pub(crate) program: Program,
}

/// The containers of all pods.
#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) store: Arc<Store>,
    /// Where the cluster's DNS really listens, once it does.
    pub(crate) dns: watch::Receiver<Option<SocketAddr>>,
    /// Rung when a process ended by itself.
    pub(crate) bell: Bell,
    budget: Arc<Budget>,
    ran: broadcast::Sender<Ran>,
    /// By the UIDs of their pods.
    pods: Mutex<HashMap<String, Vec<Slot>>>,
}

/// A container of a pod: the one that runs or ran last, and what the one before it wrote.
#[derive(Debug)]
struct Slot {
    name: String,
    id: String,
    image: String,
    log: Arc<Log>,
    process: Option<Process>,
    /// The identity and the log of the one before.
    previous: Option<(String, Arc<Log>)>,
}

/// What a client is attached to.
pub(crate) struct Attached {
    /// Where what is typed goes, if the container reads anything.
    pub(crate) input: Option<mpsc::Sender<Bytes>>,
    /// What it writes from now on.
    pub(crate) output: Reader,
}

impl Runtime {
    /// A runtime in which nothing runs yet.
    pub(crate) fn new(store: &Arc<Store>, dns: watch::Receiver<Option<SocketAddr>>) -> Self {
        let (budget, pods) = (Arc::default(), Mutex::default());
        Self {
            store: Arc::clone(store),
            dns,
            bell: Bell::default(),
            budget,
            ran: broadcast::Sender::new(COMMANDS),
            pods,
        }
    }

    /// The commands of shells that run from now on.
    pub(crate) fn commands(&self) -> broadcast::Receiver<Ran> {
        self.ran.subscribe()
    }

    /// Tells whoever listens that a command ran.
    pub(crate) fn tell(&self, ran: Ran) {
        // Nobody has to listen.
        let _ = self.ran.send(ran);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Slot>>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner) // no change is left half made
    }

    /// Lets these containers of a pod run, and no others.
    pub(crate) fn run(self: &Arc<Self>, pod: &Pod, wanted: &[Wanted]) {
        let mut pods = self.lock();
        if wanted.is_empty() && !pods.contains_key(pod.uid()) {
            return;
        }
        let slots = pods.entry(pod.uid().to_owned()).or_default();
        for slot in slots.iter_mut().filter(|slot| wanted.iter().all(|wanted| wanted.id != slot.id)) {
            slot.process = None;
            slot.log.close();
        }
        for wanted in wanted {
            match slots.iter_mut().find(|slot| slot.name == wanted.name) {
                Some(slot) if slot.id == wanted.id => {}
                Some(slot) => {
                    let next = self.start(pod, wanted);
                    let last = std::mem::replace(slot, next);
                    slot.previous = Some((last.id, last.log));
                }
                None => slots.push(self.start(pod, wanted)),
            }
        }
    }

    fn start(self: &Arc<Self>, pod: &Pod, wanted: &Wanted) -> Slot {
        let Wanted { name, id, image, program } = wanted.clone();
        let log = Arc::new(Log::new(Arc::clone(&self.budget)));
        let process = match program {
            Program::Runs(command) => {
                let nothing = Container::default();
                let spec = container_of(pod, &name).unwrap_or(&nothing);
                let (bell, key) = (self.bell.clone(), Key::of(pod));
                let shell = Shell::new(self, pod, &name);
                Some(Process::start(shell, command, spec, &log, move || bell.ring(key)))
            }
            Program::Serves => {
                server::started(&log, &image);
                None
            }
            Program::Crashes => {
                server::crashed(&log, &image);
                None
            }
            Program::Ends => None,
        };
        Slot { name, id, image, log, process, previous: None }
    }

    /// The containers of a pod whose process ended by itself, each with its exit code.
    pub(crate) fn exits(&self, uid: &str) -> Vec<(String, i32)> {
        let pods = self.lock();
        let slots = pods.get(uid).into_iter().flatten();
        slots.filter_map(|slot| Some((slot.id.clone(), slot.process.as_ref()?.exit()?))).collect()
    }

    /// The containers of a pod are told to end.
    pub(crate) fn terminate(&self, uid: &str) {
        for slot in self.lock().get(uid).into_iter().flatten().filter(|slot| slot.process.is_none()) {
            server::terminated(&slot.log, &slot.image);
        }
    }

    /// A pod is gone.
    pub(crate) fn forget(&self, uid: &str) {
        for slot in self.lock().remove(uid).into_iter().flatten() {
            slot.log.close();
        }
    }

    /// Ends everything.
    pub(crate) fn stop(&self) {
        self.lock().clear();
    }

    /// What a container wrote: the one of this identity, as long as that is known.
    pub(crate) fn log(&self, uid: &str, id: &str) -> Option<Arc<Log>> {
        let pods = self.lock();
        pods.get(uid)?.iter().find_map(|slot| match &slot.previous {
            _ if slot.id == id => Some(Arc::clone(&slot.log)),
            Some((previous, log)) if previous == id => Some(Arc::clone(log)),
            _ => None,
        })
    }

    /// Attaches a client to a container that runs.
    pub(crate) fn attach(&self, uid: &str, name: &str, with_input: bool) -> Option<Attached> {
        let pods = self.lock();
        let slot = pods.get(uid)?.iter().find(|slot| slot.name == name)?;
        let input = slot.process.as_ref().filter(|_| with_input).and_then(Process::input);
        Some(Attached { input, output: slot.log.reader_of_line() })
    }

    /// A page was got from a pod: the server in it says so.
    pub(crate) fn visited(&self, pod: &Pod, visitor: &str, path: &str, bytes: usize) {
        let pods = self.lock();
        let mut slots = pods.get(pod.uid()).into_iter().flatten();
        if let Some(slot) = slots.find(|slot| slot.process.is_none()) {
            server::visited(&slot.log, visitor, path, bytes);
        }
    }
}

/// A container of a pod, by its name.
fn container_of<'a>(pod: &'a Pod, name: &str) -> Option<&'a Container> {
    let spec = pod.spec.as_ref()?;
    spec.containers.iter().chain(spec.init_containers.iter().flatten()).find(|container| container.name == name)
}
