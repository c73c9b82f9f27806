//! The walk-through, letter for letter: its commands typed at a real kubectl, its prompts through a pseudo-terminal, and
//! everything that is printed compared with the transcript, line by line.

#[path = "support/demo.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use support::{Demo, PATIENCE, programs};

/// What is typed, behind `$`, and what is printed then.
const TRANSCRIPT: &str = include_str!("walkthrough.txt");

/// The walk-through's manifests, under the names that it gives them.
const MANIFESTS: [(&str, &str); 2] = [
    ("svc.yml", include_str!("../../demo/manifests/svc.yaml")),
    ("statefulset.yml", include_str!("../../demo/manifests/statefulset.yaml")),
];

/// What kubectl 1.37 prints otherwise than the one of the walk-through, and how that printed it.
const NEWER: [(&str, &str); 3] = [
    // It names the namespace of what it deletes.
    (" deleted from default namespace", " deleted"),
    // In this sentence as well, and it does not say when it holds.
    (" -n default -i -t' command\n", " -i -t' command when the pod is running\n"),
    // Before it attaches to a container it prints its log, here the prompt, and says that all of this is kept there.
    (
        "/ # All commands and output from this session will be recorded in container logs, including credentials and \
         sensitive information passed through the command prompt.\n",
        "",
    ),
];

/// The folder in which everything is typed.
struct Desk {
    folder: PathBuf,
    demo: Demo,
}

impl Desk {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("transcript");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, text) in MANIFESTS {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        // Slower than usual, so that kubectl comes in time to see every state however busy the machine is.
        Self { folder, demo: Demo::start(&["--empty", "--speed", "0.6"]) }
    }

    fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(&self.folder).env_clear().env("HOME", &self.folder);
        let path = format!("{}:/usr/bin:/bin", programs().display());
        command.env("PATH", path).env("KUBECONFIG", self.demo.kubeconfig()).env("TERM", "xterm");
        command
    }

    /// Types a line at a terminal.
    fn terminal(&self, line: &str) -> PtySession {
        let patience = u64::try_from(PATIENCE.as_millis()).expect("it fits");
        spawn_command(self.shell(line), Some(patience)).expect("a terminal")
    }

    /// Types a line and reads until it ends.
    fn run(&self, line: &str) -> String {
        let mut terminal = self.terminal(line);
        told(&terminal.exp_eof().expect("it ends"))
    }

    /// Reads until this line was printed.
    fn until(watching: &mut PtySession, last: &str) -> String {
        let mut all = String::new();
        loop {
            let line = told(&watching.read_line().expect("a line"));
            all.push_str(&line);
            all.push('\n');
            if plain(&line).starts_with(last) {
                return all;
            }
        }
    }

    /// Types a line that leads to the prompt of the pod's shell, and these lines there.
    fn converse(&self, line: &str, typed: &[&str]) -> String {
        let mut terminal = self.terminal(line);
        // From then on the terminal is in the hands of the pod's shell.
        let hint = "If you don't see a command prompt, try pressing enter.";
        let mut all = format!("{}{hint}", terminal.exp_string(hint).expect("a hint"));
        for line in typed {
            all.push_str(&terminal.exp_string("/ # ").expect("a prompt"));
            all.push_str("/ # ");
            terminal.send_line(line).expect("it reads");
        }
        all.push_str(&terminal.exp_eof().expect("it ends"));
        told(&all)
    }
}

/// What a terminal shows, as lines.
fn told(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "")
}

/// A line with one space where there are several.
fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is compared: without ages, the last octets of pods' addresses, and what newer programs say otherwise.
fn comparable(text: &str) -> Vec<String> {
    let text = NEWER.iter().fold(text.to_owned(), |text, (newer, older)| text.replace(newer, older));
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| match word.strip_prefix("10.42.") {
            Some(rest) => format!("10.42.{}.X", rest.split('.').next().unwrap_or_default()),
            None => word.to_owned(),
        });
        let line = words.collect::<Vec<_>>().join(" ");
        match line.trim_end().rsplit_once(' ') {
            Some((start, age)) if is_age(age) => format!("{} AGE", start.trim_end()),
            _ => line.trim_end().to_owned(),
        }
    });
    lines.collect()
}

/// Whether a word is an age: `2s`, `1m5s`.
fn is_age(word: &str) -> bool {
    word.ends_with(['s', 'm']) && word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 6
}

#[test]
fn given_an_empty_demo_when_the_walk_through_is_typed_then_everything_printed_is_that_of_its_transcript() {
    let desk = Desk::new();
    let shell = "kubectl run -i --tty --image busybox:1.28.4 dns-test --restart=Never --rm /bin/sh";
    let mut transcript = String::new();
    let mut add = |line: &str, printed: &str| transcript.extend(["$ ", line, "\n", printed]);

    let line = "kubectl apply -f svc.yml && kubectl get service nginx";
    add(line, &desk.run(line));
    let line = "kubectl apply -f statefulset.yml && kubectl get pods -w -l app=nginx";
    add(line, &Desk::until(&mut desk.terminal(line), "web-1 1/1 Running"));
    for line in [
        "kubectl get statefulset web",
        "kubectl exec web-0 -- sh -c 'hostname'",
        "kubectl exec web-1 -- sh -c 'hostname'",
    ] {
        add(line, &desk.run(line));
    }
    let before = desk.converse(shell, &["nslookup web-0.nginx", "nslookup web-1.nginx", "exit"]);
    add(shell, &before);
    let (delete, watch) = ("kubectl delete pod -l app=nginx", "kubectl get pod -w -l app=nginx");
    // Both pods are listed, and web-1 is the last to be back.
    let mut watching = desk.terminal(watch);
    let mut watched = Desk::until(&mut watching, "web-1 1/1 Running");
    add(delete, &desk.run(delete));
    watched.push_str(&Desk::until(&mut watching, "web-1 1/1 Running"));
    add(watch, &watched);
    drop(watching);
    let after = desk.converse(shell, &["nslookup web-0.nginx && nslookup web-1.nginx", "exit"]);
    add(shell, &after);

    let (printed, expected) = (comparable(&transcript), comparable(TRANSCRIPT));
    assert_eq!(printed.join("\n"), expected.join("\n"), "as printed:\n{transcript}");
    let addresses = |text: &str| {
        let words = text.split_whitespace().filter(|word| word.starts_with("10.42."));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let (before, after) = (addresses(&before), addresses(&after));
    assert!(before.len() == 2 && after.len() == 2, "{before:?} {after:?}");
    assert!(before.iter().all(|address| !after.contains(address)), "the addresses are new: {before:?}, {after:?}");
    assert_eq!(desk.demo.stop(), Some(0));
}
