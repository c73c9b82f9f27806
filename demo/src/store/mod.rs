//! The store: every object in its latest version, one counter of revisions, and the latest changes of each kind.
//!
//! Whoever watches keeps a [`Cursor`] into the changes and reads on from there when told that there are more; nothing is
//! queued for a watcher, so the slow ones cost no memory. Who falls behind what is kept is told so
//! ([`Compacted`]) and lists anew. Every call is short and never waits for I/O.

mod cursor;
mod history;
mod object;
mod state_file;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use thiserror::Error;
use tokio::sync::watch;

pub use cursor::Cursor;
use history::History;
pub use history::{Change, Compacted, Event};
pub use object::{Draft, Key, Object, OwnerUid};
pub use state_file::{StateError, can_save, load, save};

use crate::kinds::{Kind, Typed};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The bytes of all objects together.
    pub bytes: usize,
    /// The changes that are kept of each kind.
    pub changes: usize,
    /// The bytes of the changes that are kept of each kind.
    pub change_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, changes: 10_000, change_bytes: 24 << 20 }
    }
}

/// In which state an object must be for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It must not exist.
    Absent,
    /// It must have this revision.
    Revision(u64),
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// There is such an object.
    #[error("the object exists already")]
    Exists,
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// It has another revision.
    #[error("the object has another revision")]
    Modified,
    /// Too much would be kept.
    #[error("the store is full: it holds at most {0} bytes of objects")]
    Full(usize),
}

/// The store.
#[derive(Debug)]
pub struct Store {
    state: RwLock<State>,
    changed: [watch::Sender<u64>; Kind::ALL.len()],
    any_changed: watch::Sender<u64>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    revision: u64,
    kinds: [Collection; Kind::ALL.len()],
    /// The objects that name an owner, by its UID.
    owned: HashMap<Box<str>, BTreeSet<(Kind, Key)>>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Collection {
    objects: BTreeMap<Key, Entry>,
    /// The objects that nobody controls.
    free: BTreeSet<Key>,
    history: History,
}

#[derive(Debug)]
struct Entry {
    object: Arc<Object>,
    /// The object as a value of its type, once somebody asked for that.
    typed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Entry {
    fn new(object: Arc<Object>) -> Self {
        Self { object, typed: OnceLock::new() }
    }

    fn typed<T: Typed>(&self) -> Option<Arc<T>> {
        if self.typed.get().is_none() {
            let value: Arc<dyn Any + Send + Sync> = Arc::new(self.object.parse::<T>()?);
            let _ = self.typed.set(value);
        }
        Arc::clone(self.typed.get()?).downcast().ok()
    }
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        let state = State { revision: 1, kinds: Default::default(), owned: HashMap::new(), bytes: 0 };
        let changed = std::array::from_fn(|_| watch::Sender::new(0));
        Self { state: RwLock::new(state), changed, any_changed: watch::Sender::new(0), limits }
    }

    // A writer that panicked left the state as it was before its change: each change is made in one step at the end.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The revision of the latest change.
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// How many objects there are of a kind, in a namespace or in all.
    pub fn count(&self, kind: Kind, namespace: Option<&str>) -> usize {
        self.read().range(kind, namespace).count()
    }

    /// An object.
    pub fn get(&self, kind: Kind, key: &Key) -> Option<Arc<Object>> {
        self.read().kinds[kind.index()].objects.get(key).map(|entry| Arc::clone(&entry.object))
    }

    /// An object, as a value of its type.
    pub fn typed<T: Typed>(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.read().kinds[T::OF.index()].objects.get(&Key::new(namespace, name))?.typed()
    }

    /// The objects of a kind, by namespace and name, and the revision at which they were so.
    pub fn list(&self, kind: Kind, namespace: Option<&str>) -> (u64, Vec<Arc<Object>>) {
        let state = self.read();
        let objects = state.range(kind, namespace).map(|(_, entry)| Arc::clone(&entry.object)).collect();
        (state.revision, objects)
    }

    /// The objects of a kind, as values of their type.
    pub fn list_typed<T: Typed>(&self, namespace: Option<&str>) -> Vec<Arc<T>> {
        self.read().range(T::OF, namespace).filter_map(|(_, entry)| entry.typed()).collect()
    }

    /// The objects of a kind that name an owner, as values of their type.
    pub fn owned_typed<T: Typed>(&self, uid: &str) -> Vec<Arc<T>> {
        let state = self.read();
        let keys = state.owned.get(uid).into_iter().flatten().filter(|(kind, _)| *kind == T::OF);
        keys.filter_map(|(kind, key)| state.kinds[kind.index()].objects.get(key)?.typed()).collect()
    }

    /// The objects of a kind in a namespace that nobody controls, as values of their type.
    pub fn orphans<T: Typed>(&self, namespace: &str) -> Vec<Arc<T>> {
        let state = self.read();
        let collection = &state.kinds[T::OF.index()];
        let free = collection.free.range(Key::first_of(namespace)..).take_while(|key| key.namespace() == namespace);
        free.filter_map(|key| collection.objects.get(key)?.typed()).collect()
    }

    /// The objects that name an owner.
    pub fn owned(&self, uid: &str) -> Vec<Arc<Object>> {
        let state = self.read();
        let keys = state.owned.get(uid).into_iter().flatten();
        let found = keys.filter_map(|(kind, key)| state.kinds[kind.index()].objects.get(key));
        found.map(|entry| Arc::clone(&entry.object)).collect()
    }

    /// The objects of a kind as they were at a revision.
    ///
    /// # Errors
    /// When the changes since then are not all kept.
    pub fn list_at(&self, kind: Kind, namespace: Option<&str>, revision: u64) -> Result<Vec<Arc<Object>>, Compacted> {
        let state = self.read();
        let collection = &state.kinds[kind.index()];
        let mut objects: BTreeMap<&Key, &Arc<Object>> =
            state.range(kind, namespace).map(|(key, entry)| (key, &entry.object)).collect();
        for event in collection.history.after(revision)?.rev() {
            let key = &event.object.key;
            if namespace.is_some_and(|namespace| namespace != key.namespace()) {
                continue;
            }
            match &event.previous {
                Some(previous) => objects.insert(key, previous),
                None => objects.remove(key),
            };
        }
        Ok(objects.into_values().map(Arc::clone).collect())
    }

    /// Makes an object, or a new version of one.
    ///
    /// # Errors
    /// When it is not in the expected state, or the store is full.
    pub fn put(&self, draft: Draft, expected: Expected) -> Result<Arc<Object>, WriteError> {
        let mut state = self.write();
        let collection = &state.kinds[draft.kind.index()];
        let previous = collection.objects.get(&draft.key).map(|entry| Arc::clone(&entry.object));
        match (&previous, expected) {
            (Some(_), Expected::Absent) => return Err(WriteError::Exists),
            (None, Expected::Revision(_)) => return Err(WriteError::Missing),
            (Some(previous), Expected::Revision(revision)) if previous.revision != revision => {
                return Err(WriteError::Modified);
            }
            _ => {}
        }
        let revision = state.revision + 1;
        let object = Arc::new(draft.into_object(revision));
        let bytes = state.bytes + object.size() - previous.as_ref().map_or(0, |previous| previous.size());
        if bytes > self.limits.bytes && previous.as_ref().is_none_or(|previous| object.size() > previous.size()) {
            return Err(WriteError::Full(self.limits.bytes));
        }
        state.bytes = bytes;
        let change = if previous.is_some() { Change::Modified } else { Change::Added };
        state.commit(Event { change, object: Arc::clone(&object), previous }, self.limits);
        drop(state);
        self.tell(object.kind, revision);
        Ok(object)
    }

    /// Removes an object. What is given back is its last version, at the revision of its removal.
    ///
    /// # Errors
    /// When it is not in the expected state.
    pub fn remove(&self, kind: Kind, key: &Key, revision: u64) -> Result<Arc<Object>, WriteError> {
        let mut state = self.write();
        let entry = state.kinds[kind.index()].objects.get(key).ok_or(WriteError::Missing)?;
        if entry.object.revision != revision {
            return Err(WriteError::Modified);
        }
        let previous = Arc::clone(&entry.object);
        let revision = state.revision + 1;
        let object = Arc::new(previous.at(revision));
        state.bytes -= previous.size();
        let event = Event { change: Change::Deleted, object: Arc::clone(&object), previous: Some(previous) };
        state.commit(event, self.limits);
        drop(state);
        self.tell(kind, revision);
        Ok(object)
    }

    fn tell(&self, kind: Kind, revision: u64) {
        for told in [&self.changed[kind.index()], &self.any_changed] {
            told.send_if_modified(|told| {
                let news = revision > *told;
                *told = revision.max(*told);
                news
            });
        }
    }

    /// Tells when there are new changes of a kind.
    pub fn changes(&self, kind: Kind) -> watch::Receiver<u64> {
        self.changed[kind.index()].subscribe()
    }

    /// Tells when there are new changes of any kind.
    pub fn any_change(&self) -> watch::Receiver<u64> {
        self.any_changed.subscribe()
    }

    /// The objects of a kind now, and a cursor that reads on from there.
    pub fn follow(&self, kind: Kind, namespace: Option<&str>) -> (Vec<Arc<Object>>, Cursor) {
        let changed = self.changes(kind);
        let (revision, objects) = self.list(kind, namespace);
        (objects, Cursor::new(kind, revision, changed))
    }

    /// A cursor that reads the changes after a revision.
    pub fn follow_from(&self, kind: Kind, revision: u64) -> Cursor {
        Cursor::new(kind, revision, self.changes(kind))
    }
}

impl State {
    fn range<'a>(&'a self, kind: Kind, namespace: Option<&'a str>) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
        let start = namespace.map(Key::first_of);
        let from = start.as_ref().map_or(Bound::Unbounded, Bound::Included);
        let objects = &self.kinds[kind.index()].objects;
        objects
            .range((from, Bound::Unbounded))
            .take_while(move |(key, _)| namespace.is_none_or(|namespace| key.namespace() == namespace))
    }

    /// Takes a change in: the object, the index of owners, the history.
    fn commit(&mut self, event: Event, limits: Limits) {
        let object = &event.object;
        self.revision = object.revision;
        let name = (object.kind, object.key.clone());
        for owner in event.previous.iter().flat_map(|previous| &previous.owners) {
            if let Some(owned) = self.owned.get_mut(&owner.uid) {
                owned.remove(&name);
                if owned.is_empty() {
                    self.owned.remove(&owner.uid);
                }
            }
        }
        let collection = &mut self.kinds[object.kind.index()];
        collection.free.remove(&object.key);
        if event.change == Change::Deleted {
            collection.objects.remove(&object.key);
        } else {
            if !object.owners.iter().any(|owner| owner.controller) {
                collection.free.insert(object.key.clone());
            }
            for owner in &object.owners {
                self.owned.entry(owner.uid.clone()).or_default().insert(name.clone());
            }
            collection.objects.insert(object.key.clone(), Entry::new(Arc::clone(object)));
        }
        collection.history.push(event, limits);
    }
}
