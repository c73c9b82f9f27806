//! `conformance traces PATH…`: prints every question that Berth answers otherwise than the recorded cluster did.

use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code for what the user can mend.
const USAGE: u8 = 2;
const USAGE_TEXT: &str = "usage: conformance traces PATH…   (each a trace, *.jsonl, or a folder of them)
exit code: 0 all as recorded, 1 something differs, 2 a file cannot be read";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, paths)) if command == "traces" && !paths.is_empty() => traces(paths),
        Some((help, _)) if help == "--help" || help == "-h" => {
            println!("{USAGE_TEXT}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE_TEXT}");
            ExitCode::from(USAGE)
        }
    }
}

fn traces(paths: &[String]) -> ExitCode {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    match conformance::run(&paths) {
        Ok(report) => {
            println!("{report}");
            if report.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(USAGE)
        }
    }
}
