//! Holds what Berth derives against what a real cluster did, on recorded traces.
//!
//! A trace's watch events are folded; at each checkpoint every question that was asked of the cluster's DNS is asked of
//! the topology. The rcode, the answers and their TTL must be those of the cluster.
//!
//! A trace does not say which namespaces exist: one does as long as something in it was seen, as on the server. So a
//! question about the name of a namespace itself, after everything in it is gone, cannot be told from one about a
//! namespace that never was.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use topology::Topology;
use topology::dns::{Answer, QueryType, Rcode};
use topology::trace::{self, Lookup, Step, TraceError};

/// Why a trace cannot be run.
#[derive(Debug, Error)]
pub enum RunError {
    /// It cannot be read.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no trace.
    #[error("{}: {source}", .path.display())]
    NoTrace {
        /// Which file.
        path: PathBuf,
        /// Which line, and what is wrong with it.
        source: TraceError,
    },
    /// A folder without traces.
    #[error("{}: no *.jsonl in this folder; name a folder of recorded traces, or a trace", .0.display())]
    Empty(PathBuf),
    /// Nothing was asked in any of them.
    #[error("no question in {0}; record checkpoints, as tests/traces/README.md says")]
    NothingAsked(String),
}

/// How many questions were answered as the cluster did, and which were not.
#[derive(Debug, Default)]
pub struct Report {
    /// How many were.
    pub passed: usize,
    /// Which were not.
    pub mismatches: Vec<Mismatch>,
}

/// A question that was answered otherwise than by the cluster.
#[derive(Debug)]
pub struct Mismatch {
    /// The trace.
    pub file: PathBuf,
    /// The checkpoint.
    pub checkpoint: String,
    /// The question, and what the cluster said.
    pub expected: Lookup,
    /// What we say.
    pub ours: Lookup,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, checkpoint, expected, ours } = self;
        writeln!(f, "{}, checkpoint {checkpoint}: {} {}", file.display(), expected.name, expected.kind)?;
        writeln!(f, "  expected: {}", text(expected))?;
        write!(f, "  ours:     {}", text(ours))
    }
}

fn text(lookup: &Lookup) -> String {
    let ttl = lookup.ttl.map_or_else(String::new, |ttl| format!(" TTL {ttl}"));
    let answers = if lookup.answers.is_empty() { "no answers".to_owned() } else { lookup.answers.join("; ") };
    format!("{}{ttl}: {answers}", lookup.rcode)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mismatch in &self.mismatches {
            writeln!(f, "{mismatch}")?;
        }
        write!(f, "{} passed, {} failed", self.passed, self.mismatches.len())
    }
}

/// Runs the traces, and those in the folders.
///
/// # Errors
/// When one cannot be read, or none asks anything.
pub fn run(paths: &[PathBuf]) -> Result<Report, RunError> {
    let mut report = Report::default();
    for path in paths {
        for file in traces_at(path)? {
            run_file(&file, &mut report)?;
        }
    }
    if report.passed + report.mismatches.len() == 0 {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(RunError::NothingAsked(names.join(", ")));
    }
    Ok(report)
}

fn traces_at(path: &Path) -> Result<Vec<PathBuf>, RunError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |source| RunError::Unreadable { path: path.to_owned(), source };
    let entries = fs::read_dir(path).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    if files.is_empty() { Err(RunError::Empty(path.to_owned())) } else { Ok(files) }
}

fn run_file(file: &Path, report: &mut Report) -> Result<(), RunError> {
    let text = fs::read_to_string(file).map_err(|source| RunError::Unreadable { path: file.to_owned(), source })?;
    let entries = trace::parse(&text).map_err(|source| RunError::NoTrace { path: file.to_owned(), source })?;
    let mut topology = Topology::default();
    for step in trace::steps(&entries) {
        match step {
            Step::Observed(at, observation) => drop(topology.apply(at, [observation])),
            Step::Checkpoint(checkpoint, lookups) => {
                for expected in lookups {
                    let ours = lookup(&topology, expected);
                    if ours == *expected {
                        report.passed += 1;
                    } else {
                        report.mismatches.push(Mismatch {
                            file: file.to_owned(),
                            checkpoint: checkpoint.to_owned(),
                            expected: expected.clone(),
                            ours,
                        });
                    }
                }
            }
        }
    }
    Ok(())
}

/// What we say to the same question, in the form of the recording.
fn lookup(topology: &Topology, asked: &Lookup) -> Lookup {
    let answer: Answer = topology.directory().answer(&asked.name, QueryType::Records(asked.kind));
    let mut answers: Vec<String> = answer
        .answers
        .iter()
        .map(|record| format!("{}. {} {}", record.name.to_lowercase(), record.data.kind(), record.data))
        .collect();
    answers.sort();
    let ttl = answer.answers.first().map(|first| first.ttl);
    let rcode: Rcode = answer.rcode;
    Lookup { name: asked.name.clone(), kind: asked.kind, rcode, ttl, answers }
}
