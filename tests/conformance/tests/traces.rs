//! The recorded traces, whole; and what the program says of others, with which exit code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn traces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../traces")
}

fn conformance(arguments: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.arg("traces").args(arguments).output().expect("the program runs")
}

/// A folder of the test's own with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for (file, text) in files {
        fs::write(folder.join(file), text).expect("a file");
    }
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn given_every_recorded_trace_when_run_then_every_question_is_answered_as_the_cluster_did() {
    let files = fs::read_dir(traces()).expect("the traces are in the repository");
    let files = files.map(|entry| entry.expect("a readable folder").path());
    let mut asked = 0;
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "jsonl")) {
        let report = conformance::run(std::slice::from_ref(&file)).expect("a readable trace");
        assert!(report.mismatches.is_empty(), "{report}");
        assert!(report.passed > 10, "{} asks {} questions only", file.display(), report.passed);
        asked += report.passed;
    }
    assert!(asked >= 600, "{asked} questions in all");
}

#[test]
fn given_the_folder_of_traces_when_the_program_runs_then_it_closes_with_the_count_and_ends_well() {
    let output = conformance(&[&traces()]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let last = told.lines().last().expect("a line");
    assert!(last.ends_with(" passed, 0 failed"), "{last}");
}

#[test]
fn given_answers_that_differ_when_run_then_each_is_printed_with_its_checkpoint_and_the_code_is_1() {
    let whole = fs::read_to_string(traces().join("seed.jsonl")).expect("the trace");
    // Another address, another TTL, another rcode: one each.
    let change = |line: &str| {
        let line = line.replacen("nginx.seed.svc.cluster.local. A 10.", "nginx.seed.svc.cluster.local. A 11.", 1);
        line.replacen("\"ttl\":5", "\"ttl\":6", 1).replacen("NXDOMAIN", "NOERROR", 1)
    };
    let created = |line: &&str| line.contains("\"checkpoint\":\"created\"");
    let line = whole.lines().find(created).expect("the checkpoint is there");
    let changed = whole.replacen(line, &change(line), 1);
    let folder = folder("differs", &[("seed.jsonl", &changed)]);
    let output = conformance(&[&folder.join("seed.jsonl")]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("seed.jsonl, checkpoint created: nginx.seed.svc.cluster.local. A\n"), "{told}");
    assert!(told.contains("  expected: NOERROR TTL 6: nginx.seed.svc.cluster.local. A 11."), "{told}");
    assert!(told.contains("  ours:     NOERROR TTL 5: nginx.seed.svc.cluster.local. A 10."), "{told}");
    assert!(told.contains("  ours:     NXDOMAIN: no answers"), "{told}");
    let last = told.lines().last().expect("a line");
    assert!(last.ends_with(" passed, 2 failed"), "{last}");
}

#[test]
fn given_what_is_no_trace_when_run_then_the_file_and_the_line_are_named_and_the_code_is_2() {
    let good = r#"{"t_ms":1,"watch":"pods","type":"ADDED","object":{"metadata":{"name":"a","namespace":"b"}}}"#;
    let asks = |dns: &str| format!("{good}\n{{\"t_ms\":2,\"checkpoint\":\"c\",\"dns\":[{dns}]}}\n");
    let table = [
        ("broken.jsonl", format!("{good}\n{{\"t_ms\":\n"), "broken.jsonl: line 2:"),
        (
            "watch.jsonl",
            r#"{"t_ms":1,"watch":"secrets","type":"ADDED"}"#.to_owned(),
            "line 1: unknown watch \"secrets\"",
        ),
        ("event.jsonl", r#"{"t_ms":1,"watch":"pods","type":"LOST"}"#.to_owned(), "line 1: unknown event \"LOST\""),
        (
            "type.jsonl",
            asks(r#"{"name":"a.","type":"MX","rcode":"NOERROR","ttl":null,"answers":[]}"#),
            "line 2: unknown record type \"MX\"",
        ),
        (
            "rcode.jsonl",
            asks(r#"{"name":"a.","type":"A","rcode":"OK","ttl":null,"answers":[]}"#),
            "line 2: unknown rcode \"OK\"",
        ),
        ("nothing.jsonl", good.to_owned(), "no question in"),
    ];
    let files: Vec<(&str, &str)> = table.iter().map(|(name, text, _)| (*name, text.as_str())).collect();
    let folder_path = folder("no-traces", &files);
    for (name, _, expected) in &table {
        let output = conformance(&[&folder_path.join(name)]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(told.contains(expected), "{name}: {told:?} lacks {expected:?}");
        assert_eq!(told.lines().count(), 1, "{name}: {told}");
    }
    let empty = folder("empty", &[("notes.txt", "")]);
    for (path, expected) in
        [(&folder_path.join("missing.jsonl"), "missing.jsonl"), (&empty, "no *.jsonl in this folder")]
    {
        let output = conformance(&[path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn given_a_wrong_call_when_run_then_the_usage_is_told_and_the_code_is_2() {
    for arguments in [&[][..], &["traces"], &["pods", "x"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        let output = command.args(arguments).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("usage: conformance traces PATH"), "{arguments:?}");
    }
}
