//! What a container does once it runs, told by its image's name and tag, and its command.

use k8s_openapi::api::core::v1::Container;

use crate::shell::Shell;

/// The images that are there for their shell; without a command they run it.
const SHELLS: [&str; 5] = ["alpine", "bash", "busybox", "debian", "ubuntu"];

/// What a container does once it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// It serves until it is told to end.
    Serves,
    /// It does something and ends well, after a while.
    Ends,
    /// It ends with an error, after a while.
    Crashes,
    /// It runs a command of the small shell, and ends with that.
    Runs(Vec<String>),
}

impl Program {
    /// What a container does; one that has to make way for others, and no command that is known here, ends.
    pub(crate) fn of(spec: &Container, makes_way: bool) -> Self {
        let image = spec.image.as_deref().unwrap_or_default();
        if tag(image) == "crash" {
            return Self::Crashes;
        }
        let command: Vec<String> = spec.command.iter().flatten().chain(spec.args.iter().flatten()).cloned().collect();
        let has_shell = SHELLS.contains(&name(image));
        match command.first() {
            Some(program) if has_shell || Shell::knows(program) => Self::Runs(command),
            None if has_shell => Self::Runs(vec!["sh".to_owned()]),
            _ if makes_way => Self::Ends,
            _ => Self::Serves,
        }
    }

    /// Whether an image cannot be pulled.
    pub(crate) fn is_missing(image: &str) -> bool {
        tag(image) == "missing"
    }
}

/// The last part of an image's name, and its tag.
fn parts(image: &str) -> (&str, &str) {
    let last = image.rsplit('/').next().unwrap_or_default();
    let last = last.split('@').next().unwrap_or_default();
    last.split_once(':').unwrap_or((last, ""))
}

/// The last part of an image's name: `nginx` of `localhost:5000/library/nginx:1.9.1`.
pub(super) fn name(image: &str) -> &str {
    parts(image).0
}

/// An image's tag; empty when it has none.
pub(super) fn tag(image: &str) -> &str {
    parts(image).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_images_and_commands_when_run_then_each_does_what_they_say() {
        let runs = |words: &[&str]| Program::Runs(words.iter().map(|&word| word.to_owned()).collect());
        let table = [
            ("nginx:1.9.1", &[][..], &[][..], false, Program::Serves),
            ("localhost:5000/library/nginx", &[], &[], false, Program::Serves),
            ("nginx", &["nginx", "-g", "daemon off;"], &[], false, Program::Serves),
            ("nginx", &["sh"], &["-c", "hostname"], false, runs(&["sh", "-c", "hostname"])),
            ("nginx:crash", &["sh"], &[], false, Program::Crashes),
            ("setup:1", &[], &[], true, Program::Ends),
            ("busybox:1.28.4", &[], &["/bin/sh"], false, runs(&["/bin/sh"])),
            ("docker.io/library/busybox@sha256:0", &[], &[], false, runs(&["sh"])),
            ("busybox", &["vi"], &[], true, runs(&["vi"])),
        ];
        for (image, command, arguments, makes_way, expected) in table {
            let words = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
            let spec = Container {
                image: Some(image.to_owned()),
                command: words(command),
                args: words(arguments),
                ..Container::default()
            };
            assert_eq!(Program::of(&spec, makes_way), expected, "{image} {command:?} {arguments:?}");
        }
    }
}
