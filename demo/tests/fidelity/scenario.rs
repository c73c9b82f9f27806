//! The scenarios of the recorder, as steps.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

/// Runs a scenario's `run` with something that only writes down what it is told.
const WRITE_DOWN: &str = r#"
import importlib.util, json, sys
class Told:
    def __init__(self): self.steps = []
    def apply(self, text): self.steps.append({"kubectl": ["apply", "-f", "-"], "input": text})
    def kubectl(self, *arguments, **_): self.steps.append({"kubectl": arguments, "input": ""})
    def checkpoint(self, name, **_): self.steps.append({"checkpoint": name})
    def sleep(self, seconds): self.steps.append({"sleep": seconds})
spec = importlib.util.spec_from_file_location("scenario", sys.argv[1]); module = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True; spec.loader.exec_module(module); told = Told(); module.run(told)
json.dump({"namespace": module.NAMESPACE, "steps": told.steps}, sys.stdout)
"#;

/// A scenario.
#[derive(Debug, Deserialize)]
pub(crate) struct Scenario {
    pub(crate) namespace: String,
    pub(crate) steps: Vec<Step>,
}

/// What is done.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Step {
    /// kubectl with this on its standard input.
    Kubectl { kubectl: Vec<String>, input: String },
    /// It is waited until nothing changes any more.
    Checkpoint { checkpoint: String },
    /// It is waited.
    Sleep { sleep: f64 },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Panics
    /// When Python 3 is missing, or it is none.
    pub(crate) fn read(file: &Path) -> Self {
        let output =
            Command::new("python3").args(["-c", WRITE_DOWN]).arg(file).output().expect("Python 3 is installed");
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("steps")
    }
}
