//! `load-dns ask ADDRESS:PORT SECONDS NAMES…` prints the answers a second of a DNS server on UDP;
//! `load-dns change` prints what one endpoint's change in a Service of 1,000 costs.

mod ask;
mod change;

use std::process::ExitCode;
use std::time::Duration;

/// The exit code for what the user can mend.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["change"] => {
            println!("{}", change::measure());
            ExitCode::SUCCESS
        }
        ["ask", server, seconds, _, ..] => match (server.parse(), seconds.parse()) {
            (Ok(server), Ok(seconds)) => match ask::ask(server, &arguments[3..], Duration::from_secs(seconds)) {
                Ok(outcome) => {
                    println!("{:.0} {} {}", outcome.rate(), outcome.empty, outcome.lost);
                    ExitCode::SUCCESS
                }
                Err(error) => fail(&format!("cannot ask {server}: {error}")),
            },
            _ => fail("the server is ADDRESS:PORT, the time a whole number of seconds"),
        },
        _ => fail("usage: load-dns ask ADDRESS:PORT SECONDS NAMES… | load-dns change"),
    }
}

fn fail(problem: &str) -> ExitCode {
    eprintln!("load-dns: {problem}");
    ExitCode::from(USAGE)
}
