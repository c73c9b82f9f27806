//! What the reader is asked to confirm, and what came of it.

use leptos::prelude::*;
use topology::SetKey;
use topology::action::{Offer, PodRef};
use topology::board::Spec;

use super::Store;

/// A dialog about something that the reader wants to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Asking {
    /// Which dialog it is: what the server answers to another one is not meant for it.
    pub serial: Serial,
    /// What.
    pub ask: Ask,
    /// The StatefulSet that was shown when it was opened; `None` for what is about none.
    pub set: Option<SetKey>,
    /// What that one asked for then.
    pub spec: Option<Spec>,
    /// Where: the StatefulSet's namespace, or as the reader typed it.
    pub namespace: String,
    /// What may be done; `None` until the server said so.
    pub offer: Option<Offer>,
    /// How far it is.
    pub stands: Stands,
    /// How many replicas, as the reader typed it.
    pub replicas: String,
    /// Which container's image.
    pub container: String,
    /// The image, as the reader typed it.
    pub image: String,
}

/// Counts dialogs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Serial(u32);

/// How far something is that the reader wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It is not confirmed yet.
    Open,
    /// It was sent.
    Sent,
    /// Some of it was done.
    Partly {
        /// What kubectl would have printed.
        said: String,
        /// What was not done, and why.
        failed: String,
    },
    /// It was refused, and why.
    Refused(String),
}

/// What came of something that the reader did, told beside the page for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The dialog in which it was confirmed.
    pub serial: Serial,
    /// What the server said.
    pub text: String,
}

/// What a reader wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Delete pods.
    Delete(Vec<PodRef>),
    /// Change how many there are.
    Scale,
    /// Replace all of them.
    Restart,
    /// Change a container's image.
    SetImage,
    /// Hold back a pod's readiness, or let it go.
    SetReady {
        /// The pod.
        pod: String,
        /// Whether it may be Ready.
        ready: bool,
    },
    /// Apply the walk-through's Service and StatefulSet.
    ApplyWalkThrough,
}

impl Store {
    /// The number of a new dialog.
    pub fn next_serial(&self) -> Serial {
        self.asked.update_value(|serial| serial.0 = serial.0.wrapping_add(1));
        self.asked.get_value()
    }

    /// Changes what the reader is asked, if it still is that dialog.
    pub fn change_asking(&self, serial: Serial, by: impl FnOnce(&mut Asking)) {
        let is_open = self.asking.read_untracked().as_ref().is_some_and(|asking| asking.serial == serial);
        if is_open {
            self.asking.update(|asking| {
                if let Some(asking) = asking {
                    by(asking);
                }
            });
        }
    }

    /// Takes what came of a dialog. When all was done it closes, so that the show is seen, and the answer is told beside the
    /// page; so is any answer that finds its dialog closed. What was not done stays where it can be mended.
    pub fn conclude(&self, serial: Serial, outcome: Result<(String, String), String>) {
        let is_open = self.asking.read_untracked().as_ref().is_some_and(|asking| asking.serial == serial);
        match outcome {
            Ok((text, failed)) if failed.is_empty() => {
                if is_open {
                    self.asking.set(None);
                }
                self.told.set(Some(Told { serial, text }));
            }
            Ok((said, failed)) if is_open => {
                self.change_asking(serial, |asking| asking.stands = Stands::Partly { said, failed });
            }
            Err(wrong) if is_open => self.change_asking(serial, |asking| asking.stands = Stands::Refused(wrong)),
            Ok((said, failed)) => self.told.set(Some(Told { serial, text: format!("{said}\n{failed}") })),
            Err(text) => self.told.set(Some(Told { serial, text })),
        }
    }

    /// Ends telling what came of a dialog, if that is what is told.
    pub fn end_telling(&self, serial: Serial) {
        if self.told.read_untracked().as_ref().is_some_and(|told| told.serial == serial) {
            self.told.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;

    use super::super::tests::{open, store};
    use super::*;

    #[test]
    fn given_a_dialog_when_another_one_is_open_then_a_late_answer_does_not_reach_it() {
        Owner::new().with(|| {
            let store = store();
            let (first, second) = (open(store), open(store));
            let refuse = |serial| store.change_asking(serial, |asking| asking.stands = Stands::Refused(String::new()));
            let stands = || store.asking.get_untracked().map(|asking| asking.stands);
            refuse(first);
            assert_eq!(stands(), Some(Stands::Open));
            refuse(second);
            assert_eq!(stands(), Some(Stands::Refused(String::new())));
        });
    }

    #[test]
    fn given_an_answer_when_all_was_done_then_the_dialog_gives_way_to_it_and_else_it_stays() {
        Owner::new().with(|| {
            let store = store();
            let told = || store.told.get_untracked().map(|told| told.text);
            let done = |serial| store.conclude(serial, Ok(("scaled".to_owned(), String::new())));
            let serial = open(store);
            done(serial);
            assert!(store.asking.get_untracked().is_none());
            assert_eq!(told().as_deref(), Some("scaled"));
            store.end_telling(Serial::default());
            assert_eq!(told().as_deref(), Some("scaled"), "it is another one that ends");
            store.end_telling(serial);
            assert_eq!(told(), None);

            let second = open(store);
            done(serial);
            assert!(store.asking.get_untracked().is_some(), "a late answer closes no other dialog");
            store.told.set(None);
            store.conclude(second, Err("no".to_owned()));
            let stands = store.asking.get_untracked().map(|asking| asking.stands);
            assert_eq!((stands, told()), (Some(Stands::Refused("no".to_owned())), None));
            store.conclude(second, Ok(("web-0 deleted".to_owned(), "web-1: no".to_owned())));
            let stands = store.asking.get_untracked().map(|asking| asking.stands);
            assert!(matches!(stands, Some(Stands::Partly { .. })) && told().is_none());
            // Who closed it meanwhile is told all the same.
            store.asking.set(None);
            store.conclude(second, Err("no".to_owned()));
            assert_eq!(told().as_deref(), Some("no"));
        });
    }
}
