//! What is to be done, once every name in it was read: only names that mean themselves get into a path of the API, and only
//! namespaces that Berth was told to watch.

use std::error::Error;

use topology::action::{Action, MAX_PODS, MAX_REPLICAS};
use topology::object_name::{Label, Subdomain};
use topology::{SetKey, Uid};

use super::image::Image;
use super::{ActError, Bounds};

/// An [`Action`] that can be done.
#[derive(Debug)]
pub(super) enum Deed {
    Delete { namespace: Label, pods: Vec<(Subdomain, Uid)> },
    Scale { set: Target, replicas: u32 },
    Restart { set: Target },
    SetImage { set: Target, container: Label, image: Image },
    SetReady { namespace: Label, pod: Subdomain, ready: bool },
    ApplyWalkThrough { namespace: Label },
}

/// A StatefulSet.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) namespace: Label,
    pub(super) name: Subdomain,
}

impl Deed {
    /// Reads an action.
    ///
    /// # Errors
    /// When something in it is no name, is too much, or is out of bounds.
    pub(super) fn read(action: &Action, bounds: &Bounds) -> Result<Self, ActError> {
        Ok(match action {
            Action::Delete { namespace, pods } => {
                if pods.is_empty() || pods.len() > MAX_PODS {
                    return Err(ActError::Invalid(format!("name between 1 and {MAX_PODS} pods")));
                }
                let pods = pods.iter().map(|pod| Ok((object("pod", &pod.name)?, pod.uid.clone())));
                Self::Delete { namespace: bounds.namespace(namespace)?, pods: pods.collect::<Result<_, ActError>>()? }
            }
            Action::Scale { set, replicas } => {
                if *replicas > MAX_REPLICAS {
                    let why = format!("between 0 and {MAX_REPLICAS} replicas can be asked for from here");
                    return Err(ActError::Invalid(why));
                }
                Self::Scale { set: Target::read(set, bounds)?, replicas: *replicas }
            }
            Action::Restart { set } => Self::Restart { set: Target::read(set, bounds)? },
            Action::SetImage { set, container, image } => {
                let container = Label::parse(container).map_err(|bad| wrong("container", &bad))?;
                let image = Image::parse(image).map_err(|bad| wrong("image", &bad))?;
                Self::SetImage { set: Target::read(set, bounds)?, container, image }
            }
            Action::SetReady { namespace, pod, ready } => {
                Self::SetReady { namespace: bounds.namespace(namespace)?, pod: object("pod", pod)?, ready: *ready }
            }
            Action::ApplyWalkThrough { namespace } => {
                Self::ApplyWalkThrough { namespace: bounds.namespace(namespace)? }
            }
        })
    }
}

impl Target {
    /// Reads the key of a StatefulSet.
    ///
    /// # Errors
    /// As [`Deed::read`].
    pub(super) fn read(set: &SetKey, bounds: &Bounds) -> Result<Self, ActError> {
        Ok(Self { namespace: bounds.namespace(&set.namespace)?, name: object("StatefulSet", &set.name)? })
    }
}

impl Bounds {
    /// Reads the name of a namespace in which something may be done.
    ///
    /// # Errors
    /// When it is none, or Berth was told to watch others.
    pub(super) fn namespace(&self, text: &str) -> Result<Label, ActError> {
        let namespace = Label::parse(text).map_err(|bad| wrong("namespace", &bad))?;
        match &self.0 {
            Some(watched) if !watched.iter().any(|watched| watched == namespace.as_str()) => {
                Err(ActError::Outside { namespace, watched: watched.join(", ") })
            }
            _ => Ok(namespace),
        }
    }
}

fn object(what: &str, text: &str) -> Result<Subdomain, ActError> {
    Subdomain::parse(text).map_err(|bad| wrong(what, &bad))
}

fn wrong(what: &str, bad: &dyn Error) -> ActError {
    ActError::Invalid(format!("this {what} cannot exist: {bad}"))
}

#[cfg(test)]
mod tests {
    use topology::action::PodRef;

    use super::*;

    /// Every action that names something, with `text` in one place.
    fn actions(text: &str) -> Vec<(&'static str, Action)> {
        let (text, good) = (text.to_owned(), "good".to_owned());
        let set = |namespace: &String, name: &String| SetKey::new(namespace.clone(), name.clone());
        let pods = |name: &String| vec![PodRef { name: name.clone(), uid: Uid::from("1") }];
        let image = "nginx".to_owned();
        vec![
            ("namespace", Action::Delete { namespace: text.clone(), pods: pods(&good) }),
            ("pod", Action::Delete { namespace: good.clone(), pods: pods(&text) }),
            ("namespace", Action::Scale { set: set(&text, &good), replicas: 1 }),
            ("StatefulSet", Action::Scale { set: set(&good, &text), replicas: 1 }),
            ("namespace", Action::Restart { set: set(&text, &good) }),
            ("StatefulSet", Action::Restart { set: set(&good, &text) }),
            ("namespace", Action::SetImage { set: set(&text, &good), container: good.clone(), image: image.clone() }),
            ("StatefulSet", Action::SetImage { set: set(&good, &text), container: good.clone(), image: image.clone() }),
            ("container", Action::SetImage { set: set(&good, &good), container: text.clone(), image }),
            ("image", Action::SetImage { set: set(&good, &good), container: good.clone(), image: text.clone() }),
            ("namespace", Action::SetReady { namespace: text.clone(), pod: good.clone(), ready: true }),
            ("pod", Action::SetReady { namespace: good, pod: text.clone(), ready: true }),
            ("namespace", Action::ApplyWalkThrough { namespace: text }),
        ]
    }

    #[test]
    fn given_what_is_no_name_when_an_action_names_it_then_it_is_refused_before_the_api_is_asked() {
        let long = "a".repeat(300);
        for text in ["", "/", "a/b", "..", "../a", "a?b", "a#b", "a%2fb", "Web", long.as_str()] {
            // Names of images have slashes.
            let all = actions(text).into_iter().filter(|(what, _)| *what != "image" || text != "a/b");
            for (what, action) in all {
                match Deed::read(&action, &Bounds(None)) {
                    Err(ActError::Invalid(why)) => assert!(why.starts_with(&format!("this {what} cannot")), "{why}"),
                    other => panic!("{action:?}: {other:?}"),
                }
            }
        }
        for (_, action) in actions("web-0") {
            assert!(Deed::read(&action, &Bounds(None)).is_ok(), "{action:?}");
        }
    }

    #[test]
    fn given_namespaces_to_watch_when_an_action_names_another_then_it_is_refused() {
        let bounds = Bounds(Some(vec!["shop".to_owned(), "stock".to_owned()]));
        for (what, action) in actions("elsewhere").into_iter().filter(|(what, _)| *what == "namespace") {
            let refused = Deed::read(&action, &bounds);
            assert!(matches!(refused, Err(ActError::Outside { .. })), "{what} {action:?}: {refused:?}");
        }
        assert!(bounds.namespace("stock").is_ok());
        let told = bounds.namespace("sto").map_err(|error| error.to_string());
        assert!(told.is_err_and(|told| told.contains("-n sto") && told.contains("shop, stock")));
    }
}
